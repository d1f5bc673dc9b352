from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import TableError
from emotiw.core.score_table import ScoreTable
from emotiw.core.step_resampling import on_steps
from emotiw.core.steps import Steps
from emotiw.core.task import Classification, Regression

TASK = Regression(("valence",), (-1.0, 1.0))
ASKED = np.array([0.0, 0.5, 1.0, 1.5, 2.0])


def rows_of(times: npt.NDArray[np.float64] = ASKED, clips: str = "ab") -> Cohort:
    names = tuple(map(str, range(len(times))))
    steps = {c: Steps(names, times, np.zeros((len(times), 1))) for c in clips}
    return Cohort([Clip(c, Path(), "val", group=c) for c in clips], task=TASK, steps=steps).rows


def said(
    told: dict[str, list[tuple[float, float]]], *, ids: str = "own", **more: Any
) -> ScoreTable:
    """A table with ``(seconds, score)`` of each clip; NaN where there was nothing to say."""
    rows = [(clip, number, *row) for clip, own in told.items() for number, row in enumerate(own)]
    about: dict[str, Any] = {
        "clip_ids": tuple(f"{clip}/{'' if ids == 'theirs' else 'x'}{n}" for clip, n, *_ in rows),
        "scores": np.array([[value] for *_, value in rows]),
        "split": ("val",) * len(rows),
        "fold": (None,) * len(rows),
        "owners": tuple(clip for clip, *_ in rows),
        "time_sec": np.array([time for _, _, time, _ in rows]),
    }
    return ScoreTable("voice", TASK, **{**about, **more})


def values(table: ScoreTable, clip: str = "a") -> list[float]:
    ids = [f"{clip}/{number}" for number in range(len(ASKED))]
    return [round(float(v), 9) for v in table.aligned_to(ids)[:, 0]]


def test_between_two_steps_scores_are_on_the_line() -> None:
    table = on_steps(
        said({"a": [(0.0, 0.0), (1.0, 0.4), (2.0, -0.4)], "b": [(0.0, 1.0)]}), rows_of()
    )
    assert values(table) == [0.0, 0.2, 0.4, 0.0, -0.4]
    assert set(table.owners) == {"a", "b"}
    assert dict(zip(table.clip_ids, table.times, strict=True))["a/3"] == 1.5


def test_beyond_the_ends_the_nearest_counts_within_the_tolerance() -> None:
    told = {"a": [(0.75, 0.5), (1.0, 0.7)]}
    assert values(on_steps(said(told), rows_of(), 0.25))[:2] == [
        pytest.approx(np.nan, nan_ok=True),
        0.5,
    ]
    near = values(on_steps(said(told), rows_of(), 0.8))
    assert near[:4] == [0.5, 0.5, 0.7, 0.7]
    assert np.isnan(near[4])


def test_a_gap_is_not_bridged() -> None:
    told = {"a": [(0.0, 0.0), (0.25, 0.1), (0.5, 0.2), (0.75, np.nan), (1.0, np.nan), (2.0, 0.8)]}
    found = values(on_steps(said(told), rows_of()))  # its usual step is 0.25 s
    assert found[:2] == [0.0, 0.2]
    assert np.isnan(found[2:4]).all()
    assert found[4] == 0.8


def test_clips_don_t_know_of_each_other() -> None:
    both = on_steps(
        said({"a": [(0.0, 0.0), (1.0, 1.0)], "b": [(1.0, -1.0), (2.0, -1.0)]}), rows_of()
    )
    alone = on_steps(said({"a": [(0.0, 0.0), (1.0, 1.0)]}), rows_of())
    assert values(both) == values(alone)
    assert values(both, "b")[1:] == [-1.0] * 4 or np.isnan(values(both, "b")[0])


def test_the_same_steps_are_taken_as_they_are() -> None:
    told = {"a": [(t, t / 4) for t in ASKED.tolist()]}
    table = said(told, ids="theirs")
    assert on_steps(table, rows_of()) is table
    without = replace(table, owners=(), time_sec=None)
    assert on_steps(without, rows_of()).times.tolist() == ASKED.tolist()


def test_the_same_names_at_other_times_are_other_steps() -> None:
    told = {"a": [(2 * t, t / 4) for t in ASKED.tolist()]}
    assert values(on_steps(said(told, ids="theirs"), rows_of())) == [
        0.0,
        0.0625,
        0.125,
        0.1875,
        0.25,
    ]


def test_names_and_order_mean_nothing() -> None:
    told = {"a": [(0.1, 0.0), (0.9, 0.4), (1.7, -0.4)], "b": [(0.3, 0.1), (1.4, 0.9)]}
    table = said(told)
    order = [3, 1, 4, 0, 2]
    shuffled = replace(
        table,
        clip_ids=tuple(f"z{n}" for n in range(5)),
        scores=table.scores[order],
        owners=tuple(table.owners[n] for n in order),
        time_sec=table.times[order],
    )
    one, other = on_steps(table, rows_of()), on_steps(shuffled, rows_of())
    assert one.to_files() == other.to_files()


def test_a_table_of_whole_clips_says_the_same_throughout() -> None:
    table = said({"a": [(0.0, 0.3)]}, clip_ids=("a",), owners=(), time_sec=None)
    assert values(on_steps(table, rows_of())) == [0.3] * 5


def test_probabilities_stay_probabilities() -> None:
    task = Classification(("Calm", "Tense"))
    table = ScoreTable(
        "voice", task, ("x", "y"), np.array([[1.0, 0.0], [0.2, 0.8]]), ("val",) * 2, (None,) * 2,
        owners=("a", "a"), time_sec=np.array([0.0, 2.0]),
    )  # fmt: skip
    found = on_steps(table, rows_of()).aligned_to(["a/1", "a/2"])
    np.testing.assert_allclose(found, [[0.8, 0.2], [0.6, 0.4]])


def test_what_can_t_be_joined_is_refused() -> None:
    with pytest.raises(TableError, match="clip 'a' has two rows at 1 s"):
        on_steps(said({"a": [(1.0, 0.0), (1.0, 0.4)]}), rows_of())
    with pytest.raises(TableError, match="clip 'a' has rows of several folds"):
        on_steps(said({"a": [(0.0, 0.0), (1.0, 0.4)]}, fold=(0, 1)), rows_of())


def test_a_cohort_without_steps_changes_nothing() -> None:
    table = said({"a": [(1.0, 0.0)]})
    assert on_steps(table, Cohort([Clip("a", Path(), "val")], task=TASK)) is table
