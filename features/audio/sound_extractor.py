"""Rows of descriptors: which hold data, and the one row that says there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.feature_table import FeatureArray, FeatureSpec


def finite_rows(values: npt.NDArray[Any]) -> FeatureArray:
    """Return rows as float32, with those that hold NaN or infinity marked as not present.

    Examples:
        >>> rows = finite_rows(np.array([[1.0, 2.0], [np.nan, 3.0]]))
        >>> rows.values.tolist(), rows.present.tolist()
        ([[1.0, 2.0], [0.0, 0.0]], [True, False])
    """
    single = values.astype(np.float32)
    present = np.asarray(np.isfinite(single).all(axis=1))
    return FeatureArray(np.where(present[:, None], single, np.float32(0)), present)


def absent_row(spec: FeatureSpec) -> FeatureArray:
    """Return the one row of a clip in which this feature is missing."""
    return FeatureArray(np.zeros((1, *spec.shape), dtype=np.float32), np.zeros(1, dtype=bool))
