"""What columns are divided by to be standardised, whatever their unit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
ROUNDING = 1e-12  # of a mean of doubles
SMALLEST = 1e-30  # that single precision can divide by


def divisors(mean: Numbers, deviation: Numbers, *, rounding: float = ROUNDING) -> Numbers:
    """Return the deviation of each column; 1 where it does not vary but by rounding.

    A column that never varies says nothing, and must not blow up where it does later.

    Args:
        mean: ``(dim,)``, in any unit.
        deviation: ``(dim,)``, in the same.
        rounding: a deviation of this share of the mean is none.

    Examples:
        >>> divisors(np.array([1e-9, 3.0, 0.0]), np.array([2e-9, 1e-15, 0.0])).tolist()
        [2e-09, 1.0, 1.0]
    """
    is_real = deviation > np.maximum(rounding * np.abs(mean), SMALLEST)
    return np.where(is_real, deviation, 1.0)
