"""How sure a value is: the one place where intervals are made.

Whole groups (speakers, source videos) are drawn with replacement, each with all its clips: clips
of one speaker are alike, and an interval over single clips would be too narrow.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
LEVEL = 0.95
N_DRAWS = 2000
SEED = 0  # the same table, cohort and metric have the same interval wherever it is printed
CELLS_AT_ONCE = 10_000_000
FEW_UNDEFINED = 0.05  # of the draws; they are left out


def drawn_sums(parts: Numbers) -> Numbers:
    """Return ``(N_DRAWS, *shape)`` sums of ``(n_groups, *shape)`` parts, groups drawn anew.

    The draws depend on the number of groups alone: those of two tables of the same clips are
    pairs.
    """
    n_groups = len(parts)
    flat = parts.reshape(n_groups, -1)
    batch = max(1, CELLS_AT_ONCE // n_groups)
    if batch >= N_DRAWS:
        return (_times(n_groups) @ flat).reshape(N_DRAWS, *parts.shape[1:])
    rng = np.random.default_rng(SEED)
    sums = [
        rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=min(batch, N_DRAWS - done))
        @ flat
        for done in range(0, N_DRAWS, batch)
    ]
    return np.concatenate(sums).reshape(N_DRAWS, *parts.shape[1:])


def interval(values: Numbers) -> tuple[float, float]:
    """Return the percentile interval of values that were drawn; NaN where too few are defined.

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, percentile intervals.

    Examples:
        >>> interval(np.ones(100))
        (1.0, 1.0)
        >>> interval(np.array([1.0, np.nan]))
        (nan, nan)
    """
    defined = np.isfinite(values)
    if not defined.any() or (~defined).mean() > FEW_UNDEFINED:
        return float("nan"), float("nan")
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(values[defined], [tail, 1 - tail])
    return float(low), float(high)


@lru_cache(maxsize=4)
def _times(n_groups: int) -> Numbers:
    rng = np.random.default_rng(SEED)
    even = np.full(n_groups, 1 / n_groups)
    return rng.multinomial(n_groups, even, size=N_DRAWS).astype(np.float64)  # as it is used
