"""Arrays as scikit-learn hands them on, read as clips: rows over time, some of them missing.

Whatever has one row per sample is a table with a vector per clip. Three dimensions, or a list of
arrays, are clips of several rows; a row with NaN in it isn't there, so that clips of any length
fit into one padded array.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from emotiw.core.feature_table import FeatureArray


def has_rows(x: Any) -> bool:
    """Return whether these are clips of several rows each: a 3-d array, or a list of 2-d ones.

    Examples:
        >>> has_rows(np.zeros((5, 9, 2))), has_rows([np.zeros((9, 2)), np.zeros((4, 2))])
        (True, True)
        >>> has_rows(np.zeros((5, 2))), has_rows([[0.0, 1.0]])
        (False, False)
    """
    if getattr(x, "ndim", 1) != 1:
        return bool(x.ndim == 3)
    is_listed = isinstance(x, Sequence | np.ndarray) and len(x) > 0
    return is_listed and all(getattr(each, "ndim", 0) == 2 for each in x)


def clips_of(x: Any) -> list[FeatureArray]:
    """Return clips of several rows each; what holds NaN is not present, and left out at the end.

    Raises:
        ValueError: naming the samples that have no rows, other columns, or infinite values.

    Examples:
        >>> nothing = [np.nan, np.nan]
        >>> clips = clips_of(np.array([[nothing, [1.0, 2.0], nothing]]))
        >>> clips[0].present.tolist()
        [False, True]
    """
    rows = [np.asarray(each, dtype=np.float64) for each in x]
    clips = [FeatureArray.finite(each) for each in rows]
    columns = {each.shape[1] for each in rows}
    if len(columns) > 1:
        raise ValueError(f"expected clips of the same columns, got {sorted(columns)} of them")
    for told, is_wrong in (
        ("infinite values", [bool(np.isinf(each).any()) for each in rows]),
        ("no row without NaN: leave them out", [not clip.present.any() for clip in clips]),
    ):
        if found := np.flatnonzero(is_wrong).tolist():
            raise ValueError(f"{len(found)} samples have {told}, e.g. number {found[0]}")
    ends = [int(np.flatnonzero(clip.present)[-1]) + 1 for clip in clips]
    return [
        FeatureArray(clip.values[:end], clip.present[:end])
        for clip, end in zip(clips, ends, strict=True)
    ]


def content_of(clip: FeatureArray) -> str:
    """Return a hash of what a clip holds, by which training samples are ordered."""
    data = clip.values.tobytes() + clip.present.tobytes()
    return hashlib.sha256(data).hexdigest()
