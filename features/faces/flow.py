"""Faces moved from one frame to the next by the optical flow of a few of their points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from emotiw.core.media.lazy_pictures import Pixels, grey_of
from features.faces.detect import Faces, Floats

LONG_SIDE = 640  # px of the picture that flow is computed in, at most
WINDOW, LEVELS = 11, 2  # px around a point that are compared; halvings of the picture
STEPS, PRECISION = 10, 0.03  # of the search for where a point has gone
INNER = (0.25, 0.5, 0.75)  # of a box: where its points are
CAMERA_GRID = (6, 4)  # points all over the picture
STRAY = 1.0  # px of that picture: how far a point may come back from where it started
ENOUGH = 4  # of nine points
STILL = 2.0  # grey levels: what changes less hasn't moved
ODD_ONE = 0.15  # of a box: how far a point may move otherwise than most
MOST_GROWTH, MOST_TURN = 1.1, 0.15  # from one frame to the next; turn in radians


@dataclass(frozen=True)
class FlowPicture:
    """A frame, small and grey, as flow is computed from it.

    Attributes:
        grey: ``(height, width)`` uint8.
        scale: from px of the frame to px of the picture.
    """

    grey: npt.NDArray[np.uint8]
    scale: float


class Moved(NamedTuple):
    """Faces on their way through the frames.

    Attributes:
        box: ``(n, 4)`` px.
        landmarks: ``(n, 5, 2)`` px.
        step: ``(n, 2)`` px: how far they came in the last frame.
        is_sure: ``(n,)`` bool: enough points came back to where they started, so far.
        camera: ``(2,)`` px: how far most of the picture moved in the last frame.
        held: the share of points all over the picture that came back.
    """

    box: Floats
    landmarks: Floats
    step: Floats
    is_sure: npt.NDArray[np.bool_]
    camera: Floats
    held: float = 1.0

    @classmethod
    def start(cls, faces: Faces) -> Moved:
        """Return faces that are where they were found."""
        n = len(faces.box)
        still = np.zeros((n, 2), np.float32)
        return cls(faces.box, faces.landmarks, still, np.ones(n, bool), np.zeros(2, np.float32))


def flow_picture(pixels: Pixels) -> FlowPicture:
    """Return what the flow from and to a frame is computed from."""
    import cv2

    grey = grey_of(pixels)
    height, width = grey.shape
    scale = min(1.0, LONG_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.ascontiguousarray(grey)
    if scale < 1:
        small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.uint8)
    return FlowPicture(small, scale)


def moved(before: FlowPicture, after: FlowPicture, faces: Moved) -> Moved:
    """Return where faces are one frame later, or earlier; all in one pass.

    A face keeps its place, moved as the camera has, once too few of its points can be trusted.
    """
    rows = np.flatnonzero(faces.is_sure)
    height, width = before.grey.shape
    across, down = CAMERA_GRID
    grid = np.stack(
        np.meshgrid((np.arange(across) + 0.5) / across, (np.arange(down) + 0.5) / down), axis=-1
    ).reshape(-1, 2) * (width, height)
    shares = np.stack(np.meshgrid(INNER, INNER), axis=-1).reshape(-1, 2)  # (9, 2)
    boxes = faces.box[rows].astype(np.float64) * before.scale
    sides = boxes[:, 2:] - boxes[:, :2]
    inner = boxes[:, None, :2] + shares * sides[:, None]  # (rows, 9, 2)
    n_inner = inner.size // 2
    points = np.concatenate([inner.reshape(-1, 2), grid]).astype(np.float32)
    guess = points.copy()
    guess[:n_inner] += np.repeat(faces.step[rows] * before.scale, len(shares), axis=0)
    guess[n_inner:] += faces.camera * before.scale
    there, came_back = _flow(before, after, points, guess)
    shift = there - points

    far = shift[n_inner:][came_back[n_inner:]]
    camera = np.median(far, axis=0) if len(far) >= len(grid) // 3 else np.zeros(2)
    box, landmarks = faces.box.copy(), faces.landmarks.copy()
    step = np.tile(camera / before.scale, (len(box), 1)).astype(np.float32)
    box += np.tile(step, 2)
    landmarks += step[:, None]
    is_sure = faces.is_sure.copy()
    if len(rows):
        start = inner.astype(np.float64)
        end = there[:n_inner].reshape(-1, len(shares), 2).astype(np.float64)
        good = came_back[:n_inner].reshape(-1, len(shares))
        middle = _medians(end - start, good)  # (rows, 2)
        away = np.abs(end - start - middle[:, None]).max(axis=2)
        good &= away < np.maximum(1.0, ODD_ONE * sides.max(axis=1))[:, None]
        is_enough = good.sum(axis=1) >= ENOUGH
        few = rows[~is_enough]
        is_sure[few] = _are_still(before, after, faces.box[few], box[few])
        kept = np.flatnonzero(is_enough)
        to = rows[kept]
        shift_px, turn = _similarity(start[kept], end[kept], good[kept])
        here = faces.box[to].astype(np.float64)
        centre = (here[:, :2] + here[:, 2:]) / 2
        gone = shift_px / before.scale  # the points' middle is the box's
        reach = (here[:, 2:] - here[:, :2]) / 2 * np.abs(turn)[:, None]
        box[to] = np.concatenate([centre + gone - reach, centre + gone + reach], axis=1)
        around = faces.landmarks[to] - centre[:, None]
        landmarks[to] = _turned(around, turn[:, None]) + (centre + gone)[:, None]
        step[to] = gone
    camera_px = (camera / before.scale).astype(np.float32)
    return Moved(box, landmarks, step, is_sure, camera_px, len(far) / len(grid))


def _are_still(
    before: FlowPicture, after: FlowPicture, boxes: Floats, there: Floats
) -> npt.NDArray[np.bool_]:
    """Return which parts of the picture look as before, but for the camera: flow needs texture."""
    is_still = np.zeros(len(boxes), dtype=bool)
    ends = [
        np.round(sides.astype(np.float64) * before.scale).astype(int) for sides in (boxes, there)
    ]
    height, width = before.grey.shape
    for row, (old, new) in enumerate(zip(*ends, strict=True)):
        is_inside = min(*old[:2], *new[:2]) >= 0 and max(old[2], new[2]) <= width
        if not is_inside or max(old[3], new[3]) > height:
            continue
        wide, high = np.maximum(old[2:] - old[:2], 1)
        first = before.grey[old[1] : old[1] + high, old[0] : old[0] + wide].astype(np.int16)
        second = after.grey[new[1] : new[1] + high, new[0] : new[0] + wide]
        if first.shape == second.shape and first.size:
            is_still[row] = np.abs(first - second).mean() < STILL
    return is_still


def _flow(
    before: FlowPicture, after: FlowPicture, points: Floats, guess: Floats
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    import cv2

    told: dict[str, Any] = {
        "winSize": (WINDOW, WINDOW),
        "maxLevel": LEVELS,
        "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, STEPS, PRECISION),
        "flags": cv2.OPTFLOW_USE_INITIAL_FLOW,
    }
    ways = before.grey, after.grey
    there, found, _ = cv2.calcOpticalFlowPyrLK(*ways, points, guess.copy(), **told)
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(
        *ways[::-1], there, there - (guess - points), **told
    )
    stray = np.abs(back - points).max(axis=1)
    good = (stray < STRAY) & (found.ravel() == 1) & (found_back.ravel() == 1)
    return np.asarray(there, np.float32), np.asarray(good)


def _medians(
    shift: npt.NDArray[np.float64], good: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return the median ``(n, 2)`` of those of ``(n, 9, 2)`` that are good."""
    filled = np.sort(np.where(good[..., None], shift, np.inf), axis=1)
    half = np.maximum(good.sum(axis=1) - 1, 0) // 2
    other = good.sum(axis=1) // 2
    n = np.arange(len(shift))
    middle = (filled[n, half] + filled[n, np.minimum(other, filled.shape[1] - 1)]) / 2
    return np.where(np.isfinite(middle), middle, 0.0)


def _similarity(
    start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], good: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.complex128]]:
    """Return how far the middle of ``(n, 9, 2)`` points goes, and growth and turn as one number."""
    z, w = start @ np.array([1, 1j]), end @ np.array([1, 1j])
    n = good.sum(axis=1)
    z_mean, w_mean = (z * good).sum(axis=1) / n, (w * good).sum(axis=1) / n
    away, gone = (z - z_mean[:, None]) * good, (w - w_mean[:, None]) * good
    turn = (away.conj() * gone).sum(axis=1) / np.maximum((np.abs(away) ** 2).sum(axis=1), 1e-9)
    size = np.clip(np.abs(turn), 1 / MOST_GROWTH, MOST_GROWTH)
    angle = np.clip(np.angle(turn), -MOST_TURN, MOST_TURN)
    turn = size * np.exp(1j * angle)
    middle = z.mean(axis=1)
    shift = w_mean + turn * (middle - z_mean) - middle
    return np.stack([shift.real, shift.imag], axis=1), turn


def _turned(
    vectors: npt.NDArray[np.floating], turn: npt.NDArray[np.complex128]
) -> npt.NDArray[np.float64]:
    z = (vectors @ np.array([1, 1j])) * turn
    return np.stack([z.real, z.imag], axis=-1)
