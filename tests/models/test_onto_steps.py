"""Every step has the rows of its own time, or the nearest, or none: held to a slow, plain loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from emotiw.core.errors import ConfigError, TableError
from emotiw.core.feature_table import FeatureArray, FeatureSpec
from emotiw.models.stepwise.onto_steps import onto_steps
from emotiw.models.stepwise.step_view import step_spec

SPEC = FeatureSpec("toy", (2,), "frame")


def plainly(array: FeatureArray, times: Any, tolerance: float, delay: float) -> list[Any]:
    """The rule, row by row; None where a step has nothing."""
    assert array.times is not None
    at = [time - delay for time in times]
    middles = [(begin + end) / 2 for begin, end in array.times]
    there = [row for row in range(len(middles)) if array.present[row]]
    found: list[Any] = []
    for n, time in enumerate(at):
        before = (time - at[n - 1]) / 2 if n else None
        after = (at[n + 1] - time) / 2 if n + 1 < len(at) else None
        before = after if before is None else before
        after = before if after is None else after
        lower = -np.inf if before is None else time - before
        upper = np.inf if after is None else time + after
        own = [row for row in there if lower <= middles[row] < upper]
        if not own and there:
            best = min(there, key=lambda row: (abs(middles[row] - time), middles[row], row))
            own = [best] if abs(middles[best] - time) <= tolerance else []
        found.append(array.values[own].mean(axis=0, dtype=np.float64) if own else None)
    return found


def random_clip(rng: np.random.Generator) -> tuple[FeatureArray, npt.NDArray[np.float64]]:
    n, n_steps = int(rng.integers(0, 40)), int(rng.integers(1, 20))
    begins = np.sort(rng.uniform(0, 10, n)).round(int(rng.integers(0, 3)))  # some at one time
    times = np.stack([begins, begins + 0.3], axis=1)
    present = rng.random(n) < rng.choice([0.0, 0.5, 1.0], p=[0.05, 0.5, 0.45])
    values = rng.normal(size=(n, 2)).astype(np.float32)
    steps = np.sort(rng.uniform(-1, 12, n_steps)).round(2)
    return FeatureArray(values, present, times), steps


@pytest.mark.parametrize("seed", range(150))
def test_the_rule_is_that_of_a_plain_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    array, times = random_clip(rng)
    tolerance, delay = float(rng.choice([0.0, 0.2, 3.0])), float(rng.choice([0.0, 0.7]))
    found = onto_steps(array, SPEC, times, tolerance_sec=tolerance, delay_sec=delay)
    expected = plainly(array, times, tolerance, delay)
    assert found.present.tolist() == [each is not None for each in expected]
    for row, each in enumerate(expected):
        np.testing.assert_allclose(found.values[row], 0 if each is None else each, atol=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_rows_that_are_not_present_change_nothing(seed: int) -> None:
    array, times = random_clip(np.random.default_rng(seed))
    other = np.where(array.present[:, None], array.values, np.float32(1e9))
    one = onto_steps(array, SPEC, times, tolerance_sec=1)
    two = onto_steps(FeatureArray(other, array.present, array.times), SPEC, times, tolerance_sec=1)
    assert np.array_equal(one.values, two.values)
    assert np.array_equal(one.present, two.present)


def rows_at(begins: list[float], *values: float, dtype: Any = np.float32) -> FeatureArray:
    times = np.stack([begins, np.array(begins) + 1.0], axis=1)
    return FeatureArray.all_present(np.array(values, dtype=dtype)[:, None], times)


def test_an_answer_speaks_of_what_was_there_before() -> None:
    spec = FeatureSpec("toy", (1,), "frame")
    rows, times = rows_at([0, 1, 2, 3], 1, 2, 3, 4), np.array([0.5, 1.5, 2.5, 3.5])
    now = onto_steps(rows, spec, times, tolerance_sec=0)
    late = onto_steps(rows, spec, times, tolerance_sec=0, delay_sec=1)
    assert now.values.ravel().tolist() == [1, 2, 3, 4]
    assert late.values.ravel().tolist() == [0, 1, 2, 3]
    assert late.present.tolist() == [False, True, True, True]


def test_images_have_no_mean() -> None:
    spec = FeatureSpec("crops", (1,), "frame", dtype="uint8")
    rows = rows_at([0, 1, 2, 3], 10, 20, 30, 200, dtype=np.uint8)
    found = onto_steps(rows, spec, np.array([1.4, 3.4]), tolerance_sec=0)
    assert found.values.ravel().tolist() == [20, 200]


def test_a_rate_or_as_many_rows_as_steps_tell_when_rows_are() -> None:
    values = np.arange(4, dtype=np.float32)[:, None]
    plain = FeatureArray.all_present(values)
    rated = FeatureSpec("toy", (1,), "frame", rate_hz=2)
    found = onto_steps(plain, rated, np.array([0.5, 1.5]), tolerance_sec=0)
    assert found.values.ravel().tolist() == [0.5, 2.5]
    spec, times = FeatureSpec("toy", (1,), "frame"), np.array([0.0, 0.0, 3.0, 9.0])
    assert np.array_equal(onto_steps(plain, spec, times, tolerance_sec=0).values, values)
    shifted = onto_steps(plain, spec, np.arange(4.0), tolerance_sec=0, delay_sec=1)
    assert shifted.values.ravel().tolist() == [0, 0, 1, 2]
    with pytest.raises(TableError, match=r"'a'.* 4 rows per frame without times.* 3 steps"):
        onto_steps(plain, spec, np.arange(3.0), tolerance_sec=0, where="feature of clip 'a'")


def test_what_says_nothing_of_steps_is_refused() -> None:
    with pytest.raises(ConfigError, match="one row per clip"):
        step_spec(FeatureSpec("egemaps", (88,), "clip"), by_clip=False)
    with pytest.raises(ConfigError, match="several faces at a time"):
        step_spec(FeatureSpec("people", (88,), "face"), by_clip=True)
    assert step_spec(FeatureSpec("people", (88,), "face"), by_clip=False).unit == "face"
