"""Logits into probabilities that mean what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


def fit_temperature(logits: Values, answers: npt.NDArray[Any]) -> float:
    """Return the number by which logits are divided so that held-out clips are least surprising.

    Args:
        logits: ``(n, n_labels)``; rows of NaN, and rows whose true label has no finite logit,
            are left out. With no row left the answer is 1.
        answers: ``(n,)`` class indices.

    Source:
        Guo et al. 2017, section 4.2.

    Examples:
        >>> sure = np.array([[9.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 0.0]])
        >>> round(float(softmax(sure / fit_temperature(sure, np.array([0, 0, 1, 1])))[0, 0]), 2)
        0.75
    """
    from scipy.optimize import minimize_scalar

    true_logits = logits[np.arange(len(answers)), answers]
    usable = np.isfinite(true_logits)
    if not usable.any():
        return 1.0
    rows, codes = logits[usable], answers[usable]

    def surprise(log_temperature: float) -> float:
        probability = softmax(rows / np.exp(log_temperature))[np.arange(len(codes)), codes]
        return float(-np.log(probability.clip(1e-12)).mean())

    found = minimize_scalar(surprise, bounds=(-7.0, 7.0), method="bounded")
    return float(np.exp(found.x))


def softmax(logits: Values) -> Values:
    """Return ``(n, n_labels)`` probabilities; a logit of minus infinity gives exactly 0."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)
