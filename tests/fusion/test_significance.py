from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from emotiw.core.errors import ConfigError
from emotiw.evaluation.confusions import FIGURES, confusion_counts
from emotiw.evaluation.metrics import metric_named
from emotiw.evaluation.significance import (
    RESAMPLED,
    bootstrap_interval,
    mcnemar,
    paired_permutation,
)


@pytest.mark.parametrize("metric", FIGURES)
def test_figures_of_confusions_are_the_metrics(metric: str) -> None:
    rng = np.random.default_rng(0)
    for n_true in (2, 4):  # labels 2 and 3 don't always occur in the truth
        truth, prediction = rng.integers(n_true, size=50), rng.integers(4, size=50)
        expected = metric_named(metric).function(truth.tolist(), prediction.tolist())
        found = FIGURES[metric](confusion_counts(truth, prediction, 5))
        assert float(found) == pytest.approx(expected)


@pytest.mark.parametrize("metric", RESAMPLED)
def test_drawing_a_single_group_gives_the_figure_itself(metric: str) -> None:
    rng = np.random.default_rng(0)
    if metric in FIGURES:
        truth, prediction = rng.integers(3, size=90), rng.integers(3, size=90)
    else:
        truth = rng.normal(size=90)
        prediction = truth + rng.normal(size=90)
    figure = metric_named(metric).function(truth, prediction)
    low, high = bootstrap_interval(truth, prediction, np.zeros(90, int), metric)
    assert low == pytest.approx(figure)
    assert high == pytest.approx(figure)


def test_intervals_widen_when_clips_of_a_speaker_are_alike() -> None:
    rng = np.random.default_rng(0)
    truth = np.zeros(400, int)
    speakers = np.arange(400) % 10
    prediction = (rng.uniform(size=10) < 0.5).astype(int)[speakers]  # right or wrong per speaker
    low, high = bootstrap_interval(truth, prediction, speakers, "accuracy")
    narrow_low, narrow_high = bootstrap_interval(truth, prediction, np.arange(400), "accuracy")
    assert high - low > 3 * (narrow_high - narrow_low)


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(200):
        wrong = (rng.uniform(size=200) < 0.3).astype(int)
        low, high = bootstrap_interval(
            np.zeros(200, int), wrong, np.arange(200), "accuracy", n_resamples=300, seed=seed
        )
        held += low <= 0.7 <= high
    assert 0.88 <= held / 200 <= 0.99


def test_metrics_without_an_interval_are_refused() -> None:
    with pytest.raises(ConfigError, match="no interval for metric 'acuracy'; did you mean"):
        bootstrap_interval(np.zeros(2, int), np.zeros(2, int), np.arange(2), "acuracy")


def test_mcnemar_counts_only_clips_where_the_two_differ() -> None:
    ours = np.array([True] * 50 + [True] * 6 + [False])
    theirs = np.array([True] * 50 + [False] * 6 + [True])
    assert mcnemar(ours, theirs) == pytest.approx(2 * 8 / 2**7)  # 7 coins, at most 1 tail
    assert mcnemar(ours, ours) == 1.0


def test_permutation_agrees_with_the_t_test_where_both_apply() -> None:
    gain = np.random.default_rng(0).normal(0.2, 1, size=100)
    p = paired_permutation(gain, np.arange(100))
    assert p == pytest.approx(ttest_1samp(gain, 0).pvalue, abs=0.01)


def test_exact_and_sampled_permutations_agree() -> None:
    gain = np.random.default_rng(1).normal(0.4, 1, size=13)
    exact = paired_permutation(gain, np.arange(13))
    padded = np.concatenate([gain, [1e-6]])  # one group more, so the swaps are sampled
    assert paired_permutation(padded, np.arange(14)) == pytest.approx(exact, abs=0.02)


def test_a_speaker_is_swapped_as_a_whole() -> None:
    gain = np.ones(100)
    assert paired_permutation(gain, np.zeros(100, int)) == 1.0
    assert paired_permutation(gain, np.arange(100) % 4) == pytest.approx(2 / 16)
