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
    left, top, right, bottom = np.ascontiguousarray(boxes[order].T)
    area = (right - left) * (bottom - top)
    kept, rest = [], np.arange(len(order))
    with np.errstate(invalid="ignore"):  # of boxes without area: not the same
        while len(rest):
            best, rest = rest[0], rest[1:]
            kept.append(best)
            wide = np.minimum(right[rest], right[best]) - np.maximum(left[rest], left[best])
            high = np.minimum(bottom[rest], bottom[best]) - np.maximum(top[rest], top[best])
            shared = np.maximum(wide, 0) * np.maximum(high, 0)
            alike = shared / (area[best] + area[rest] - shared)
            rest = rest[~(alike.astype(np.float64) > overlap)]
    return order[kept]
