"""Functionals: what is kept of descriptors over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[Any]
Statistic = Literal["mean", "std", "min", "max", "median", "iqr", "skewness"]


def functionals(rows: Matrix, statistics: tuple[Statistic, ...]) -> Matrix:
    """Return statistics of each column over the rows in which it is a number.

    Args:
        rows: ``(n, dim)``; NaN where a column means nothing.
        statistics: which.

    Returns:
        ``(len(statistics) * dim,)``: every column's first statistic, then the second, …;
        0 for a column that is never a number.

    Examples:
        >>> functionals(np.array([[1.0, np.nan], [3.0, np.nan]]), ("mean", "max")).tolist()
        [2.0, 0.0, 3.0, 0.0]
    """
    known = np.where(np.isnan(rows).all(axis=0), 0.0, rows)
    functions: dict[Statistic, Callable[[], Matrix]] = {
        "mean": lambda: np.nanmean(known, axis=0),
        "std": lambda: np.nanstd(known, axis=0),
        "min": lambda: np.nanmin(known, axis=0),
        "max": lambda: np.nanmax(known, axis=0),
        "median": lambda: np.nanmedian(known, axis=0),
        "iqr": lambda: np.subtract(*np.nanpercentile(known, [75, 25], axis=0)),
        # undefined where nothing varies; a symmetric distribution has 0 too
        "skewness": lambda: _skewness(known),
    }
    return np.concatenate([functions[kind]() for kind in statistics])


def _skewness(rows: Matrix) -> Matrix:
    deviations = rows - np.nanmean(rows, axis=0)
    spread = np.nanstd(rows, axis=0)
    varies = spread > 1e-6 * np.nanmax(np.abs(rows), axis=0)
    cubes = np.nanmean(deviations**3, axis=0)
    return np.where(varies, cubes / np.where(varies, spread, 1.0) ** 3, 0.0)
