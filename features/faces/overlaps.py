"""Of boxes that show the same face, the surest one.

What torchvision's ``nms`` keeps is kept here, box for box, without importing it: that takes a
second of every process that looks for faces.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def surest(boxes: Floats, scores: Floats, overlap: float) -> npt.NDArray[np.intp]:
    """Return the rows of the boxes that are left, surest first.

    The surest box stays and takes away all that overlap with it, then the surest of the rest, and
    so on; of equal scores the first one is the surest.

    Args:
        boxes: ``(n, 4)``, ``x_min, y_min, x_max, y_max``.
        scores: ``(n,)``.
        overlap: of two boxes' intersection and union; what has more is the same face.

    Examples:
        >>> boxes = np.array([[0, 0, 9, 9], [0, 0, 10, 10], [5, 0, 15, 10]], np.float32)
        >>> surest(boxes, np.array([0.8, 0.9, 0.7], np.float32), 0.5).tolist()
        [1, 2]
    """
    order = np.argsort(-scores, kind="stable")
    low, high = boxes[order, :2], boxes[order, 2:]
    area = (high - low).prod(axis=1)
    is_left = np.ones(len(order), dtype=bool)
    kept = []
    for place, row in enumerate(order):
        if not is_left[place]:
            continue
        kept.append(row)
        rest = place + 1 + np.flatnonzero(is_left[place + 1 :])
        sides = np.minimum(high[rest], high[place]) - np.maximum(low[rest], low[place])
        shared = sides.clip(0).prod(axis=1)
        with np.errstate(invalid="ignore"):  # boxes without area: not the same
            is_same = (shared / (area[place] + area[rest] - shared)).astype(np.float64) > overlap
        is_left[rest[is_same]] = False
    return np.array(kept, dtype=np.intp)
