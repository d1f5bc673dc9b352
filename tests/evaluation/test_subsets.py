"""Some clips against the others: values for a head to check, and how rare false alarms are."""

from __future__ import annotations

import numpy as np
import pytest

from emotiw.evaluation.group_sums import confusions
from emotiw.evaluation.intervals import interval_between
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


def test_sets_whose_speakers_are_all_alike_are_as_sure_as_their_number_allows() -> None:
    """Newcombe's intervals are added: those of 0 of 3 and 3 of 3 meet, those of 12 don't."""
    for n_groups, is_sure in ((3, False), (12, True)):
        groups = np.repeat(np.arange(n_groups), 2)
        first = np.arange(2 * n_groups) % 2 == 0
        found = contrast(*one(corpus(~first, groups)), ACCURACY, first)
        upper = 1 - 0.025 ** (1 / n_groups)  # Clopper and Pearson, none of n
        assert found.high == pytest.approx(-1 + np.hypot(upper, upper))
        assert found.is_sure == is_sure


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


@pytest.mark.parametrize(("n_groups", "n_labels", "n_each"), [(5, 8, 1), (24, 7, 2), (12, 4, 3)])
def test_the_lowest_of_equal_labels_is_seldom_surely_lower(
    n_groups: int, n_labels: int, n_each: int
) -> None:
    """Speakers differ in how well they are understood, labels don't: each alarm is a false one."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(n_groups), n_labels * n_each)
    labels = np.tile(np.repeat(np.arange(n_labels), n_each), n_groups)
    n_alarms, n_tries = 0, 200
    for _ in range(n_tries):
        right = rng.random(len(groups)) < rng.beta(12, 8, n_groups)[groups]
        lowest = min(range(n_labels), key=lambda label: right[labels == label].mean())
        rows = labels == lowest
        parts, sizes = [], []
        for own in (rows, ~rows):
            said = np.where(right[own], 0, 1)
            found = confusions(np.zeros(int(own.sum()), np.intp), said, groups[own], 2)
            parts.append(found)
            sizes.append(np.bincount(groups[own], minlength=n_groups).astype(float))
        level = 1 - 0.05 / n_labels
        _, high = interval_between(ACCURACY, *parts, (sizes[0], sizes[1]), level=level)
        n_alarms += high < 0
    assert n_alarms / n_tries <= 0.06


def one(found: tuple[Sample, np.ndarray]) -> tuple[Sample, str, np.ndarray]:
    return found[0], "voice", found[1]
