"""Probabilities from logits and back: one softmax and one temperature for models and fusion."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Targets = npt.NDArray[np.integer]
FLOOR = 1e-7  # below what published scores resolve; keeps logarithms finite
LIMIT = 1100.0  # of a temperature and its inverse, unless said otherwise


def softmax(logits: Scores) -> Scores:
    """Return probabilities along the last axis; a logit of minus infinity gives exactly 0.

    Examples:
        >>> softmax(np.array([1000.0, 1000.0, -np.inf])).tolist()
        [0.5, 0.5, 0.0]
    """
    shifted: Scores = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return normalised(shifted)


def normalised(scores: Scores) -> Scores:
    """Scale rows to sum to 1; a row of zeros becomes even.

    Examples:
        >>> normalised(np.array([[1.0, 3.0], [0.0, 0.0]])).tolist()
        [[0.25, 0.75], [0.5, 0.5]]
    """
    total = scores.sum(axis=-1, keepdims=True)
    even = 1.0 / scores.shape[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled: Scores = np.where(total == 0, even, scores / total)
    return scaled


def log_probabilities(scores: Scores) -> Scores:
    """Return logarithms of probabilities of at least 1e-7."""
    logs: Scores = np.log(np.maximum(scores, FLOOR))
    return logs


def fit_temperature(
    logits: Scores, targets: Targets, *, limit: float = LIMIT, pull: float = 0.0
) -> float:
    """Return the number by which logits are divided so that held-out clips surprise least.

    Found by Newton's method on the log loss, which is convex in the inverse temperature.

    Args:
        logits: ``(n, n_labels)``; rows of NaN, and rows whose true label has no finite logit,
            are left out. With no row left the temperature is 1.
        targets: ``(n,)`` class indices.
        limit: the temperature is kept within ``1 / limit`` and ``limit``.
        pull: of its logarithm toward 0, as a number of clips.

    Source:
        Guo et al. 2017, section 4.2.

    Examples:
        >>> sure = np.array([[9.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 0.0]])
        >>> round(float(softmax(sure / fit_temperature(sure, np.array([0, 0, 1, 1])))[0, 0]), 4)
        0.75
    """
    of_truth = logits[np.arange(len(targets)), targets]
    usable = np.isfinite(of_truth)
    if not usable.any():
        return 1.0
    rows = logits[usable] - logits[usable].max(axis=1, keepdims=True)
    mean_of_truth = float(rows[np.arange(len(rows)), targets[usable]].mean())
    finite = np.where(np.isneginf(rows), 0.0, rows)  # a label that can't be weighs nothing
    inverse, low, high = 1.0, 1 / limit, limit
    for _ in range(60):
        scaled = np.exp(inverse * rows)
        scaled /= scaled.sum(axis=1, keepdims=True)
        expected = scaled * finite
        mean = expected.sum(axis=1)
        slope = float(mean.mean()) - mean_of_truth
        slope += pull * np.log(inverse) / (inverse * len(rows))
        if slope < 0:
            low = max(low, inverse)
        else:
            high = min(high, inverse)
        curvature = float((expected.ravel() @ finite.ravel() - mean @ mean) / len(mean))
        curvature += pull / (inverse**2 * len(rows))
        proposal = inverse - slope / curvature if curvature > 1e-12 else inverse
        if not low < proposal < high:
            proposal = (low * high) ** 0.5
        if abs(proposal - inverse) < 1e-8 * inverse:
            break
        inverse = proposal
    return float(1 / inverse)


def reliable_from(probabilities: Scores, targets: Targets, reliable: float) -> float:
    """Return the winner's probability from which answers are right as often as asked.

    The lowest such that all answers above it together are; 1 where there is none.

    Examples:
        >>> sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.55, 0.45]])
        >>> reliable_from(sure, np.array([0, 0, 1, 1]), 0.65)
        0.6
    """
    best, right = probabilities.max(1), probabilities.argmax(1) == targets
    order = np.argsort(-best, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(shares >= reliable)
    return float(best[order][enough[-1]]) if len(enough) else 1.0
