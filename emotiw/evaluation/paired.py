"""Whether two answers to the same clips differ in a metric by more than luck, and by how much."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.evaluation.significance import (
    CELLS_AT_ONCE,
    MAX_EXACT_GROUPS,
    Numbers,
    figures_of,
    grouped_parts,
    resampled_figures,
)

Indices = npt.NDArray[np.intp]
ROUNDING = 1e-9


@dataclass(frozen=True)
class Difference:
    """One answer's metric less the other's, on the same clips.

    Attributes:
        value: the difference.
        low: lower end of its bootstrap interval over groups.
        high: its upper end.
        p: of the paired permutation test over groups, two-sided.
    """

    value: float
    low: float
    high: float
    p: float


def paired_difference(
    truth: npt.NDArray[Any],
    ours: npt.NDArray[Any],
    theirs: npt.NDArray[Any],
    groups: Indices,
    metric: str,
    *,
    n_resamples: int = 2000,
    n_permutations: int = 9999,
    confidence: float = 0.95,
    seed: int = 0,
) -> Difference:
    """Return the difference of a metric with its interval and its test; groups are the units.

    Args:
        truth: ``(n,)`` class indices, or targets.
        ours: ``(n,)`` predictions of the same kind.
        theirs: ``(n,)`` what they are compared with.
        groups: ``(n,)`` group of each clip: all its clips are drawn, and swapped, together.
        metric: one of :data:`emotiw.evaluation.significance.RESAMPLED`.
        n_resamples: of the interval.
        n_permutations: of the test, where there are too many groups to look at every swap.
        confidence: share of resamples inside the interval.
        seed: of the draws.

    Raises:
        ConfigError: if the metric is none of these.

    Examples:
        >>> truth, groups = np.zeros(8, dtype=int), np.arange(8)
        >>> right, wrong = truth, truth + 1
        >>> paired_difference(truth, right, wrong, groups, "accuracy")
        Difference(value=1.0, low=1.0, high=1.0, p=0.0078125)
    """
    mine, other = (
        resampled_figures(truth, x, groups, metric, n_resamples=n_resamples, seed=seed)
        for x in (ours, theirs)
    )
    tail = (1 - confidence) / 2
    low, high = np.quantile(mine - other, [tail, 1 - tail])
    n_labels = None
    if np.issubdtype(np.asarray(truth).dtype, np.integer):
        n_labels = int(max(truth.max(), ours.max(), theirs.max())) + 1
    a, b = (grouped_parts(truth, x, groups, metric, n_labels=n_labels) for x in (ours, theirs))
    value, p = _swapped(a, b, metric, n_permutations=n_permutations, seed=seed)
    return Difference(value, float(low), float(high), p)


def smallest_p(groups: Indices, *, n_permutations: int = 9999) -> float:
    """Return the smallest p-value that :func:`paired_difference` could find with these groups.

    Examples:
        >>> smallest_p(np.arange(5))
        0.0625
    """
    n_groups = len(np.unique(groups))
    exact = 2.0 ** (1 - n_groups)
    return exact if n_groups <= MAX_EXACT_GROUPS else max(exact, 1 / (n_permutations + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected so that a whole table errs in at most that share of cases.

    Source:
        Holm 1979, A simple sequentially rejective multiple test procedure.

    Examples:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    corrected = [1.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = largest
    return corrected


def _swapped(
    a: Numbers, b: Numbers, metric: str, *, n_permutations: int, seed: int
) -> tuple[float, float]:
    """Return the difference, and how often one as large comes up when groups swap sides."""
    shape = a.shape[1:]
    middle = ((a + b) / 2).sum(axis=0)
    halves = ((a - b) / 2).reshape(len(a), -1)

    def differences(signs: Numbers) -> Numbers:
        moved = (signs @ halves).reshape(len(signs), *shape)
        return figures_of(middle + moved, metric) - figures_of(middle - moved, metric)

    value = float(differences(np.ones((1, len(halves))))[0])
    observed = abs(value) - ROUNDING
    halves = halves[(halves != 0).any(axis=1)]  # swapping nothing changes nothing
    n_groups = len(halves)
    if n_groups <= MAX_EXACT_GROUPS:
        every = np.array(list(itertools.product((-1.0, 1.0), repeat=n_groups)))
        return value, float((np.abs(differences(every)) >= observed).mean())
    rng = np.random.default_rng(seed)
    cells = max(n_groups, halves.shape[1])
    as_large, done = 0, 0
    while done < n_permutations:
        batch = max(1, min(n_permutations - done, CELLS_AT_ONCE // cells))
        signs = np.where(rng.integers(0, 2, size=(batch, n_groups)), 1.0, -1.0)
        as_large += int((np.abs(differences(signs)) >= observed).sum())
        done += batch
    return value, (as_large + 1) / (n_permutations + 1)
