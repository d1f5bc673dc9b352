"""Rules that turn the scores of several modalities into one, row by row.

Every rule takes ``(n, n_modalities, n_labels)`` scores with NaN where a modality is missing and
returns ``(n, n_labels)``; a clip that no modality knows gets NaN. What is missing never counts:
weights are renormalised over the modalities that are there. A row's result depends on that row
alone, to the last bit: sums run over modalities one after the other, not through a matrix product
whose order of addition would depend on the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce

import numpy as np
import numpy.typing as npt

from emotiw.core.probabilities import log_probabilities, normalised, softmax
from fusion.aligned import Scores

Weights = npt.NDArray[np.float64]


def arithmetic_pool(scores: Scores, weights: Weights) -> Scores:
    """Return the weighted mean of scores over the modalities that are there.

    Args:
        scores: ``(n, n_modalities, n_labels)``.
        weights: ``(n_modalities,)``, or ``(n_modalities, n_labels)`` for weights per label.
            Where all modalities that are there weigh 0, they weigh the same.

    Examples:
        >>> both = np.array([[[0.6, 0.4], [0.2, 0.8]]])
        >>> arithmetic_pool(both, np.array([0.75, 0.25])).round(3).tolist()
        [[0.5, 0.5]]
        >>> both[0, 1] = np.nan
        >>> arithmetic_pool(both, np.array([0.75, 0.25])).round(3).tolist()
        [[0.6, 0.4]]
    """
    per_label = weights if weights.ndim == 2 else weights[:, None]
    total = np.zeros((len(scores), scores.shape[2]))
    weight, plain, count = total, total, total
    for position in range(scores.shape[1]):
        there = ~np.isnan(scores[:, position])
        value = np.where(there, scores[:, position], 0.0)
        total = total + per_label[position] * value
        weight = weight + per_label[position] * there
        plain, count = plain + value, count + there
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weight > 0, total / weight, plain / count)


def geometric_pool(scores: Scores, weights: Weights, sharpness: float | Weights = 1.0) -> Scores:
    """Return the log-linear pool: the weighted mean of log-probabilities, scaled to sum to 1.

    Probabilities below 1e-7 count as 1e-7.

    Args:
        scores: ``(n, n_modalities, n_labels)``.
        weights: as in :func:`arithmetic_pool`.
        sharpness: multiplies the mean, per label if it is ``(n_labels,)``; above 1 the result is
            surer, below less sure.

    Examples:
        >>> both = np.array([[[0.8, 0.2], [0.5, 0.5]]])
        >>> geometric_pool(both, np.array([0.5, 0.5])).round(3).tolist()
        [[0.667, 0.333]]
    """
    return softmax(sharpness * arithmetic_pool(log_probabilities(scores), weights))


def product_rule(scores: Scores) -> Scores:
    """Return the product of the probabilities that are there, scaled to sum to 1."""
    logs = np.nan_to_num(log_probabilities(scores), nan=0.0)
    return only_present(softmax(reduce(np.add, logs.transpose(1, 0, 2))), scores)


def max_rule(scores: Scores) -> Scores:
    """Return the largest probability of each label, scaled to sum to 1."""
    return normalised(only_present(np.fmax.reduce(scores, axis=1), scores))


def median_rule(scores: Scores) -> Scores:
    """Return the median of what is there; probabilities are scaled to sum to 1."""
    filled = np.where(_nobody(scores)[:, None, None], 0.0, scores)
    middle = only_present(np.nanmedian(filled, axis=1), scores)
    return middle if scores.shape[2] == 1 else normalised(middle)


def majority_rule(scores: Scores) -> Scores:
    """Return each label's share of the votes; the mean probability breaks ties.

    Examples:
        >>> three = np.array([[[0.6, 0.4], [0.6, 0.4], [0.0, 1.0]]])
        >>> majority_rule(three).argmax(axis=1)
        array([0])
    """
    votes = np.where(
        np.isnan(scores),
        np.nan,
        np.arange(scores.shape[2]) == np.argmax(np.nan_to_num(scores), axis=2)[:, :, None],
    )
    equal = np.ones(scores.shape[1])
    tie_break = 1.0 / (2 * scores.shape[1])  # less than half a vote
    shares = arithmetic_pool(votes, equal) + tie_break * arithmetic_pool(scores, equal)
    return normalised(shares)


def rank_rule(scores: Scores) -> Scores:
    """Return Borda counts: per modality the least probable label counts 0, the next 1, and so on.

    Labels that tie share their mean rank.
    """
    from scipy.stats import rankdata

    ranks = rankdata(scores, axis=2) - 1.0  # ranks of a missing modality are NaN
    return normalised(arithmetic_pool(ranks, np.ones(scores.shape[1])))


RULES: Mapping[str, Callable[[Scores], Scores]] = {
    "mean": lambda scores: arithmetic_pool(scores, np.ones(scores.shape[1])),
    "geometric": lambda scores: geometric_pool(scores, np.ones(scores.shape[1])),
    "product": product_rule,
    "max": max_rule,
    "median": median_rule,
    "majority": majority_rule,
    "rank": rank_rule,
}
POOLS: Mapping[str, Callable[[Scores, Weights], Scores]] = {
    "arithmetic": arithmetic_pool,
    "geometric": geometric_pool,
}
REGRESSION_RULES = ("mean", "median")


def only_present(fused: Scores, scores: Scores) -> Scores:
    """Return the fused scores with NaN where no modality has any."""
    return np.where(_nobody(scores)[:, None], np.nan, fused)


def _nobody(scores: Scores) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isnan(scores[:, :, 0]).all(axis=1))
