"""Whether probabilities mean what they say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Indices = npt.NDArray[np.intp]
Scores = npt.NDArray[np.float64]


def reliability_diagram(scores: Scores, truth: Indices, *, n_bins: int = 15) -> pd.DataFrame:
    """Return how often the most probable label is right, by how probable it is.

    Args:
        scores: ``(n, n_labels)`` probabilities; rows of NaN are skipped.
        truth: ``(n,)`` class indices.
        n_bins: bins of equal width over [0, 1].

    Returns:
        One row per bin that holds clips: ``low``, ``high``, ``n``, mean ``confidence``,
        ``accuracy``.

    Examples:
        >>> scores = np.array([[0.9, 0.1], [0.9, 0.1]])
        >>> reliability_diagram(scores, np.array([0, 1]), n_bins=2)
           low  high  n  confidence  accuracy
        0  0.5   1.0  2         0.9       0.5
    """
    there = ~np.isnan(scores).any(axis=1)
    present, answers = scores[there], truth[there]
    confidence = present.max(axis=1, initial=0.0)
    is_right = present.argmax(axis=1) == answers if len(present) else np.zeros(0, bool)
    bins = np.minimum((confidence * n_bins).astype(np.intp), n_bins - 1)
    count = np.bincount(bins, minlength=n_bins)
    held = np.flatnonzero(count)
    return pd.DataFrame(
        {
            "low": held / n_bins,
            "high": (held + 1) / n_bins,
            "n": count[held],
            "confidence": np.bincount(bins, confidence, n_bins)[held] / count[held],
            "accuracy": np.bincount(bins, is_right, n_bins)[held] / count[held],
        }
    )


def expected_calibration_error(scores: Scores, truth: Indices, *, n_bins: int = 15) -> float:
    """Return the mean distance between confidence and accuracy over bins, in [0, 1].

    Without scores it is NaN.

    Source:
        Guo et al. 2017, eq. 3.

    Examples:
        >>> scores = np.array([[0.9, 0.1], [0.9, 0.1]])
        >>> round(expected_calibration_error(scores, np.array([0, 1])), 3)
        0.4
    """
    bins = reliability_diagram(scores, truth, n_bins=n_bins)
    if bins.empty:
        return float("nan")
    gap = (bins["confidence"] - bins["accuracy"]).abs()
    return float((gap * bins["n"]).sum() / bins["n"].sum())
