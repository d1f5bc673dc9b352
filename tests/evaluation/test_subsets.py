"""Some clips against the others: values for a head to check, and how rare false alarms are."""

from __future__ import annotations

import numpy as np
import pytest

from emotiw.evaluation.intervals import interval_of_difference
from emotiw.evaluation.metrics import metric_named
from emotiw.evaluation.sample import Sample, chosen_sample
from emotiw.evaluation.subsets import contrast
from tests.evaluation.small_tables import JOY, cohort_of, table_saying

ACCURACY, RMSE, UAR = metric_named("accuracy"), metric_named("rmse"), metric_named("uar")
N_GROUPS, PER_GROUP = 12, 10


def corpus(right_of: np.ndarray, groups: np.ndarray) -> tuple[Sample, np.ndarray]:
    """Clips of which half are happy; those that are told here are recognised."""
    truth = {f"{n:04}": "Happy" if n % 2 else "Sad" for n in range(len(groups))}
    other = {"Happy": "Sad", "Sad": "Happy"}
    said = {c: t if right_of[int(c)] else other[t] for c, t in truth.items()}
    cohort = cohort_of(truth, group={c: f"g{groups[int(c)]}" for c in truth})
    return chosen_sample(table_saying(said), cohort)


def test_both_sides_and_the_cost_are_what_a_head_makes_of_them() -> None:
    groups = np.repeat(np.arange(4), 5)
    right = np.ones(20, bool)
    dark = np.arange(20) % 5 == 0  # a clip of each speaker
    right[[0, 5, 10, 15, 1]] = False
    found = contrast(*one(corpus(right, groups)), ACCURACY, dark)
    assert (found.some.value, found.some.n) == (0.0, 4)
    assert (found.others.value, found.others.n) == (15 / 16, 16)
    assert found.whole.value == 15 / 20
    assert found.value == pytest.approx(-15 / 16)
    assert found.cost == pytest.approx(15 / 16 - 15 / 20)
    assert found.is_sure


def test_the_sides_may_be_swapped() -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(N_GROUPS), PER_GROUP)
    sample = one(corpus(rng.random(len(groups)) < 0.7, groups))
    rows = rng.random(len(groups)) < 0.5
    there, back = contrast(*sample, UAR, rows), contrast(*sample, UAR, ~rows)
    assert there.value == pytest.approx(-back.value)
    assert (there.low, there.high) == (pytest.approx(-back.high), pytest.approx(-back.low))


def test_fewer_than_three_groups_on_a_side_are_no_interval_and_never_sure() -> None:
    groups = np.repeat(np.arange(6), 5)
    right = groups > 1
    found = contrast(*one(corpus(right, groups)), ACCURACY, groups < 2)
    assert (found.some.value, found.others.value) == (0.0, 1.0)
    assert np.isnan(found.low)
    assert not found.is_sure


def test_looking_at_several_sets_widens_the_interval() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(N_GROUPS), PER_GROUP)
    sample = one(corpus(rng.random(len(groups)) < 0.7, groups))
    rows = rng.random(len(groups)) < 0.3
    once, often = (contrast(*sample, ACCURACY, rows, n_looked_at=n) for n in (1, 8))
    assert often.low < once.low < once.high < often.high


def test_an_error_that_should_be_small_costs_where_it_is_large() -> None:
    truth = {f"{n:02}": float(n % 3) for n in range(12)}
    said = {c: t + (2.0 if int(c) < 4 else 1.0) for c, t in truth.items()}
    cohort = cohort_of(truth, group={c: f"g{int(c) % 4}" for c in truth})
    sample, decided = chosen_sample(table_saying(said, JOY), cohort)
    found = contrast(sample, "voice", decided, RMSE, np.arange(12) < 4)
    assert (found.some.value, found.others.value) == (2.0, 1.0)
    assert found.cost == pytest.approx(np.sqrt(24 / 12) - 1)


def test_alarms_are_as_seldom_as_they_are_said_to_be() -> None:
    """Speakers differ in how well they are understood, and the clips in question are as all others.

    As in ``benchmarks/coverage.py``; 5 of 100 alarms are allowed, and a third of them each way.
    """
    assert ACCURACY.parts is not None
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(N_GROUPS), PER_GROUP)
    n_alarms, n_tries = 0, 600
    for _ in range(n_tries):
        truth = np.zeros(len(groups), np.intp)
        said = (rng.random(len(groups)) > rng.beta(14, 9, N_GROUPS)[groups]).astype(np.intp)
        rows = rng.random(len(groups)) < 0.3
        parts = [np.zeros((N_GROUPS, 2, 3)), np.zeros((N_GROUPS, 2, 3))]
        for own, into in zip((rows, ~rows), parts, strict=True):
            found = ACCURACY.parts(truth[own], said[own], groups[own], 2)
            into[: len(found)] = found
        sizes = np.bincount(groups[rows], minlength=N_GROUPS).astype(float)
        low, high = interval_of_difference(ACCURACY, *parts, sizes)
        n_alarms += low > 0 or high < 0
    assert 0.02 <= n_alarms / n_tries <= 0.07


def one(found: tuple[Sample, np.ndarray]) -> tuple[Sample, str, np.ndarray]:
    return found[0], "voice", found[1]
