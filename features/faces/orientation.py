"""Clips that lie on their side or stand on their head, without a word of it in the file.

Detectors are taught upright faces: in such a clip they find none, or some whose points are the
wrong way up, and a network makes confident nonsense of them. So where a clip has no face, or one
that stands on its head, a few of its images are looked at in all four ways. If faces are found in
one of them alone, or far more surely, the whole clip is searched like that, and the ledger says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from emotiw.core.face_tracks import FaceTracks, Origin
from emotiw.core.media import VideoFrame
from features.faces.detect import Detector, Faces

N_LOOKED_AT = 5  # images of a clip
LESS_DOUBT = 10  # times: as much surer than as it is must a turned image be
UPRIGHT_DEG = 60  # from straight down to the mouth: what leans further lies or stands on its head
MOST_DOUBT = 0.5  # of a face, over the images looked at
WONDER = 0.9999  # of confidence: less, and a face may stand on its head unknown to its points


def lean_deg(landmarks: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return how far each face leans from upright: 0 to 180 degrees.

    Args:
        landmarks: ``(n, 5, 2)`` px, eyes, nose, corners of the mouth.

    Examples:
        >>> face = np.array([[[0, 0], [2, 0], [1, 1], [0, 2], [2, 2]]])
        >>> lean_deg(face).tolist(), lean_deg(-face).tolist(), lean_deg(face[..., ::-1]).tolist()
        ([0.0], [180.0], [90.0])
    """
    points = landmarks.astype(np.float64)
    down = points[:, 3:].mean(axis=1) - points[:, :2].mean(axis=1)
    return np.asarray(np.abs(np.degrees(np.arctan2(down[:, 0], down[:, 1]))))


def seems_turned(tracks: FaceTracks, detector: Detector) -> bool:
    """Return whether it is worth looking at a clip in other ways: no face, or one askew.

    Of a detector whose points look upright whatever it sees, a face that it is not quite sure of.
    """
    main = (tracks.track == 0) & (tracks.origin != Origin.FALLBACK)
    if not main.any() or np.median(lean_deg(tracks.landmarks[main])) > UPRIGHT_DEG:
        return True
    return not detector.points_tell_up and float(tracks.confidence[main].mean()) < WONDER


def turn_of(
    pictures: Sequence[npt.NDArray[np.uint8]], detector: Detector, smallest_px: float
) -> int:
    """Return by how many quarter turns to the left the images of a clip are upright.

    0 where faces are found as they are, or in no way surely.

    Args:
        pictures: a few of the clip, ``(height, width, 3)`` RGB of one size.
        detector: finds faces.
        smallest_px: the smallest face to look for.
    """
    doubt = np.ones(4)
    for turns in range(4):
        ways = [np.ascontiguousarray(np.rot90(picture, turns)) for picture in pictures]
        found = detector.detect(ways, smallest_px)
        doubt[turns] = np.mean([1 - _surest_upright(faces) for faces in found])
    best = int(doubt.argmin())
    is_better = doubt[best] <= MOST_DOUBT and LESS_DOUBT * doubt[best] <= doubt[0]
    return best if is_better else 0


def _surest_upright(faces: Faces) -> float:
    is_upright = lean_deg(faces.landmarks) <= UPRIGHT_DEG
    return float(faces.confidence[is_upright].max(initial=0.0))


def turned(frame: VideoFrame, turns: int) -> VideoFrame:
    """Return a frame turned to the left by so many quarters."""
    if not turns:
        return frame
    return replace(frame, pixels=np.ascontiguousarray(np.rot90(frame.rgb, turns)))


def spread_out(frames: Iterable[VideoFrame], n_frames: int) -> list[npt.NDArray[np.uint8]]:
    """Return a few images of a clip of so many frames, evenly spread."""
    wanted = set(np.linspace(0, n_frames - 1, min(N_LOOKED_AT, n_frames)).round().astype(int))
    return [frame.rgb for frame in frames if frame.index in wanted]


def turned_back(tracks: FaceTracks, turns: int, size: tuple[int, int]) -> FaceTracks:
    """Return tracks that were found in turned images in px of the images as they were.

    Crops stay as they are: upright.

    Args:
        tracks: found in images that :func:`turned` made.
        turns: quarter turns to the left.
        size: width and height of the images as they were.
    """
    rotation, shift = _from_turned(turns, size)
    corners = tracks.box.reshape(-1, 2, 2).astype(np.float64) @ rotation.T + shift
    box = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    # p' = R⁻¹ (p - s), and then what cut the crop out of the turned image
    linear = tracks.transform[:, :, :2].astype(np.float64) @ rotation.T  # R is orthogonal
    moved = tracks.transform[:, :, 2:] - (linear @ shift[:, None])
    return replace(
        tracks,
        frame_size=size,
        box=box.astype(np.float32),
        landmarks=(tracks.landmarks.astype(np.float64) @ rotation.T + shift).astype(np.float32),
        transform=np.concatenate([linear, moved], axis=2).astype(np.float32),
    )


def _from_turned(turns: int, size: tuple[int, int]) -> tuple[npt.NDArray[np.float64], ...]:
    """Return rotation and shift from px of a turned image to px of the image as it was."""
    width, height = size
    rotation, shift = {
        0: ([[1, 0], [0, 1]], [0, 0]),
        1: ([[0, -1], [1, 0]], [width - 1, 0]),
        2: ([[-1, 0], [0, -1]], [width - 1, height - 1]),
        3: ([[0, 1], [-1, 0]], [0, height - 1]),
    }[turns]
    return np.array(rotation, np.float64), np.array(shift, np.float64)
