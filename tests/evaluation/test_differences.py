"""Differences that a head can check, and others that another program or formula gives."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import permutation_test, ttest_1samp

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError, TableError
from emotiw.core.task import Classification, Regression, Task
from emotiw.evaluation.differences import Difference, compare, difference_on, holm, smallest_p
from emotiw.evaluation.metric import SEVERAL
from emotiw.evaluation.metrics import METRICS, Metric, metric_named
from emotiw.evaluation.results import evaluate
from emotiw.evaluation.sample import Sample
from tests.evaluation.small_tables import JOY, cohort_of, table_saying

NAMED = [metric_named(name) for name in METRICS.names()]
ADDITIVE = [m for m in NAMED if m.parts is not None and m.task != SEVERAL]
LABELS = Classification(("a", "b", "c"))
ACCURACY, MSE = metric_named("accuracy"), metric_named("mse")


def differing(metric: Metric, truth: Any, ours: Any, theirs: Any, groups: Any) -> Difference:
    task: Task = LABELS if metric.task == "classification" else Regression(("joy",))
    ids = tuple(map(str, range(len(truth))))
    cohort = Cohort([Clip(clip_id, Path(f"{clip_id}.avi"), "val") for clip_id in ids])
    sample = Sample(cohort, task, "val", ids, np.asarray(truth), np.asarray(groups))
    return difference_on(sample, (np.asarray(ours), np.asarray(theirs)), metric)


@pytest.mark.parametrize("metric", ADDITIVE, ids=lambda metric: metric.name)
def test_every_swap_of_groups_by_hand(metric: Metric) -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(6), 5)
    if metric.task == "classification":
        truth, ours, theirs = rng.integers(3, size=(3, 30))
        ours = np.where(rng.random(30) < 0.6, truth, ours)
        theirs[::7] = 3  # without a prediction
    else:
        truth = rng.normal(size=30)
        ours, theirs = truth + rng.normal(size=30) / 3, rng.normal(size=30)
    observed = metric.value(truth, ours, 3) - metric.value(truth, theirs, 3)
    as_large = 0
    for swaps in itertools.product((False, True), repeat=6):
        is_swapped = np.array(swaps)[groups]
        one, other = np.where(is_swapped, theirs, ours), np.where(is_swapped, ours, theirs)
        swapped = metric.value(truth, one, 3) - metric.value(truth, other, 3)
        as_large += abs(swapped) >= abs(observed) - 1e-9
    found = differing(metric, truth, ours, theirs, groups)
    assert found.value == pytest.approx(observed)
    assert found.p == as_large / 2**6
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("seed", range(4))
def test_swaps_of_groups_against_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, ours, theirs = rng.integers(3, size=(3, 120))
    ours[rng.random(120) < 0.3] = truth[rng.random(120) < 0.3][0]
    groups = np.arange(120) % 10
    right = [np.bincount(groups, said == truth) for said in (ours, theirs)]
    theirs_p = permutation_test(
        right, lambda x, y: float((x - y).sum()), permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert differing(ACCURACY, truth, ours, theirs, groups).p == pytest.approx(theirs_p)


def test_swaps_agree_with_the_t_test_where_both_apply() -> None:
    rng = np.random.default_rng(0)
    truth = np.zeros(100)
    ours, theirs = np.sqrt(rng.uniform(0, 1.0, size=100)), np.sqrt(rng.uniform(0, 1.2, size=100))
    expected = ttest_1samp(ours**2 - theirs**2, 0).pvalue
    found = differing(MSE, truth, ours, theirs, np.arange(100))
    assert 0.01 < expected < 0.5
    assert found.p == pytest.approx(expected, abs=0.01)


def test_exact_and_sampled_swaps_agree() -> None:
    rng = np.random.default_rng(1)
    errors = rng.uniform(0, 1, size=(2, 14))
    errors[1] += 0.2
    errors[:, 13] = [0.3, 0.3 + 1e-6]  # one group more, so the swaps are sampled
    truth = np.zeros(14)
    exact = differing(MSE, truth[:13], *errors[:, :13], np.arange(13)).p
    assert differing(MSE, truth, *errors, np.arange(14)).p == pytest.approx(exact, abs=0.02)
    assert 0.02 < exact < 0.9


def test_a_speaker_is_swapped_as_a_whole() -> None:
    truth = np.zeros(100, int)
    assert differing(ACCURACY, truth, truth, truth + 1, np.zeros(100, int)).p == 1.0
    assert differing(ACCURACY, truth, truth, truth + 1, np.arange(100) % 4).p == 2 / 16


def test_luck_of_single_clips_is_told_from_that_of_speakers() -> None:
    """Two speakers' worth of difference is no evidence, however many clips they have."""
    truth = np.zeros(40, int)
    assert differing(ACCURACY, truth, truth, truth + 1, np.arange(40) // 20).p == 0.5
    assert differing(ACCURACY, truth, truth, truth + 1, np.arange(40)).p == pytest.approx(1e-4)


def test_many_groups_are_sampled() -> None:
    truth = np.zeros(40, int)
    found = differing(metric_named("uar"), truth, truth, truth + 1, np.arange(40))
    assert found.p == 1e-4 == smallest_p(40)
    same = differing(metric_named("uar"), truth, truth, truth, np.arange(40))
    assert (same.value, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)


def test_all_or_nothing_is_as_sure_as_the_number_of_groups_allows() -> None:
    truth = np.zeros(8, int)
    found = differing(ACCURACY, truth, truth, truth + 1, np.arange(8))
    assert (found.value, found.low, found.high, found.p) == (1.0, 1.0, 1.0, 2 / 2**8)
    assert (found.gained, found.lost, found.mcnemar_p) == (8, 0, 2 / 2**8)
    assert found.p == smallest_p(8)


def test_mcnemar_counts_only_clips_where_the_two_differ() -> None:
    truth = np.zeros(57, int)
    ours = np.array([0] * 50 + [0] * 6 + [1])
    theirs = np.array([0] * 50 + [1] * 6 + [0])
    found = differing(ACCURACY, truth, ours, theirs, np.arange(57))
    assert (found.gained, found.lost) == (6, 1)
    assert found.mcnemar_p == pytest.approx(2 * 8 / 2**7)  # 7 coins, at most 1 tail
    assert differing(ACCURACY, truth, ours, ours, np.arange(57)).mcnemar_p == 1.0
    both_wrong = differing(ACCURACY, truth, truth + 1, truth + 2, np.arange(57))
    assert (both_wrong.gained, both_wrong.lost, both_wrong.p) == (0, 0, 1.0)


def test_copies_are_no_witnesses_of_a_difference() -> None:
    """20 recordings, each there ten times; the two differ in one of them."""
    truth = {f"clip{n:03}": "Sad" for n in range(200)}
    content = {clip_id: f"{n % 20:064x}" for n, clip_id in enumerate(truth)}
    ours = table_saying(truth)
    theirs = table_saying({c: "Sad" if int(content[c], 16) else "Happy" for c in truth})
    found = compare(ours, theirs, cohort_of(truth, content=content))
    assert found.value == pytest.approx(0.05)
    assert (found.gained, found.lost) == (10, 0)
    assert found.p == 1.0
    assert found.low < 0.0 < found.high
    apart = compare(ours, theirs, cohort_of(truth))  # nobody knows that they are copies
    assert apart.p == 2 / 2**10


def test_clips_without_scores_count_as_wrong_in_a_comparison_too() -> None:
    cohort = cohort_of(dict.fromkeys("abcd", "Sad"))
    half = table_saying({"a": "Sad", "b": "Sad", "c": None}, name="half")
    whole = table_saying(dict.fromkeys("abcd", "Sad"), name="whole")
    found = compare(half, whole, cohort, "macro_f1")
    assert found.ours == evaluate(half, cohort, "macro_f1")
    assert found.theirs == evaluate(whole, cohort, "macro_f1")
    assert (found.ours.n, found.ours.n_scored, found.theirs.n) == (4, 2, 4)
    assert (found.gained, found.lost) == (0, 2)
    assert found.value == pytest.approx(2 / 3 - 1)


def test_numbers_are_compared_where_both_have_them() -> None:
    truth = {c: n / 7 for n, c in enumerate("abcdefgh")}
    exact = table_saying(truth, JOY)
    holed = table_saying({c: None if c == "a" else x + 0.5 for c, x in truth.items()}, JOY)
    cohort = cohort_of(truth)
    alone = evaluate(holed, cohort, "rmse")
    assert (alone.value, alone.n, alone.n_scored) == (pytest.approx(0.5), 8, 7)
    found = compare(holed, exact, cohort, "rmse")
    assert found.value == pytest.approx(0.5)
    assert found.ours.n == found.theirs.n == 7
    assert found.p == 2 / 2**7
    assert (found.gained, found.lost) == (0, 0)
    assert np.isnan(found.mcnemar_p)


def test_a_metric_that_does_not_add_up_has_a_difference_but_no_test() -> None:
    cohort = cohort_of({"a": 0.0, "b": 1.0, "c": 1.0})
    ours = table_saying({"a": 0.1, "b": 0.2, "c": 0.3}, JOY)
    theirs = table_saying({"a": 0.2, "b": 0.1, "c": 0.3}, JOY)
    found = compare(ours, theirs, cohort, "auc")
    assert found.value == pytest.approx(0.5)
    assert np.isnan([found.low, found.high, found.p]).all()
    one_class = compare(ours, theirs, cohort_of({"a": 1.0, "b": 1.0}), "auc")
    assert np.isnan([one_class.value, one_class.p]).all()


def test_tables_without_clips_in_common_have_no_difference() -> None:
    cohort = cohort_of({"a": 0.0, "b": 1.0})
    ours, theirs = table_saying({"a": 0.0}, JOY), table_saying({"b": 0.0}, JOY)
    found = compare(ours, theirs, cohort, "rmse")
    assert np.isnan([found.value, found.low, found.high, found.p]).all()
    assert found.ours.n == 0


def test_what_is_compared_has_to_be_judged_on_the_same_clips() -> None:
    cohort = Cohort([*cohort_of({"a": "Sad"}), *cohort_of({"b": "Sad"}, split="test")])
    test = table_saying({"b": "Sad"}, name="face", split="test")
    with pytest.raises(ConfigError, match="'face': no val clip"):
        compare(table_saying({"a": "Sad"}), test, cohort)
    other = table_saying({"a": "Sad"}, Classification(("Sad", "Happy")), name="face")
    with pytest.raises(TableError, match=r"'face' has labels \('Sad', 'Happy'\), expected"):
        compare(table_saying({"a": "Sad"}), other, cohort)


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_is_stricter_than_none_and_laxer_than_bonferroni(p_values: list[float]) -> None:
    corrected = holm(p_values)
    for p, c in zip(p_values, corrected, strict=True):
        assert p <= c <= min(1.0, p * len(p_values))
    by_p = sorted(zip(p_values, corrected, strict=True))
    assert [c for _, c in by_p] == sorted(corrected)
