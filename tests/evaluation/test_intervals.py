"""Intervals over groups: whose spread they are, how wide, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import binomtest, ttest_1samp

from emotiw.evaluation.intervals import doubt, interval, interval_of_difference
from emotiw.evaluation.metric import SEVERAL
from emotiw.evaluation.metrics import METRICS, Metric, metric_named
from emotiw.evaluation.results import evaluate
from tests.evaluation.small_tables import cohort_of, table_saying

Array = npt.NDArray[np.float64] | npt.NDArray[np.intp]
NAMED = [metric_named(name) for name in METRICS.names()]
ADDITIVE = [m for m in NAMED if m.parts is not None and m.task != SEVERAL]
ACCURACY, MSE = metric_named("accuracy"), metric_named("mse")


def predictions(
    metric: Metric, groups: Array, rng: np.random.Generator, n_tables: int = 1
) -> list[Array]:
    """Truth and so many predictions of clips; speakers differ in how well they are understood."""
    n, n_groups = len(groups), int(groups.max()) + 1
    if metric.task == "classification":
        truth = rng.integers(3, size=n)
        wrong = [rng.random(n) > rng.beta(13.8, 9.2, n_groups)[groups] for _ in range(n_tables)]
        return [truth, *((truth + rng.integers(1, 3, size=n) * each) % 3 for each in wrong)]
    target = rng.normal(size=n)
    bias = [rng.normal(0, 0.2, n_groups)[groups] for _ in range(n_tables)]
    return [target, *(0.6 * target + each + rng.normal(0, 0.5, n) for each in bias)]


def parts_of(metric: Metric, truth: Array, said: Array, groups: Array) -> npt.NDArray[np.float64]:
    assert metric.parts is not None
    return metric.parts(truth, said, groups.astype(np.intp), 3)


def interval_of(metric: Metric, truth: Array, said: Array, groups: Array) -> tuple[float, float]:
    parts = parts_of(metric, truth, said, groups)
    return interval(metric, parts, np.bincount(groups.astype(np.intp)).astype(float))


@pytest.mark.parametrize("metric", ADDITIVE, ids=lambda metric: metric.name)
@pytest.mark.parametrize(("n_groups", "least"), [(4, 0.92), (8, 0.925), (24, 0.925)])
def test_an_interval_holds_the_truth_as_often_as_it_says(
    metric: Metric, n_groups: int, least: float
) -> None:
    rng, groups, n = np.random.default_rng(1), np.repeat(np.arange(n_groups), 30), 400
    truth = metric.value(*predictions(metric, np.repeat(np.arange(5000), 30), rng), 3)
    intervals = (interval_of(metric, *predictions(metric, groups, rng), groups) for _ in range(n))
    held = sum(low <= truth <= high for low, high in intervals) / n
    assert least <= held <= 0.98


def test_errors_that_are_mostly_of_a_few_speakers_are_held_too() -> None:
    rng, metric, shape = np.random.default_rng(0), metric_named("rmse"), (3000, 8)
    errors = rng.normal(0, 1, (*shape, 1)) + rng.normal(0, 0.3, (*shape, 20))  # of a bias each
    groups = np.repeat(np.arange(shape[0] * shape[1]), 20)
    parts = parts_of(metric, np.zeros(errors.size), errors.ravel(), groups).reshape(*shape, -1)
    intervals = (interval(metric, of_draw, np.full(8, 20.0)) for of_draw in parts)
    assert np.mean([low <= 1.09**0.5 <= high for low, high in intervals]) >= 0.925


@pytest.mark.parametrize("n_groups", [4, 8, 24])
@pytest.mark.parametrize("name", ["accuracy", "uar", "ccc", "rmse"])
def test_without_a_difference_few_intervals_exclude_none(name: str, n_groups: int) -> None:
    metric, rng, n, excluded = metric_named(name), np.random.default_rng(2), 400, 0
    groups = np.repeat(np.arange(n_groups), 30)
    for _ in range(n):
        truth, ours, theirs = predictions(metric, groups, rng, 2)
        theirs = np.where(rng.random(len(groups)) < 0.5, theirs, ours)
        pair = [parts_of(metric, truth, said, groups) for said in (ours, theirs)]
        low, high = interval_of_difference(metric, *pair, np.full(n_groups, 30.0))
        excluded += not low <= 0 <= high
    assert excluded / n <= 0.075


def test_a_mean_over_groups_of_equal_size_has_students_interval() -> None:
    """Of a metric without limits, and of any difference; another program does the same."""
    mean = Metric("mean", "mean", "regression", (-np.inf, np.inf), of_sums=MSE.of_sums)
    errors = np.random.default_rng(0).normal(size=7) ** 2
    parts = parts_of(MSE, np.zeros(7), np.sqrt(errors), np.arange(7))
    theirs = ttest_1samp(errors, 0).confidence_interval(0.95)
    assert interval(mean, parts, np.ones(7)) == pytest.approx((theirs.low, theirs.high))
    nothing = parts_of(MSE, np.zeros(7), np.zeros(7), np.arange(7))
    found = interval_of_difference(MSE, parts, nothing, np.ones(7))
    assert found == pytest.approx((theirs.low, theirs.high))


@pytest.mark.parametrize("n_right", [0, 6, 12])
def test_groups_that_are_all_alike_are_as_sure_as_single_clips(n_right: int) -> None:
    said = np.tile(np.arange(12) >= n_right, 6).astype(int)
    found = interval_of(ACCURACY, np.zeros(72, int), said, np.repeat(np.arange(6), 12))
    exact = binomtest(n_right // 2, 6).proportion_ci(0.95, "exact")
    assert found == pytest.approx((exact.low, exact.high))


def test_numbers_that_are_all_exact_leave_no_doubt() -> None:
    numbers = np.arange(40) / 7
    for name, value in (("rmse", 0.0), ("mse", 0.0), ("mae", 0.0), ("ccc", 1.0), ("pearson", 1.0)):
        found = interval_of(metric_named(name), numbers, numbers, np.arange(40) % 8)
        assert found == pytest.approx((value, value), abs=1e-6)


@pytest.mark.parametrize("metric", ADDITIVE, ids=lambda metric: metric.name)
def test_an_interval_stays_within_the_limits_of_its_metric(metric: Metric) -> None:
    rng = np.random.default_rng(3)
    smallest, largest = metric.limits
    for n_groups in (3, 4, 9):
        groups = np.repeat(np.arange(n_groups), 4)
        for _ in range(50):
            low, high = interval_of(metric, *predictions(metric, groups, rng), groups)
            assert smallest <= low <= high <= largest


def test_intervals_widen_when_clips_of_a_speaker_are_alike() -> None:
    rng = np.random.default_rng(0)
    truth, speakers = np.zeros(400, int), np.arange(400) % 10
    prediction = (rng.uniform(size=10) < 0.5).astype(int)[speakers]  # right or wrong per speaker
    low, high = interval_of(ACCURACY, truth, prediction, speakers)
    narrow_low, narrow_high = interval_of(ACCURACY, truth, prediction, np.arange(400))
    assert high - low > 3 * (narrow_high - narrow_low)


def test_groups_of_unequal_size_say_less() -> None:
    """Nine speakers of one clip each beside one of a hundred are hardly more than one speaker."""
    parts = np.stack([np.array([[n - n // 2, n // 2, 0.0]]) for n in (10, 11) * 5])
    even = interval(ACCURACY, parts, np.full(10, 10.5))
    uneven = interval(ACCURACY, parts, np.array([100.0, *[1.0] * 9]))
    assert uneven[1] - uneven[0] > 3 * (even[1] - even[0])


def test_few_groups_are_said_and_fewer_than_three_have_no_interval() -> None:
    said = np.arange(24) % 2
    for n_groups, words in ((1, "1 group: too few"), (2, "2 groups: too few"), (3, "only 3 groups"),
                            (9, "only 9 groups"), (10, "")):  # fmt: skip
        groups = np.arange(24) // (24 // n_groups) if n_groups < 9 else np.arange(24) % n_groups
        found = interval_of(ACCURACY, np.zeros(24, int), said * (groups > 0), groups)
        assert np.isnan(found).all() == (n_groups < 3)
        assert doubt(n_groups).startswith(words)
        assert bool(doubt(n_groups)) == bool(words)
    assert doubt(4, are_clips=True).startswith("only 4 clips")
    result = evaluate(table_saying({"a": "Sad", "b": "Sad"}), cohort_of({"a": "Sad", "b": "Sad"}))
    assert np.isnan([result.low, result.high]).all()
    assert result.note == "2 clips: too few to say how sure this is"


def test_the_same_clips_have_the_same_interval_every_time_and_in_every_split() -> None:
    truth = {f"c{n}": ("Happy", "Sad")[n % 2] for n in range(30)}
    said = {c: ("Happy", "Sad")[n % 3 > 0] for n, c in enumerate(truth)}
    val = evaluate(table_saying(said), cohort_of(truth), "macro_f1")
    again = evaluate(table_saying(said, name="face"), cohort_of(truth), "macro_f1")
    of_test = table_saying(said, split="test")
    test = evaluate(of_test, cohort_of(truth, split="test"), "macro_f1", split="test")
    assert (val.low, val.high) == (again.low, again.high) == (test.low, test.high)
    assert val.low < val.value < val.high
