"""Differences that a head can check, and others that another formula gives."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiw.evaluation.metrics import METRICS
from emotiw.evaluation.paired import holm, paired_difference, smallest_p
from emotiw.evaluation.significance import RESAMPLED, paired_permutation


@pytest.mark.parametrize("metric", RESAMPLED)
def test_every_swap_of_groups_by_hand(metric: str) -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(6), 5)
    if METRICS[metric].task == "classification":
        truth, ours, theirs = rng.integers(3, size=(3, 30))
        ours = np.where(rng.random(30) < 0.6, truth, ours)
    else:
        truth = rng.normal(size=30)
        ours, theirs = truth + rng.normal(size=30) / 3, rng.normal(size=30)
    judge = METRICS[metric].function
    observed = judge(truth, ours) - judge(truth, theirs)
    as_large = 0
    for swaps in itertools.product((False, True), repeat=6):
        is_swapped = np.array(swaps)[groups]
        one, other = np.where(is_swapped, theirs, ours), np.where(is_swapped, ours, theirs)
        as_large += abs(judge(truth, one) - judge(truth, other)) >= abs(observed) - 1e-9
    found = paired_difference(truth, ours, theirs, groups, metric, n_resamples=50)
    assert found.value == pytest.approx(observed)
    assert found.p == as_large / 2**6
    assert found.low <= found.value <= found.high


def test_accuracy_agrees_with_the_test_of_gains() -> None:
    rng = np.random.default_rng(0)
    truth, ours, theirs = rng.integers(4, size=(3, 200))
    groups = rng.integers(11, size=200)
    found = paired_difference(truth, ours, theirs, groups, "accuracy", n_resamples=10)
    gain = (ours == truth).astype(float) - (theirs == truth)
    assert found.p == paired_permutation(gain, groups)


def test_many_groups_are_sampled() -> None:
    truth = np.zeros(40, dtype=int)
    found = paired_difference(truth, truth, truth + 1, np.arange(40), "uar", n_permutations=999)
    assert found.p == 1e-3 == smallest_p(np.arange(40), n_permutations=999)
    assert paired_difference(truth, truth, truth, np.arange(40), "uar").p == 1.0


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_is_stricter_than_none_and_laxer_than_bonferroni(p_values: list[float]) -> None:
    corrected = holm(p_values)
    for p, c in zip(p_values, corrected, strict=True):
        assert p <= c <= min(1.0, p * len(p_values))
    by_p = sorted(zip(p_values, corrected, strict=True))
    assert [c for _, c in by_p] == sorted(corrected)
