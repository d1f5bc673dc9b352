"""Metrics against other programs, by hand, and by what must hold for any input."""

from __future__ import annotations

import math
from typing import Any

import audmetric
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    recall_score,
    roc_auc_score,
    root_mean_squared_error,
)

from emotiw.core.errors import ConfigError
from emotiw.core.task import Classification, Regression
from emotiw.evaluation.group_sums import confusions
from emotiw.evaluation.metrics import METRICS, Metric, metric_named, metrics_of

LABELS = ["Angry", "Happy", "Sad"]
PAIRS = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1)
CODED = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1)  # 4 for none
NUMBERS = st.floats(-10, 10).map(lambda number: round(number, 3))
NUMBER_PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2)
NAMED = [metric_named(name) for name in METRICS.names()]
ALL = [m for m in NAMED if m.task in {"classification", "regression"} and m.within is None]
CLASSIFICATION = [metric for metric in ALL if metric.task == "classification"]
REGRESSION = [metric for metric in ALL if metric.task == "regression"]
ADDITIVE = [metric for metric in ALL if metric.parts is not None]
accuracy, uar, weighted_f1, macro_f1, mse, rmse, mae, ccc, pearson, auc = ALL

# 10 clips: Angry 4 (3 right, 1 taken for Sad), Happy 4 (2 right, 2 taken for Angry), Sad 2 (1, 1)
TRUTH = ["Angry"] * 4 + ["Happy"] * 4 + ["Sad"] * 2
PREDICTION = ["Angry"] * 3 + ["Sad"] + ["Happy"] * 2 + ["Angry"] * 2 + ["Sad", "Happy"]

MINE = Metric(
    "mine", "mine", "classification", (0.0, 1.0), function=lambda y_true, y_pred: 0.25,
    no_interval="it is made up",
)  # fmt: skip
NO_METRIC = len


def named(metric: Metric) -> str:
    return metric.name


def test_by_hand() -> None:
    assert accuracy(TRUTH, PREDICTION) == pytest.approx(6 / 10)
    assert uar(TRUTH, PREDICTION) == pytest.approx((3 / 4 + 2 / 4 + 1 / 2) / 3)
    f1 = {"Angry": 2 * 3 / (4 + 5), "Happy": 2 * 2 / (4 + 3), "Sad": 2 * 1 / (2 + 2)}
    weighted = (4 * f1["Angry"] + 4 * f1["Happy"] + 2 * f1["Sad"]) / 10
    assert weighted_f1(TRUTH, PREDICTION) == pytest.approx(weighted)
    assert macro_f1(TRUTH, PREDICTION) == pytest.approx(sum(f1.values()) / 3)


def test_clips_without_a_prediction_are_wrong_and_no_class_of_their_own() -> None:
    # 2 of label 0 (1 right, 1 without), 2 of label 1 (both right); label 2 occurs nowhere
    truth, prediction = np.array([0, 0, 1, 1]), np.array([0, 3, 1, 1])
    assert accuracy.value(truth, prediction, 3) == 3 / 4
    assert uar.value(truth, prediction, 3) == (1 / 2 + 1) / 2
    f1 = 2 * 1 / (2 + 1)  # of label 0
    assert macro_f1.value(truth, prediction, 3) == pytest.approx((f1 + 1) / 2)
    assert weighted_f1.value(truth, prediction, 3) == pytest.approx((f1 + 1) / 2)


@given(CODED)
def test_class_indices_against_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, prediction = np.array(pairs).T
    ours = {metric.name: metric.value(truth, prediction, 4) for metric in CLASSIFICATION}
    assert ours["accuracy"] == pytest.approx(accuracy_score(truth, prediction))
    in_truth = sorted(set(truth))
    anywhere = sorted({*truth, *prediction} - {4})
    scored = {"y_true": truth, "y_pred": prediction, "zero_division": 0}
    theirs = recall_score(**scored, labels=in_truth, average="macro")
    assert ours["uar"] == pytest.approx(theirs)
    theirs = f1_score(**scored, labels=in_truth, average="weighted")
    assert ours["weighted_f1"] == pytest.approx(theirs)
    theirs = f1_score(**scored, labels=anywhere, average="macro")
    assert ours["macro_f1"] == pytest.approx(theirs)


@settings(max_examples=30)
@given(PAIRS)
def test_labels_against_other_programs(pairs: list[tuple[str, str]]) -> None:
    truth, prediction = map(list, zip(*pairs, strict=True))
    assert accuracy(truth, prediction) == pytest.approx(audmetric.accuracy(truth, prediction))
    for average, metric in (("weighted", weighted_f1), ("macro", macro_f1)):
        theirs = f1_score(truth, prediction, average=average, zero_division=0)
        assert metric(truth, prediction) == pytest.approx(theirs)
    if len(set(truth)) > 1 and set(prediction) <= set(truth):
        # they differ among themselves where a label is predicted that the truth doesn't hold
        theirs = balanced_accuracy_score(truth, prediction)
        assert uar(truth, prediction) == pytest.approx(theirs)
        theirs = audmetric.unweighted_average_recall(truth, prediction)
        assert uar(truth, prediction) == pytest.approx(theirs)


@given(CODED, st.randoms())
def test_confusions_of_groups_count_every_clip_once(
    pairs: list[tuple[int, int]], random: Any
) -> None:
    truth, prediction = np.array(pairs).T
    groups = np.array([random.randrange(5) for _ in pairs])
    counts = confusions(truth, prediction, groups, 4)
    assert counts.shape == (groups.max() + 1, 4, 5)
    for group, label, said in np.ndindex(counts.shape):
        of_cell = (groups == group) & (truth == label) & (prediction == said)
        assert counts[group, label, said] == of_cell.sum()
    whole = counts.sum(axis=0)
    assert accuracy.value(truth, prediction, 4) == pytest.approx(np.trace(whole) / whole.sum())


@pytest.mark.parametrize("metric", ADDITIVE, ids=named)
@pytest.mark.parametrize("seed", range(5))
def test_sums_over_groups_give_what_all_clips_together_give(metric: Metric, seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(6, size=60)
    if metric.task == "classification":
        truth, prediction = rng.integers(3, size=60), rng.integers(4, size=60)
    else:
        truth, prediction = rng.normal(50, 1, size=(2, 60))
    assert metric.parts is not None
    assert metric.of_sums is not None
    parts = metric.parts(truth, prediction, groups, 3)
    assert len(parts) == groups.max() + 1
    for n in range(2, 6):  # some of the groups, too
        of_them = groups < n
        expected = metric.value(truth[of_them], prediction[of_them], 3)
        assert float(metric.of_sums(parts[:n].sum(axis=0))) == pytest.approx(expected)


@pytest.mark.parametrize("metric", CLASSIFICATION, ids=named)
@settings(max_examples=10)
@given(pairs=PAIRS, seed=st.randoms())
def test_labels_in_any_order_give_the_same_value(
    metric: Metric, pairs: list[tuple[str, str]], seed: Any
) -> None:
    truth, prediction = map(list, zip(*pairs, strict=True))
    value = metric(truth, prediction)
    assert 0 <= value <= 1
    assert metric(truth, truth) == pytest.approx(1)
    shuffled = list(pairs)
    seed.shuffle(shuffled)
    assert metric(*map(list, zip(*shuffled, strict=True))) == pytest.approx(value)


def test_one_label_for_all_has_the_uar_of_chance() -> None:
    assert uar(["a"] * 90 + ["b"] * 9 + ["c"], ["a"] * 100) == pytest.approx(1 / 3)


def by_hand_ccc(truth: npt.NDArray[np.float64], prediction: npt.NDArray[np.float64]) -> float:
    """Lin 1989, with population variances."""
    covariance = float(((truth - truth.mean()) * (prediction - prediction.mean())).mean())
    apart = float(truth.mean() - prediction.mean()) ** 2
    return 2 * covariance / (float(truth.var()) + float(prediction.var()) + apart)


def test_numbers_by_hand() -> None:
    truth, prediction = [1.0, 2.0, 3.0], [1.0, 2.0, 6.0]
    assert mse(truth, prediction) == pytest.approx(3)
    assert rmse(truth, prediction) == pytest.approx(math.sqrt(3))
    # covariance 5/3, variances 2/3 and 14/3, means one apart
    assert ccc(truth, prediction) == pytest.approx(2 * (5 / 3) / (2 / 3 + 14 / 3 + 1))
    assert pearson(truth, prediction) == pytest.approx((5 / 3) / math.sqrt(2 / 3 * 14 / 3))


@given(NUMBER_PAIRS)
def test_numbers_by_the_formula(pairs: list[tuple[float, float]]) -> None:
    truth, prediction = np.array(pairs).T
    assert rmse(truth, prediction) ** 2 == pytest.approx(mse(truth, prediction))
    assert mse(truth, truth) == 0
    value = ccc(truth, prediction)
    assert -1 - 1e-9 <= value <= 1 + 1e-9
    if np.ptp(truth) and np.ptp(prediction):
        assert value == pytest.approx(by_hand_ccc(truth, prediction), abs=1e-9)
        assert ccc(prediction, truth) == pytest.approx(value, abs=1e-9)
        assert ccc(truth, truth) == pytest.approx(1)
        # agreement is never more than correlation
        assert abs(value) <= abs(pearson(truth, prediction)) + 1e-9
    else:
        assert value == 0


@given(NUMBER_PAIRS)
def test_numbers_against_other_programs(pairs: list[tuple[float, float]]) -> None:
    truth, prediction = np.array(pairs).T
    for theirs in (mean_squared_error, audmetric.mean_squared_error):
        assert mse(truth, prediction) == pytest.approx(theirs(truth, prediction))
    theirs = root_mean_squared_error(truth, prediction)
    assert rmse(truth, prediction) == pytest.approx(theirs)
    assert mae(truth, prediction) == pytest.approx(mean_absolute_error(truth, prediction))
    if np.ptp(truth) and np.ptp(prediction):
        theirs = audmetric.concordance_cc(truth, prediction)
        assert ccc(truth, prediction) == pytest.approx(theirs, abs=1e-9)
        theirs = pearsonr(truth, prediction).statistic
        assert pearson(truth, prediction) == pytest.approx(theirs, abs=1e-6)
        # scikit-learn has no CCC, but R² holds the squared error in it
        apart = (1 - r2_score(truth, prediction)) * truth.var()
        spread = truth.var() + prediction.var() + (truth.mean() - prediction.mean()) ** 2
        assert ccc(truth, prediction) == pytest.approx(1 - apart / spread, abs=1e-6)


@pytest.mark.parametrize("mean", [0.0, -3.0, 1e6])
@pytest.mark.parametrize("seed", range(3))
def test_no_digits_are_lost_to_a_large_mean(mean: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = mean + rng.normal(size=200)
    prediction = truth + rng.normal(size=200)
    assert pearson(truth, prediction) == pytest.approx(pearsonr(truth, prediction).statistic)
    theirs = audmetric.concordance_cc(truth, prediction)
    assert ccc(truth, prediction) == pytest.approx(theirs)
    assert mse(truth, prediction) == pytest.approx(mean_squared_error(truth, prediction))


@pytest.mark.parametrize("constant", [0.0, 0.5, -3.0, 1e6 + 0.1])
def test_a_prediction_that_never_varies_agrees_with_nothing(constant: float) -> None:
    truth = np.linspace(0, 1, 7)
    for metric in (ccc, pearson):
        assert metric(truth, np.full(7, constant)) == 0
        assert metric(np.full(7, constant), truth) == 0
        assert metric(np.full(7, constant), np.full(7, constant)) == 0


def test_a_shift_and_a_turn_are_seen_by_ccc() -> None:
    truth = np.array([0.0, 1.0, 2.0])
    assert ccc(truth, -truth + 2) == pytest.approx(-1)
    assert ccc(truth, truth + 1) == pytest.approx(2 * (2 / 3) / (4 / 3 + 1))
    assert pearson(truth, truth + 1) == pytest.approx(1)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.booleans(), NUMBERS), min_size=2))
def test_auc_is_the_share_of_pairs_in_order(pairs: list[tuple[bool, float]]) -> None:
    truth = np.array([float(flag) for flag, _ in pairs])
    scores = np.array([score for _, score in pairs])
    if len(set(truth)) == 1:
        with pytest.raises(ValueError, match="AUC is not defined for these"):
            auc(truth, scores)
        assert np.isnan(auc.value(truth, scores, 1))
        return
    high, low = scores[truth == 1], scores[truth == 0]
    won = sum((h > x) + (h == x) / 2 for h in high for x in low)
    assert auc(truth, scores) == pytest.approx(won / (len(high) * len(low)))
    assert auc(truth, scores) == pytest.approx(roc_auc_score(truth, scores))


@pytest.mark.parametrize("metric", ALL, ids=named)
def test_nothing_to_judge_and_unequal_lengths_are_refused(metric: Metric) -> None:
    values: list[Any] = ["a", "b"] if metric.task == "classification" else [0.0, 1.0]
    with pytest.raises(ValueError, match="no clips"):
        metric([], [])
    with pytest.raises(ValueError, match=r"shape \(2,\), predictions of shape \(1,\)"):
        metric(values, values[:1])


@pytest.mark.parametrize("metric", ALL, ids=named)
def test_nothing_to_judge_has_no_value(metric: Metric) -> None:
    nothing = np.zeros(0, int if metric.task == "classification" else float)
    assert np.isnan(metric.value(nothing, nothing, 3))


@pytest.mark.parametrize("metric", ALL, ids=named)
def test_a_column_is_not_compared_with_a_row(metric: Metric) -> None:
    truth = np.array([0.0, 1.0, 1.0])
    with pytest.raises(ValueError, match=r"predictions of shape \(3, 1\)"):
        metric(truth, truth[:, None])


@pytest.mark.parametrize("metric", ALL, ids=named)
def test_the_direction_is_the_one_stated(metric: Metric) -> None:
    if metric.task == "classification":
        truth, worse = ["a", "b", "a", "b"], ["a", "a", "a", "a"]
        right, wrong = metric(truth, truth), metric(truth, worse)
    else:
        numbers = [0.0, 1.0, 0.0, 1.0]
        right, wrong = metric(numbers, numbers), metric(numbers, [1.0, 0, 0, 0])
    assert (right > wrong) == metric.is_higher_better
    assert metric.signed(right) > metric.signed(wrong)
    low, high = metric.limits
    assert low <= min(right, wrong) <= max(right, wrong) <= high
    assert metric_named(metric.name) is metric


def test_an_unknown_metric_says_which_are_known() -> None:
    with pytest.raises(ConfigError, match=r"unknown metric 'wf1'.* \(known: accuracy, uar"):
        metric_named("wf1")
    with pytest.raises(ConfigError, match="did you mean 'accuracy'"):
        metric_named("acuracy")


def test_a_metric_of_another_task_is_refused_with_those_that_suit() -> None:
    with pytest.raises(ConfigError, match=r"'ccc' judges a regression, not a classification \(acc"):
        metric_named("ccc", Classification(("a", "b")))
    with pytest.raises(ConfigError, match=r"'uar' judges a classification.*\(mse, rmse, mae, ccc"):
        metric_named("uar", Regression(("joy",)))


def test_a_metric_of_ones_own_is_named_by_module_and_attribute() -> None:
    own = metric_named(f"{__name__}:MINE", Classification(("a", "b")))
    assert (own.name, own(["a"], ["b"])) == ("mine", 0.25)
    with pytest.raises(ConfigError, match="'builtins:len' is a builtin_function_or_method"):
        metric_named("builtins:len")
    with pytest.raises(ConfigError, match="has no attribute 'NONE'"):
        metric_named(f"{__name__}:NONE")


def test_the_main_metric_of_a_task_comes_first() -> None:
    labels, numbers = Classification(("a", "b")), Regression(("joy",))
    assert [m.name for m in metrics_of(labels)] == ["accuracy", "uar", "weighted_f1", "macro_f1"]
    assert [m.name for m in metrics_of(labels, "uar")][:2] == ["uar", "accuracy"]
    assert len(metrics_of(labels, "uar")) == 4
    assert [m.name for m in metrics_of(numbers)] == ["mse", "rmse", "mae", "ccc", "pearson"]
    assert [m.name for m in metrics_of(numbers, "auc")][:2] == ["auc", "mse"]
    assert labels.main_metric == "accuracy"
    assert numbers.main_metric == "rmse"


def test_values_are_printed_in_one_way() -> None:
    assert accuracy.shown(0.87426) == "87.43 %"
    assert accuracy.number(0.87426, sign=True) == "+87.43"
    assert accuracy.span(0.6, 0.95) == "60.00–95.00"
    assert ccc.shown(-0.12345) == "-0.1235"
    assert (accuracy.heading, ccc.heading) == ("accuracy (%)", "CCC")
    nan = float("nan")
    assert (ccc.shown(nan), accuracy.number(nan), accuracy.span(0.5, nan)) == ("", "", "")
