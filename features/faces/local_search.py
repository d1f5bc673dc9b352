"""Local search: known faces found again in one image, near where they should be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emotiw.core.media.lazy_pictures import Pixels
from features.faces.detect import Detector, Faces, Floats, Follower
from features.faces.track import iou

MIN_STAY = 0.3  # overlap of a followed face with where it was looked for
SAME = 0.4  # two faces that overlap so much are one
AS_SMALL = 1.6  # times smaller than before is a lost face looked for, at most
SEARCH_RADIUS = 1.0  # of its side: how far around where it should be


def follow_locally(
    follower: Follower | None,
    pixels: Pixels,
    boxes: Floats,
    taken: npt.NDArray[np.floating],
    sure: float,
) -> tuple[Faces, list[int]]:
    """Return the faces that are near where they should be, and the rows they belong to.

    Args:
        follower: None finds no face.
        pixels: the image.
        boxes: ``(n, 4)`` px, where they should be.
        taken: ``(m, 4)`` px, where other faces are.
        sure: the least confidence.
    """
    if not len(boxes) or follower is None:
        return Faces.none(), []
    faces = follower.follow(pixels, boxes)
    stay = np.diagonal(iou(faces.box, boxes))
    rows: list[int] = []
    # of two that end up on the same face, the one that had less far to go is right
    for row in np.argsort(-stay, kind="stable").tolist():
        others = np.concatenate([taken, faces.box[rows]])
        overlap = iou(faces.box[row : row + 1], others).max(initial=0.0)
        if faces.confidence[row] >= sure and stay[row] >= MIN_STAY and overlap < SAME:
            rows.append(row)
    rows.sort()
    return faces.take(np.array(rows, dtype=np.intp)), rows


def detect_locally(
    detector: Detector, pixels: Pixels, boxes: Floats, taken: Floats
) -> tuple[Faces, list[int]]:
    """Detect faces around where they should be; return them, and the rows they belong to.

    Args:
        detector: looks at small parts of the image only.
        pixels: the image.
        boxes: ``(n, 4)`` px, where they should be.
        taken: ``(m, 4)`` px, where other faces are.
    """
    faces, rows = Faces.none(), []
    for row, box in enumerate(boxes):
        side = float(sides(box[None])[0])
        middle, reach = middles(box[None])[0], (0.5 + SEARCH_RADIUS) * side
        left, top = np.clip(middle - reach, 0, pixels.shape[1::-1]).astype(int).tolist()
        right, bottom = np.clip(middle + reach, 0, pixels.shape[1::-1]).astype(int).tolist()
        if right <= left or bottom <= top:
            continue
        part = np.ascontiguousarray(pixels[top:bottom, left:right])
        found = detector.detect([part], max(side / AS_SMALL, detector.min_face_px))[0]
        corner = np.array([left, top], np.float32)
        found = Faces(found.box + np.tile(corner, 2), found.landmarks + corner, found.confidence)
        others = np.concatenate([taken, faces.box])
        found = found.take(iou(found.box, others).max(axis=1, initial=0.0) < SAME)
        if len(found.box):
            away = np.abs(middles(found.box) - middle).sum(axis=1)
            faces = faces.join(found.take(np.array([away.argmin()])))
            rows.append(row)
    return faces, rows


def sides(boxes: Floats) -> Floats:
    """Return the longer side of each box, ``(n,)`` px.

    Examples:
        >>> sides(np.array([[0, 10, 10, 30]], np.float32)).tolist()
        [20.0]
    """
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=1.0), dtype=np.float32)


def middles(boxes: Floats) -> Floats:
    """Return the middle of each box, ``(n, 2)`` px.

    Examples:
        >>> middles(np.array([[0, 10, 10, 30]], np.float32)).tolist()
        [[5.0, 20.0]]
    """
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2, dtype=np.float32)
