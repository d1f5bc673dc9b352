"""How sure a figure is, and whether a difference could be luck; groups are what is resampled."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError, suggest
from emotiw.evaluation.confusions import FIGURES, grouped_confusions
from emotiw.evaluation.metrics import metric_named

Indices = npt.NDArray[np.intp]


Numbers = npt.NDArray[np.float64]
RESAMPLED = (*FIGURES, "mse", "rmse", "ccc", "pearson")  # figures that add up over groups
CELLS_AT_ONCE = 10_000_000
MAX_EXACT_GROUPS = 13


def bootstrap_interval(
    truth: npt.NDArray[Any],
    prediction: npt.NDArray[Any],
    groups: Indices,
    metric: str,
    *,
    n_resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the percentile interval of a metric when whole groups are drawn with replacement.

    Clips of one speaker are alike, so an interval over single clips would be too narrow.

    Args:
        truth: ``(n,)`` class indices, or targets.
        prediction: ``(n,)`` of the same kind.
        groups: ``(n,)`` group of each clip.
        metric: one of :data:`RESAMPLED`; class indices for metrics of labels, numbers for those
            of targets.
        n_resamples: how often the groups are drawn.
        confidence: share of resamples inside the interval.
        seed: of the draws.

    Raises:
        ConfigError: if the metric is none of these.

    Examples:
        >>> right = np.zeros(100, dtype=int)
        >>> bootstrap_interval(right, right, np.arange(100) % 10, "accuracy")
        (1.0, 1.0)
    """
    figures = resampled_figures(
        truth, prediction, groups, metric, n_resamples=n_resamples, seed=seed
    )
    tail = (1 - confidence) / 2
    low, high = np.quantile(figures, [tail, 1 - tail])
    return float(low), float(high)


def resampled_figures(
    truth: npt.NDArray[Any],
    prediction: npt.NDArray[Any],
    groups: Indices,
    metric: str,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Numbers:
    """Return ``(n_resamples,)`` figures, each of groups drawn with replacement.

    The draws depend on the number of groups and the seed alone: figures of two predictions of
    the same clips are pairs.

    Args:
        truth: and the rest: as in :func:`bootstrap_interval`.

    Raises:
        ConfigError: if the metric is none of :data:`RESAMPLED`.
    """
    parts = grouped_parts(truth, prediction, groups, metric)
    n_groups = len(parts)
    flat = parts.reshape(n_groups, -1)
    rng = np.random.default_rng(seed)
    figures: list[Numbers] = []
    done = 0
    while done < n_resamples:
        batch = max(1, min(n_resamples - done, CELLS_AT_ONCE // n_groups))
        times = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=batch)
        totals = (times @ flat).reshape(batch, *parts.shape[1:])
        figures.append(figures_of(totals, metric))
        done += batch
    return np.concatenate(figures)


def grouped_parts(
    truth: npt.NDArray[Any],
    prediction: npt.NDArray[Any],
    groups: Indices,
    metric: str,
    *,
    n_labels: int | None = None,
) -> Numbers:
    """Return, per group, what adds up to the metric: a confusion matrix, or six moments.

    Raises:
        ConfigError: if the metric is none of :data:`RESAMPLED`.
    """
    if metric not in RESAMPLED:
        known = ", ".join(RESAMPLED)
        raise ConfigError(
            f"no interval for metric {metric!r}{suggest(metric, RESAMPLED)} ({known})"
        )
    _, dense = np.unique(groups, return_inverse=True)
    if metric_named(metric).task == "classification":
        n_labels = n_labels or int(max(truth.max(), prediction.max())) + 1
        return grouped_confusions(truth, prediction, dense, n_labels)
    return _grouped_moments(truth, prediction, dense)


def mcnemar(is_right: npt.NDArray[np.bool_], other_is_right: npt.NDArray[np.bool_]) -> float:
    """Return the exact two-sided p-value of McNemar's test: clips count as independent.

    Examples:
        >>> one = np.array([True] * 9 + [False])
        >>> round(mcnemar(one, ~one), 4)
        0.0215
    """
    from scipy.stats import binomtest

    gained = int((is_right & ~other_is_right).sum())
    lost = int((~is_right & other_is_right).sum())
    if gained + lost == 0:
        return 1.0
    return float(binomtest(gained, gained + lost).pvalue)


def paired_permutation(
    gain: Numbers, groups: Indices, *, n_permutations: int = 9999, seed: int = 0
) -> float:
    """Return the two-sided p-value of a mean gain, when the two sides are swapped per group.

    With up to 13 groups every swap is looked at, otherwise a seeded sample.

    Args:
        gain: ``(n,)`` per clip, how much better one side is than the other.
        groups: ``(n,)`` group of each clip; its clips are swapped together.
        n_permutations: size of the sample.
        seed: of the sample.

    Examples:
        >>> paired_permutation(np.ones(3), np.arange(3))
        0.25
    """
    _, dense = np.unique(groups, return_inverse=True)
    per_group = np.bincount(dense, weights=gain)
    per_group = per_group[per_group != 0]  # swapping nothing changes nothing
    observed = abs(float(per_group.sum())) - 1e-9
    if len(per_group) <= MAX_EXACT_GROUPS:
        signs = np.array(list(itertools.product((-1.0, 1.0), repeat=len(per_group))))
        return float((np.abs(signs @ per_group) >= observed).mean())
    rng = np.random.default_rng(seed)
    as_large, done = 0, 0
    while done < n_permutations:
        batch = max(1, min(n_permutations - done, CELLS_AT_ONCE // len(per_group)))
        signs = rng.integers(0, 2, size=(batch, len(per_group))) * 2.0 - 1.0
        as_large += int((np.abs(signs @ per_group) >= observed).sum())
        done += batch
    return (as_large + 1) / (n_permutations + 1)


def _grouped_moments(truth: Numbers, prediction: Numbers, groups: Indices) -> Numbers:
    ones = np.ones_like(truth)
    columns = (ones, truth, prediction, truth**2, prediction**2, truth * prediction)
    return np.column_stack([np.bincount(groups, weights=column) for column in columns])


def figures_of(totals: Numbers, metric: str) -> Numbers:
    """Return the metric of ``(n, …)`` sums of what :func:`grouped_parts` returns."""
    if metric in FIGURES:
        return FIGURES[metric](totals)
    n, t, p, tt, pp, tp = totals.T
    squared_error: Numbers = np.maximum(tt - 2 * tp + pp, 0) / n
    if metric == "mse":
        return squared_error
    if metric == "rmse":
        return np.asarray(np.sqrt(squared_error))
    covariance = tp / n - t * p / n**2
    of_truth, of_prediction = tt / n - (t / n) ** 2, pp / n - (p / n) ** 2
    if metric == "ccc":
        spread = (of_truth + of_prediction + (t / n - p / n) ** 2) / 2
    else:
        spread = np.sqrt(np.maximum(of_truth * of_prediction, 0))
    agreement: Numbers = np.divide(covariance, spread, out=np.zeros_like(spread), where=spread > 0)
    return agreement
