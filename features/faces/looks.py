"""What faces look like, cheaply: enough to tell whether two boxes show one person."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.faces.detect import Floats

SIDE = 16  # px of the small grey face
HUES, SATURATIONS = 12, 4  # of the histogram of what is around and below the face
LOWER = 1.6  # heights of the face that are looked at below its top
FACE, CLOTHES = slice(0, SIDE * SIDE), slice(SIDE * SIDE, None)


def looks_of(picture: npt.NDArray[np.uint8], boxes: Floats) -> Floats:
    """Return the looks of each of the ``(n, 4)`` boxes in an RGB image.

    Returns:
        ``(n, 304)``: a small grey face of mean 0 and length 1, and the roots of a histogram of the
        colours of neck and clothes, of length 1 too. Of two looks, the products are a correlation
        and an overlap; see :func:`likeness`.
    """
    import cv2

    height, width = picture.shape[:2]
    looks = np.zeros((len(boxes), SIDE * SIDE + HUES * SATURATIONS), np.float32)
    for look, (left, top, right, bottom) in zip(looks, boxes.astype(np.float64), strict=True):
        wide, high = right - left, bottom - top
        face = _part(picture, (left, top, right, bottom))
        if face is not None:
            grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
            small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
            look[FACE] = _unit((small - small.mean()).ravel())
        body = (left - wide / 2, bottom, right + wide / 2, min(top + LOWER * high * 2, height))
        clothes = _part(picture, body)
        if clothes is not None and width:
            few = cv2.resize(clothes, (24, 24), interpolation=cv2.INTER_AREA)
            colours = cv2.cvtColor(few, cv2.COLOR_RGB2HSV)
            counts = cv2.calcHist([colours], [0, 1], None, [HUES, SATURATIONS], [0, 180, 0, 256])
            look[CLOTHES] = _unit(np.sqrt(counts.ravel()))
    return looks


def likeness(first: Floats, second: Floats) -> npt.NDArray[np.float64]:
    """Return how alike looks are, ``(n, 304)`` and ``(m, 304)``: ``(n, m)`` in [-1, 1].

    The mean of the correlation of the faces and of the overlap of the colours below them; of the
    first alone where nothing is seen below.

    Examples:
        >>> look = looks_of(np.full((90, 90, 3), 7, np.uint8), np.array([[30, 5, 50, 30]], float))
        >>> likeness(look, look).round(2).tolist()
        [[0.5]]
    """
    faces = first[:, FACE].astype(np.float64) @ second[:, FACE].T
    clothes = first[:, CLOTHES].astype(np.float64) @ second[:, CLOTHES].T
    is_seen = np.linalg.norm(first[:, CLOTHES], axis=1)[:, None] > 0
    is_seen = is_seen & (np.linalg.norm(second[:, CLOTHES], axis=1) > 0)[None]
    return np.where(is_seen, (faces + clothes) / 2, faces)


def _part(
    picture: npt.NDArray[np.uint8], box: tuple[float, float, float, float]
) -> npt.NDArray[np.uint8] | None:
    height, width = picture.shape[:2]
    left, top = max(int(box[0]), 0), max(int(box[1]), 0)
    right, bottom = min(int(np.ceil(box[2])), width), min(int(np.ceil(box[3])), height)
    return picture[top:bottom, left:right] if right > left + 1 and bottom > top + 1 else None


def _unit(values: Floats) -> Floats:
    return values / max(float(np.linalg.norm(values)), 1e-9)
