"""Fitted on few clips of few speakers, a fusion must not do harm."""

from __future__ import annotations

import numpy as np
import pytest

from emotiw.core.probabilities import log_probabilities, softmax
from emotiw.core.task import Classification, Regression
from fusion.calibration import TemperatureScaling
from fusion.combiner import Setting
from fusion.combiners import combiner_for
from fusion.late import LateFusion
from fusion.pulled_weights import pulled_weights
from fusion.training_rows import TrainingRows

TASK = Classification(tuple("abcdefg"))
NAMES = ("face", "voice")


def made_up_rows(
    strengths: dict[str, float], n_clips: int, *, seed: int, n_groups: int = 3
) -> TrainingRows:
    """Return clips of a few speakers, whose luck is partly the speaker's."""
    rng = np.random.default_rng(seed)
    n_labels = len(TASK.labels)
    truth = rng.integers(n_labels, size=n_clips)
    groups = np.arange(n_clips) * n_groups // n_clips
    habits = rng.normal(0, 0.5, (n_groups, len(strengths), n_labels))
    logits = rng.normal(size=(n_clips, len(strengths), n_labels)) + habits[groups]
    factors = np.array(list(strengths.values()))
    logits[np.arange(n_clips), :, truth] += np.abs(factors)
    logits[:, factors == 0] *= 4  # knows nothing, and is sure of it
    return TrainingRows(
        names=tuple(strengths),
        task=TASK,
        clip_ids=tuple(map(str, range(n_clips))),
        scores=softmax(logits),
        targets=truth,
        groups=groups,
        group_names=tuple(map(str, range(n_groups))),
    )


def accuracies(strengths: dict[str, float], *, n_clips: int, n_draws: int = 40) -> np.ndarray:
    """Return the mean accuracy of the default, the geometric mean, and the best when fitted."""
    found = []
    for seed in range(n_draws):
        fitted = made_up_rows(strengths, n_clips, seed=seed)
        others = made_up_rows(strengths, 400, seed=1000 + seed, n_groups=20)
        fusion = LateFusion().fit_rows(fitted)
        ours = fusion.fused(fusion.calibrated(others.scores)).argmax(1)
        plain = log_probabilities(others.scores).sum(1).argmax(1)
        best = (fitted.scores.argmax(2) == fitted.targets[:, None]).mean(0).argmax()
        alone = others.scores[:, best].argmax(1)
        found.append([(each == others.targets).mean() for each in (ours, plain, alone)])
    return 100 * np.mean(found, axis=0)


@pytest.mark.parametrize("strengths", [{"face": 2.5, "voice": 2.0}, {"face": 1.2, "voice": 1.0}])
def test_fifteen_clips_cost_less_than_a_point(strengths: dict[str, float]) -> None:
    ours, plain, alone = accuracies(strengths, n_clips=15)
    assert ours > max(plain, alone) - 1


def test_a_useless_modality_is_dropped_by_thirty_clips() -> None:
    strengths = {"face": 2.0, "voice": 2.0, "motion": 1.5, "useless": 0.0}
    ours, plain, alone = accuracies(strengths, n_clips=30, n_draws=20)
    kept, *_ = accuracies({n: s for n, s in strengths.items() if s}, n_clips=30, n_draws=20)
    assert ours > max(plain, alone)
    assert ours > kept - 3


def test_weights_and_temperatures_of_few_clips_stay_near_where_they_began() -> None:
    few = made_up_rows({"face": 2.0, "voice": 2.0}, 15, seed=3)
    weights, _ = pulled_weights(few, "geometric")
    assert np.abs(weights - 0.5).max() < 0.2
    many = made_up_rows({"face": 3.0, "voice": 0.5}, 2000, seed=3)
    weights, _ = pulled_weights(many, "geometric")
    assert weights[0] > 0.75
    sure = softmax(5 * log_probabilities(few.scores[:, 0]))
    assert TemperatureScaling.fit(sure, few.targets).temperature < 2
    sure = softmax(5 * log_probabilities(many.scores[:, 0]))
    assert TemperatureScaling.fit(sure, many.targets).temperature > 2.2


def test_two_equal_modalities_keep_equal_weights_on_average_of_draws() -> None:
    draws = [made_up_rows({"face": 2.0, "voice": 2.0}, 15, seed=seed) for seed in range(20)]
    away = [abs(pulled_weights(rows, "geometric")[0][0] - 0.5) for rows in draws]
    assert np.mean(away) < 0.018


def test_weights_are_pulled_toward_those_that_are_given() -> None:
    few = made_up_rows({"face": 2.0, "voice": 2.0}, 10, seed=0)
    setting = Setting(NAMES, TASK, "weighted", "geometric", {"face": 9.0, "voice": 1.0})
    found = combiner_for(setting).fit(few).to_dict()["weights"]
    even = combiner_for(Setting(NAMES, TASK, "weighted", "geometric")).fit(few).to_dict()["weights"]
    assert found["face"] > even["face"] + 0.2


@pytest.mark.parametrize("pool", ["arithmetic", "geometric"])
def test_a_single_group_leaves_the_strongest_pull(pool: str) -> None:
    rows = made_up_rows({"face": 4.0, "voice": 0.2}, 12, seed=1, n_groups=1)
    weights, _ = pulled_weights(rows, pool)
    assert 0.5 < weights[0] < 0.75


def test_targets_of_few_clips_are_pulled_too() -> None:
    rng = np.random.default_rng(0)
    targets = rng.normal(size=12)
    noise = rng.normal(size=(12, 2)) * np.array([0.8, 1.0])
    rows = TrainingRows(
        NAMES,
        Regression(("valence",)),
        tuple(map(str, range(12))),
        (targets[:, None] + noise)[:, :, None],
        targets,
        np.arange(12) // 4,
        ("a", "b", "c"),
    )
    weights, sharpness = pulled_weights(rows, "arithmetic")
    assert sharpness == 1
    assert np.abs(weights - 0.5).max() < 0.25


def test_a_stacker_is_taken_only_where_inner_folds_clearly_prefer_it() -> None:
    few = made_up_rows({"face": 2.0, "voice": 1.5}, 30, seed=0, n_groups=6)
    auto = LateFusion(method="auto").fit_rows(few).combiner_
    assert auto.to_dict()["chosen"] == "weighted"
    many = made_up_rows({"face": 2.0, "voice": 1.5}, 600, seed=0, n_groups=30)
    order = [1, 0, 2, 3, 4, 5, 6]  # the face calls two labels by each other's name
    swapped = many.scores.copy()
    swapped[:, 0] = swapped[:, 0][:, order]
    rows = TrainingRows(**{**vars(many), "scores": swapped})
    assert LateFusion(method="auto").fit_rows(rows).combiner_.to_dict()["chosen"] == "logistic"
