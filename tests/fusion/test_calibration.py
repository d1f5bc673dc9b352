from __future__ import annotations

import numpy as np
import pytest

from emotiw.core.probabilities import log_probabilities, softmax
from emotiw.evaluation.reliability import expected_calibration_error, reliability_diagram
from fusion.calibration import CALM, TemperatureScaling
from fusion.registry import CALIBRATIONS


def overconfident(factor: float = 3.0, n_clips: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities whose logarithms are a factor too large, and the truth."""
    rng = np.random.default_rng(0)
    honest = rng.dirichlet(np.full(4, 0.7), size=n_clips)
    honest = np.maximum(honest, 1e-3)
    honest /= honest.sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(4, p=row) for row in honest])
    return softmax(factor * log_probabilities(honest)), truth


def log_loss(scores: np.ndarray, truth: np.ndarray) -> float:
    return float(-log_probabilities(scores)[np.arange(len(truth)), truth].mean())


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_temperature_undoes_a_known_factor(factor: float) -> None:
    scores, truth = overconfident(factor)
    assert TemperatureScaling.fit(scores, truth).temperature == pytest.approx(factor, rel=0.05)


@pytest.mark.parametrize("kind", [kind for kind in CALIBRATIONS.names() if kind != "none"])
def test_calibration_lowers_loss_and_error_on_other_clips(kind: str) -> None:
    scores, truth = overconfident()
    fitted = CALIBRATIONS.resolve(kind).fit(scores[:2000], truth[:2000])
    before, after = scores[2000:], fitted.apply(scores[2000:])
    assert np.allclose(after.sum(axis=1), 1)
    assert log_loss(after, truth[2000:]) < 0.8 * log_loss(before, truth[2000:])
    assert expected_calibration_error(after, truth[2000:]) < 0.04
    assert expected_calibration_error(before, truth[2000:]) > 0.1


@pytest.mark.parametrize("kind", CALIBRATIONS.names())
def test_calibration_on_no_clips_does_nothing(kind: str) -> None:
    scores, _ = overconfident(1.0, 50)
    fitted = CALIBRATIONS.resolve(kind).fit(scores[:0], np.zeros(0, int))
    assert np.allclose(fitted.apply(scores), scores, atol=1e-6)


@pytest.mark.parametrize("n_clips", [15, 4000])
def test_temperature_minimises_the_loss_and_its_pull(n_clips: int) -> None:
    scores, truth = overconfident(n_clips=n_clips)

    def loss(temperature: float) -> float:
        scaled = TemperatureScaling(temperature).apply(scores)
        return n_clips * log_loss(scaled, truth) + CALM / 2 * np.log(temperature) ** 2

    found = TemperatureScaling.fit(scores, truth).temperature
    assert all(loss(found * factor) > loss(found) for factor in (0.99, 1.01))


def test_matrix_scaling_sees_that_two_labels_were_swapped() -> None:
    scores, truth = overconfident(1.0)
    swapped = scores[:, [1, 0, 2, 3]]
    fixed = CALIBRATIONS.resolve("matrix").fit(swapped, truth).apply(swapped)
    assert (fixed.argmax(axis=1) == scores.argmax(axis=1)).mean() > 0.95


def test_a_diagram_counts_every_clip_once() -> None:
    scores, truth = overconfident()
    scores[:10] = np.nan
    diagram = reliability_diagram(scores, truth)
    assert diagram["n"].sum() == 3990
    assert (
        (diagram["low"] <= diagram["confidence"]) & (diagram["confidence"] <= diagram["high"])
    ).all()
