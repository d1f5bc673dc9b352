from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from emotiw.core.probabilities import softmax
from fusion import modality_weights
from fusion.modality_weights import (
    Objective,
    Pull,
    log_linear_weights,
    mixture_weights,
    squared_error_weights,
)
from fusion.pools import arithmetic_pool, geometric_pool


def random_scores(
    seed: int, *, n_clips: int = 400, n_modalities: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(5, size=n_clips)
    logits = rng.normal(size=(n_clips, n_modalities, 5)) * rng.uniform(
        0.3, 3, size=(n_modalities, 1)
    )
    logits[np.arange(n_clips), :, truth] += rng.uniform(-0.2, 2, size=n_modalities)
    scores = np.exp(logits)
    return scores / scores.sum(axis=2, keepdims=True), truth


def slsqp(loss: object, size: int, *, most: float = 1.0) -> float:
    found = minimize(
        loss,
        np.full(size, most / size),
        method="SLSQP",
        bounds=[(0, most)] * size,
        constraints={"type": "eq" if most == 1 else "ineq", "fun": lambda w: most - w.sum()},
        options={"ftol": 1e-15, "maxiter": 2000},
    )
    return float(found.fun)


@pytest.mark.parametrize("seed", range(5))
def test_mixture_weights_match_an_independent_convex_solver(seed: int) -> None:
    scores, truth = random_scores(seed)
    rows = np.arange(len(truth))

    def loss(weights: np.ndarray) -> float:
        return float(-np.log(arithmetic_pool(scores, weights / weights.sum())[rows, truth]).mean())

    assert abs(loss(mixture_weights(scores, truth)) - slsqp(loss, 4)) < 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_log_linear_weights_match_an_independent_convex_solver(seed: int) -> None:
    scores, truth = random_scores(seed)
    rows = np.arange(len(truth))

    def loss(weights: np.ndarray) -> float:
        total = weights.sum()
        return float(-np.log(geometric_pool(scores, weights, total)[rows, truth]).mean())

    weights, sharpness = log_linear_weights(scores, truth)
    assert abs(loss(weights * sharpness) - slsqp(loss, 4, most=20.0)) < 1e-6


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=6), st.integers(0, 1000))
def test_known_weights_of_mixed_targets_are_found_again(raw: list[float], seed: int) -> None:
    known = np.array(raw) / np.sum(raw)
    targets = np.random.default_rng(seed).normal(size=(200, len(known), 1))
    found = squared_error_weights(targets, arithmetic_pool(targets, known)[:, 0])
    assert np.abs(found - known).max() < 1e-3


def test_copies_of_a_modality_share_its_weight() -> None:
    scores, truth = random_scores(1, n_modalities=2)
    alone = mixture_weights(scores, truth)
    doubled = mixture_weights(scores[:, [0, 0, 1]], truth)
    assert doubled[0] == pytest.approx(doubled[1], abs=1e-5)
    assert doubled[0] + doubled[1] == pytest.approx(alone[0], abs=1e-5)


def test_weights_stay_finite_where_no_mistake_is_made() -> None:
    truth = np.array([0, 1] * 10)
    scores = np.where(np.eye(2)[truth] == 1, 0.9, 0.1)[:, None, :].repeat(2, axis=1)
    weights, sharpness = log_linear_weights(scores, truth)
    assert weights.tolist() == pytest.approx([0.5, 0.5])
    assert 5 < sharpness <= 20


def test_worse_than_chance_modalities_are_not_listened_to() -> None:
    truth = np.array([0, 1] * 10)
    scores = np.where(np.eye(2)[truth] == 1, 0.1, 0.9)[:, None, :]
    assert log_linear_weights(scores, truth)[1] == pytest.approx(0, abs=1e-6)


def test_clips_with_one_modality_do_not_move_the_weights() -> None:
    scores, truth = random_scores(2, n_modalities=2)
    with_holes = np.concatenate([scores, scores[:50]])
    with_holes[-50:, 1] = np.nan
    expected = mixture_weights(scores, truth)
    assert mixture_weights(with_holes, np.concatenate([truth, truth[:50]])) == pytest.approx(
        expected, abs=1e-5
    )


def test_a_fit_ends_where_no_step_could_show(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [0]
    minimise = modality_weights.minimise_on_simplex

    def counted(objective: Objective, size: int) -> np.ndarray[Any, Any]:
        def looked_at(weights: np.ndarray[Any, Any]) -> Any:
            looks[-1] += 1
            return objective(weights)

        return minimise(looked_at, size)

    monkeypatch.setattr(modality_weights, "minimise_on_simplex", counted)
    rng = np.random.default_rng(0)
    for _ in range(60):  # among these, two took 5,000 looks
        n, size, n_labels = (int(rng.integers(*limits)) for limits in ((6, 60), (1, 5), (2, 8)))
        truth = rng.integers(0, n_labels, n)
        said = rng.normal(size=(n, size, n_labels))
        said[np.arange(n), :, truth] += rng.uniform(0, 6, size)
        pull = Pull(np.full(size, 1 / size), float(rng.choice([3, 10, 30, 100])), np.ones(size))
        looks.append(0)
        log_linear_weights(softmax(said), truth, pull)
    assert max(looks) < 100


def test_the_unit_of_targets_changes_no_weight() -> None:
    rng = np.random.default_rng(0)
    targets = rng.normal(size=60)
    said = targets[:, None] + rng.normal(size=(60, 2)) * [1.0, 2.0]
    weights = squared_error_weights(said[:, :, None], targets)
    for unit, offset in ((1e-9, 0.0), (1e9, 0.0), (1.0, 1e6)):
        found = squared_error_weights(said[:, :, None] * unit + offset, targets * unit + offset)
        np.testing.assert_allclose(found, weights, atol=1e-6)
