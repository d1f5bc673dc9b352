"""Intervals over groups: what is drawn, how wide it is, and how often it holds the truth."""

from __future__ import annotations

import numpy as np
import pytest

from emotiw.evaluation import intervals
from emotiw.evaluation.intervals import N_DRAWS, drawn_sums, interval
from emotiw.evaluation.metrics import METRICS, Metric, metric_named
from emotiw.evaluation.results import evaluate
from tests.evaluation.small_tables import cohort_of, table_saying

ADDITIVE = [metric for name in METRICS.names() if (metric := metric_named(name)).parts is not None]
ACCURACY = metric_named("accuracy")


def predictions(metric: Metric, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Truth and prediction of three labels (3 stands for none), or of numbers."""
    rng = np.random.default_rng(seed)
    if metric.task == "classification":
        return rng.integers(3, size=n), rng.integers(4, size=n)
    truth = rng.normal(size=n)
    return truth, truth + rng.normal(size=n)


def interval_of(
    metric: Metric,
    truth: np.ndarray,  # type: ignore[type-arg]
    prediction: np.ndarray,  # type: ignore[type-arg]
    groups: np.ndarray,  # type: ignore[type-arg]
) -> tuple[float, float]:
    assert metric.parts is not None
    assert metric.of_sums is not None
    return interval(metric.of_sums(drawn_sums(metric.parts(truth, prediction, groups, 3))))


@pytest.mark.parametrize("metric", ADDITIVE, ids=lambda metric: metric.name)
def test_drawing_a_single_group_gives_the_value_itself(metric: Metric) -> None:
    truth, prediction = predictions(metric, 90)
    low, high = interval_of(metric, truth, prediction, np.zeros(90, int))
    assert low == high == pytest.approx(metric.value(truth, prediction, 3))


@pytest.mark.parametrize("metric", ADDITIVE, ids=lambda metric: metric.name)
def test_sums_of_drawn_groups_give_what_their_clips_give_one_by_one(metric: Metric) -> None:
    truth, prediction = predictions(metric, 60)
    groups = np.arange(60) % 7
    assert metric.parts is not None
    assert metric.of_sums is not None
    fast = metric.of_sums(drawn_sums(metric.parts(truth, prediction, groups, 3)))
    assert fast.shape == (N_DRAWS,)
    times = np.random.default_rng(0).multinomial(7, [1 / 7] * 7, size=N_DRAWS)
    for n_times, value in zip(times[:20], fast, strict=False):
        clips = np.repeat(np.arange(60), n_times[groups])
        assert value == pytest.approx(metric.value(truth[clips], prediction[clips], 3))


def test_speakers_who_are_right_or_wrong_as_a_whole_make_a_wide_interval() -> None:
    truth, speakers = np.zeros(200, int), np.repeat(np.arange(10), 20)
    whole = interval_of(ACCURACY, truth, speakers % 2, speakers)
    mixed = interval_of(ACCURACY, truth, np.arange(200) % 2, speakers)
    # 95 % of the numbers of heads of ten coins lie within 2 and 8
    assert whole == (pytest.approx(0.2), pytest.approx(0.8))
    assert mixed == (0.5, 0.5)


def test_intervals_widen_when_clips_of_a_speaker_are_alike() -> None:
    rng = np.random.default_rng(0)
    truth, speakers = np.zeros(400, int), np.arange(400) % 10
    prediction = (rng.uniform(size=10) < 0.5).astype(int)[speakers]  # right or wrong per speaker
    low, high = interval_of(ACCURACY, truth, prediction, speakers)
    narrow_low, narrow_high = interval_of(ACCURACY, truth, prediction, np.arange(400))
    assert high - low > 3 * (narrow_high - narrow_low)


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        wrong = (rng.uniform(size=200) < 0.3).astype(int)
        low, high = interval_of(ACCURACY, np.zeros(200, int), wrong, np.arange(200))
        held += low <= 0.7 <= high
    assert 0.88 <= held / 200 <= 0.99


def test_clips_drawn_in_batches_are_the_same_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = np.random.default_rng(0).normal(size=(9, 2, 3))
    together = drawn_sums(parts)
    monkeypatch.setattr(intervals, "CELLS_AT_ONCE", 9 * 700)
    assert np.allclose(drawn_sums(parts), together, rtol=1e-12)
    assert together.shape == (N_DRAWS, 2, 3)


def test_tables_of_the_same_clips_are_drawn_in_pairs() -> None:
    ours, theirs = np.random.default_rng(0).normal(size=(2, 12, 4))
    assert np.allclose(drawn_sums(ours) - drawn_sums(theirs), drawn_sums(ours - theirs))


def test_an_interval_leaves_out_a_few_undefined_draws_but_not_many() -> None:
    values = np.linspace(0, 1, 2000)
    values[:100] = np.nan
    assert interval(values) == pytest.approx(np.quantile(values[100:], [0.025, 0.975]))
    values[100] = np.nan
    assert np.isnan(interval(values)).all()
    assert np.isnan(interval(np.zeros(0))).all()


def test_the_same_clips_have_the_same_interval_every_time_and_in_every_split() -> None:
    truth = {f"c{n}": ("Happy", "Sad")[n % 2] for n in range(30)}
    said = {c: ("Happy", "Sad")[n % 3 > 0] for n, c in enumerate(truth)}
    val = evaluate(table_saying(said), cohort_of(truth), "macro_f1")
    again = evaluate(table_saying(said, name="face"), cohort_of(truth), "macro_f1")
    of_test = table_saying(said, split="test")
    test = evaluate(of_test, cohort_of(truth, split="test"), "macro_f1", split="test")
    assert (val.low, val.high) == (again.low, again.high) == (test.low, test.high)
    assert val.low < val.value < val.high
