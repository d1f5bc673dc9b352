"""Figures of merit against other programs, by hand, and by what must hold for any input."""

from __future__ import annotations

import math
from typing import Any

import audmetric
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    balanced_accuracy_score,
    f1_score,
    mean_squared_error,
    r2_score,
    root_mean_squared_error,
)

from emotiw.core import metrics
from emotiw.core.errors import ConfigError

LABELS = ["Angry", "Happy", "Sad"]
PAIRS = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1)
NUMBERS = st.floats(-10, 10).map(lambda number: round(number, 3))
NUMBER_PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2)
CLASSIFICATION = [m for m in metrics.METRICS.values() if m.task == "classification"]
REGRESSION = [m for m in metrics.METRICS.values() if m.task == "regression"]

# 10 clips: Angry 4 (3 right, 1 taken for Sad), Happy 4 (2 right, 2 taken for Angry), Sad 2 (1, 1)
TRUTH = ["Angry"] * 4 + ["Happy"] * 4 + ["Sad"] * 2
PREDICTION = ["Angry"] * 3 + ["Sad"] + ["Happy"] * 2 + ["Angry"] * 2 + ["Sad", "Happy"]


def test_by_hand() -> None:
    assert metrics.accuracy(TRUTH, PREDICTION) == pytest.approx(6 / 10)
    assert metrics.uar(TRUTH, PREDICTION) == pytest.approx((3 / 4 + 2 / 4 + 1 / 2) / 3)
    f1 = {"Angry": 2 * 3 / (4 + 5), "Happy": 2 * 2 / (4 + 3), "Sad": 2 * 1 / (2 + 2)}
    weighted = (4 * f1["Angry"] + 4 * f1["Happy"] + 2 * f1["Sad"]) / 10
    assert metrics.weighted_f1(TRUTH, PREDICTION) == pytest.approx(weighted)
    assert metrics.macro_f1(TRUTH, PREDICTION) == pytest.approx(sum(f1.values()) / 3)
    counts = metrics.confusion_matrix(TRUTH, PREDICTION, LABELS)
    assert counts.tolist() == [[3, 0, 1], [2, 2, 0], [0, 1, 1]]
    assert counts.dtype == np.int64


def test_labels_that_nobody_gave_are_zeros_in_the_confusion_matrix() -> None:
    counts = metrics.confusion_matrix(["Sad"], ["Sad"], ["Sad", "Happy"])
    assert counts.tolist() == [[1, 0], [0, 0]]


@settings(max_examples=30)
@given(PAIRS)
def test_labels_against_other_programs(pairs: list[tuple[str, str]]) -> None:
    truth, prediction = map(list, zip(*pairs, strict=True))
    assert metrics.accuracy(truth, prediction) == pytest.approx(
        audmetric.accuracy(truth, prediction)
    )
    for average, function in (("weighted", metrics.weighted_f1), ("macro", metrics.macro_f1)):
        theirs = f1_score(truth, prediction, average=average, zero_division=0)
        assert function(truth, prediction) == pytest.approx(theirs)
    if len(set(truth)) > 1 and set(prediction) <= set(truth):
        # they differ among themselves where a label is predicted that the truth doesn't hold
        theirs = balanced_accuracy_score(truth, prediction)
        assert metrics.uar(truth, prediction) == pytest.approx(theirs)
        theirs = audmetric.unweighted_average_recall(truth, prediction)
        assert metrics.uar(truth, prediction) == pytest.approx(theirs)


@settings(max_examples=30)
@given(PAIRS)
def test_confusion_matrix_holds_accuracy_and_uar(pairs: list[tuple[str, str]]) -> None:
    truth, prediction = map(list, zip(*pairs, strict=True))
    counts = metrics.confusion_matrix(truth, prediction, LABELS)
    assert counts.sum() == len(pairs)
    assert metrics.accuracy(truth, prediction) == pytest.approx(np.trace(counts) / counts.sum())
    occurs = counts.sum(axis=1) > 0
    recalls = np.diag(counts)[occurs] / counts.sum(axis=1)[occurs]
    assert metrics.uar(truth, prediction) == pytest.approx(recalls.mean())


@pytest.mark.parametrize("metric", CLASSIFICATION, ids=lambda metric: metric.name)
@settings(max_examples=10)
@given(pairs=PAIRS, seed=st.randoms())
def test_labels_in_any_order_give_the_same_figure(
    metric: metrics.Metric, pairs: list[tuple[str, str]], seed: Any
) -> None:
    truth, prediction = map(list, zip(*pairs, strict=True))
    figure = metric.function(truth, prediction)
    assert 0 <= figure <= 1
    assert metric.function(truth, truth) == pytest.approx(1)
    shuffled = list(pairs)
    seed.shuffle(shuffled)
    assert metric.function(*map(list, zip(*shuffled, strict=True))) == pytest.approx(figure)


def test_one_label_for_all_has_the_uar_of_chance() -> None:
    assert metrics.uar(["a"] * 90 + ["b"] * 9 + ["c"], ["a"] * 100) == pytest.approx(1 / 3)


def by_hand_ccc(truth: npt.NDArray[np.float64], prediction: npt.NDArray[np.float64]) -> float:
    """Lin 1989, with population variances."""
    covariance = float(((truth - truth.mean()) * (prediction - prediction.mean())).mean())
    apart = float(truth.mean() - prediction.mean()) ** 2
    return 2 * covariance / (float(truth.var()) + float(prediction.var()) + apart)


def test_numbers_by_hand() -> None:
    truth, prediction = [1.0, 2.0, 3.0], [1.0, 2.0, 6.0]
    assert metrics.mse(truth, prediction) == pytest.approx(3)
    assert metrics.rmse(truth, prediction) == pytest.approx(math.sqrt(3))
    # covariance 5/3, variances 2/3 and 14/3, means one apart
    assert metrics.ccc(truth, prediction) == pytest.approx(2 * (5 / 3) / (2 / 3 + 14 / 3 + 1))
    assert metrics.pearson(truth, prediction) == pytest.approx((5 / 3) / math.sqrt(2 / 3 * 14 / 3))


@given(NUMBER_PAIRS)
def test_numbers_by_the_formula(pairs: list[tuple[float, float]]) -> None:
    truth, prediction = np.array(pairs).T
    assert metrics.rmse(truth, prediction) ** 2 == pytest.approx(metrics.mse(truth, prediction))
    assert metrics.mse(truth, truth) == 0
    figure = metrics.ccc(truth, prediction)
    assert -1 - 1e-9 <= figure <= 1 + 1e-9
    if np.ptp(truth) and np.ptp(prediction):
        assert figure == pytest.approx(by_hand_ccc(truth, prediction), abs=1e-9)
        assert metrics.ccc(prediction, truth) == pytest.approx(figure, abs=1e-9)
        assert metrics.ccc(truth, truth) == pytest.approx(1)
        # agreement is never more than correlation
        assert abs(figure) <= abs(metrics.pearson(truth, prediction)) + 1e-9
    else:
        assert figure == 0


@settings(max_examples=30)
@given(NUMBER_PAIRS)
def test_numbers_against_other_programs(pairs: list[tuple[float, float]]) -> None:
    truth, prediction = np.array(pairs).T
    for theirs in (mean_squared_error, audmetric.mean_squared_error):
        assert metrics.mse(truth, prediction) == pytest.approx(theirs(truth, prediction))
    theirs = root_mean_squared_error(truth, prediction)
    assert metrics.rmse(truth, prediction) == pytest.approx(theirs)
    if np.ptp(truth) and np.ptp(prediction):
        theirs = audmetric.concordance_cc(truth, prediction)
        assert metrics.ccc(truth, prediction) == pytest.approx(theirs)
        # scikit-learn has no CCC, but R² holds the squared error in it
        apart = (1 - r2_score(truth, prediction)) * truth.var()
        spread = truth.var() + prediction.var() + (truth.mean() - prediction.mean()) ** 2
        assert metrics.ccc(truth, prediction) == pytest.approx(1 - apart / spread, abs=1e-6)


@pytest.mark.parametrize("constant", [0.0, 0.5, -3.0])
def test_a_prediction_that_never_varies_agrees_with_nothing(constant: float) -> None:
    truth = np.linspace(0, 1, 7)
    for function in (metrics.ccc, metrics.pearson):
        assert function(truth, np.full(7, constant)) == 0
        assert function(np.full(7, constant), truth) == 0
        assert function(np.full(7, constant), np.full(7, constant)) == 0


def test_a_shift_and_a_turn_are_seen_by_ccc() -> None:
    truth = np.array([0.0, 1.0, 2.0])
    assert metrics.ccc(truth, -truth + 2) == pytest.approx(-1)
    assert metrics.ccc(truth, truth + 1) == pytest.approx(2 * (2 / 3) / (4 / 3 + 1))
    assert metrics.pearson(truth, truth + 1) == pytest.approx(1)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.booleans(), NUMBERS), min_size=2))
def test_auc_is_the_share_of_pairs_in_order(pairs: list[tuple[bool, float]]) -> None:
    truth = [float(flag) for flag, _ in pairs]
    scores = [score for _, score in pairs]
    if len(set(truth)) == 1:
        with pytest.raises(ValueError, match="zeros and ones"):
            metrics.auc(truth, scores)
        return
    high = [score for flag, score in pairs if flag]
    low = [score for flag, score in pairs if not flag]
    won = sum((h > x) + (h == x) / 2 for h in high for x in low)
    assert metrics.auc(truth, scores) == pytest.approx(won / (len(high) * len(low)))


@pytest.mark.parametrize("metric", list(metrics.METRICS.values()), ids=lambda metric: metric.name)
def test_nothing_to_judge_and_unequal_lengths_are_refused(metric: metrics.Metric) -> None:
    values: list[Any] = ["a", "b"] if metric.task == "classification" else [0.0, 1.0]
    with pytest.raises(ValueError, match="no clips"):
        metric.function([], [])
    with pytest.raises(ValueError, match=r"shape \(2,\), predictions of shape \(1,\)"):
        metric.function(values, values[:1])


@pytest.mark.parametrize("metric", REGRESSION, ids=lambda metric: metric.name)
def test_a_column_is_not_compared_with_a_row(metric: metrics.Metric) -> None:
    truth = np.array([0.0, 1.0, 2.0])
    with pytest.raises(ValueError, match=r"predictions of shape \(3, 1\)"):
        metric.function(truth, truth[:, None])


@pytest.mark.parametrize("metric", list(metrics.METRICS.values()), ids=lambda metric: metric.name)
def test_the_direction_is_the_one_stated(metric: metrics.Metric) -> None:
    if metric.task == "classification":
        truth, worse = ["a", "b", "a", "b"], ["a", "a", "a", "a"]
        right, wrong = metric.function(truth, truth), metric.function(truth, worse)
    else:
        numbers = [0.0, 1.0, 0.0, 1.0]
        right, wrong = metric.function(numbers, numbers), metric.function(numbers, [1.0, 0, 0, 0])
    assert (right > wrong) == metric.is_higher_better
    assert metrics.metric_named(metric.name) is metric


def test_an_unknown_metric_says_which_are_known() -> None:
    with pytest.raises(ConfigError, match=r"unknown metric 'wf1'.* \(known: accuracy, uar"):
        metrics.metric_named("wf1")
    with pytest.raises(ConfigError, match="did you mean 'accuracy'"):
        metrics.metric_named("acuracy")
