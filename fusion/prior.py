"""Adjust probabilities to other label frequencies than those of the clips fitted on.

This uses statistics of the test clips: either their own scores, all together, or a declaration of
how frequent their labels are. Whoever reports a figure after it has to say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError, Problems, suggest
from emotiw.core.probabilities import normalised
from fusion.aligned import Scores

Prior = npt.NDArray[np.float64]
SMALLEST = 1e-6  # no label is ruled out
TOLERANCE = 1e-8
MAX_ROUNDS = 1000


def estimated_prior(scores: Scores, fitted_prior: Prior) -> Prior:
    """Re-estimate how frequent labels are, from calibrated scores alone, by EM.

    Args:
        scores: ``(n, n_labels)`` probabilities of the clips in question; rows of NaN are skipped.
        fitted_prior: ``(n_labels,)`` frequencies in the clips that the probabilities assume.

    Returns:
        ``(n_labels,)`` frequencies, sum 1; the fitted ones where there are no scores.

    Source:
        Saerens, Latinne & Decaestecker 2002, eq. 9.

    Examples:
        >>> nine_of_ten = np.array([[0.99, 0.01]] * 9 + [[0.01, 0.99]])
        >>> estimated_prior(nine_of_ten, np.array([0.5, 0.5])).round(2).tolist()
        [0.91, 0.09]
    """
    present = scores[~np.isnan(scores).any(axis=1)]
    if not len(present):
        return fitted_prior
    base = np.maximum(fitted_prior, SMALLEST)
    prior = base / base.sum()
    for _ in range(MAX_ROUNDS):
        updated = np.maximum(shifted(present, base, prior).mean(axis=0), SMALLEST)
        updated = updated / updated.sum()
        if np.abs(updated - prior).max() < TOLERANCE:
            return np.asarray(updated)
        prior = updated
    return np.asarray(prior)


def shifted(scores: Scores, old: Prior, new: Prior) -> Scores:
    """Return the probabilities as they are where labels occur with other frequencies.

    Source:
        Saerens, Latinne & Decaestecker 2002, eq. 4.

    Examples:
        >>> shifted(np.array([[0.5, 0.5]]), np.array([0.5, 0.5]), np.array([0.8, 0.2])).tolist()
        [[0.8, 0.2]]
    """
    return normalised(scores * (new / np.maximum(old, SMALLEST)))


def declared_prior(
    weights: Mapping[str, float], labels: Sequence[str], *, power: float = 1.0
) -> Prior:
    """Return declared frequencies in class order, raised to a power, with a sum of 1.

    Raises:
        ConfigError: if a label is unknown or lacks.
    """
    problems = Problems("prior_weights")
    for label in weights:
        if label not in labels:
            problems.add(f"no label {label!r}{suggest(label, labels)}")
    for label in labels:
        if label not in weights:
            problems.add(f"label {label!r} has no weight")
    problems.raise_if_any(ConfigError)
    powered = np.array([weights[label] for label in labels], float) ** power
    return np.asarray(powered / powered.sum())
