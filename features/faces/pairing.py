"""Which faces of a detection are those of the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from emotiw.core.media import VideoFrame
from features.faces.detect import Faces, Floats
from features.faces.flow import FlowPicture, Moved
from features.faces.looks import likeness
from features.faces.track import iou

ALIKE = 0.35  # likeness of a face that only one way of following leads to
SAME_PLACE = 0.3  # overlap of a face that was followed with one that was found
VERY_ALIKE = 0.6  # … that neither way leads to, near where it should be
NEAR = 0.8  # of its width: how far it may be from there
MAX_GROWTH = 1.6  # and how much larger or smaller


class Step(NamedTuple):
    """A frame since the last detection, and where the faces of that detection are in it."""

    picture: VideoFrame
    flow: FlowPicture
    faces: Moved


@dataclass
class Track:
    """A face that may go on: what is known of it from its last detection."""

    number: int
    seen_sec: float  # when it was detected last
    sure_sec: float  # when it was last where it should be
    confidence: float
    looks: Floats


def pairs_of(
    steps: list[Step],
    tracks: list[Track],
    back: list[Moved],
    found: Faces,
    looks: Floats,
    *,
    max_gap_sec: float,
) -> list[tuple[int, int]]:
    """Return which track each of the faces found goes on with: rows of both.

    Args:
        steps: the frames since the last detection, with the faces of the tracks.
        tracks: in the order of those.
        back: the faces found, in each of these frames.
        found: in the last of them.
        looks: of the faces found.
        max_gap_sec: for so long a face may be missing and still be the same track.
    """
    start, end = steps[0].faces, steps[-1].faces
    if not len(end.box) or not len(found.box):
        return []
    forth = iou(end.box, found.box) * end.is_sure[:, None]
    behind = iou(start.box, back[0].box) * back[0].is_sure
    alike = likeness(np.stack([track.looks for track in tracks]), looks)
    shift, growth = _apart(end.box, found.box)
    by_both = (forth >= SAME_PLACE) & (behind >= SAME_PLACE)
    by_one = ((forth >= SAME_PLACE) | (behind >= SAME_PLACE)) & (alike >= ALIKE)
    by_looks = (shift <= NEAR) & (growth <= MAX_GROWTH) & (alike >= VERY_ALIKE)
    by_looks &= _gaps(steps, tracks, back) <= max_gap_sec
    score = np.select(
        [by_both, by_one, by_looks],
        [4 + forth + behind, 2 + np.maximum(forth, behind) + alike, 1 + alike - shift],
        default=0.0,
    )
    rows, columns = np.nonzero(score > 0)
    if len({*rows}) < len(rows) or len({*columns}) < len(columns):
        from scipy.optimize import linear_sum_assignment  # a third of a second, the first time

        rows, columns = linear_sum_assignment(-score)
    matched = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(row, column) for row, column in matched if score[row, column] > 0]


def _gaps(steps: list[Step], tracks: list[Track], back: list[Moved]) -> npt.NDArray[np.float64]:
    """Return for how long each track is missing before each of the faces found, in seconds."""
    times = np.array([step.picture.time_sec for step in steps])
    forth = np.stack([step.faces.is_sure for step in steps])  # (steps, tracks)
    last = np.where(forth, times[:, None], -np.inf).max(axis=0)
    last = np.maximum(last, [track.sure_sec for track in tracks])
    for track, time_sec in zip(tracks, last.tolist(), strict=True):
        track.sure_sec = time_sec
    behind = np.stack([each.is_sure for each in back])  # (steps, found)
    first = np.where(behind, times[:, None], np.inf).min(axis=0)
    return np.asarray(first[None] - last[:, None])


def _apart(
    first: Floats, second: Floats
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return how far boxes are from each other, in widths, and how many times as large."""
    a, b = first[:, None].astype(np.float64), second[None].astype(np.float64)
    size_a = np.sqrt(np.maximum(np.prod(a[..., 2:] - a[..., :2], axis=-1), 1.0))
    size_b = np.sqrt(np.maximum(np.prod(b[..., 2:] - b[..., :2], axis=-1), 1.0))
    middles = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    shift = np.hypot(middles[..., 0], middles[..., 1]) / size_a
    return shift, np.maximum(size_a / size_b, size_b / size_a)
