"""Squares around faces, and what they show of a picture, as MTCNN's networks want them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emotiw.core.media.lazy_pictures import Pixels

Boxes = npt.NDArray[np.float32]


def squares(boxes: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return the squares around ``(n, 4)`` boxes, of the longer side and with the same middle.

    Examples:
        >>> squares(np.array([[0.0, 10.0, 10.0, 30.0]])).tolist()
        [[-5.0, 10.0, 15.0, 30.0]]
    """
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    reach = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2
    return np.concatenate([middle - reach, middle + reach], axis=1).astype(np.float32)


def region_of(boxes: Boxes, picture: Pixels) -> npt.NDArray[np.int64]:
    """Return the whole px of a picture that boxes show; facenet-pytorch counts them from 1."""
    whole = np.trunc(boxes).astype(np.int64)
    low = np.maximum(whole[:, :2], 1) - 1
    high = np.minimum(whole[:, 2:], picture.shape[1::-1])
    return np.concatenate([low, high], axis=1)


def cut_out(picture: Pixels, boxes: Boxes, side: int) -> npt.NDArray[np.uint8]:
    """Return ``(n, side, side, 3)`` of what the boxes show of a picture."""
    import cv2

    cutouts = np.empty((len(boxes), side, side, 3), dtype=np.uint8)
    for cutout, (left, top, right, bottom) in zip(
        cutouts, region_of(boxes, picture).tolist(), strict=True
    ):
        cutout[...] = cv2.resize(
            picture[top:bottom, left:right], (side, side), interpolation=cv2.INTER_AREA
        )
    return cutouts


def is_inside(boxes: Boxes, picture: Pixels) -> npt.NDArray[np.bool_]:
    """Return which of the boxes show anything of a picture."""
    region = region_of(boxes, picture)
    return np.asarray((region[:, 2:] > region[:, :2]).all(axis=1))


def moved(boxes: Boxes, by: Boxes) -> Boxes:
    """Return boxes moved by shares of their sides, as the networks tell them."""
    sides = np.tile(boxes[:, 2:] - boxes[:, :2] + 1, 2)
    return np.asarray(boxes + by * sides, dtype=np.float32)
