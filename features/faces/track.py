"""Who is who from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.faces.detect import Floats

MIN_OVERLAP = 0.3  # of a box with where its track should be now, in consecutive frames
MAX_SHIFT = 0.8  # after a gap: how far a face may be from where it should be, in face widths
AS_LONG = 0.9  # of the longest track: as long as that one
MAX_GROWTH = 1.6  # after a gap: how much larger or smaller a face may have become


@dataclass
class _Track:
    number: int
    frame: int
    box: npt.NDArray[np.float64]
    velocity: npt.NDArray[np.float64]
    n_unseen: int = 0  # detections in a row that have not found it, though it could be followed

    def predicted(self, frame: int) -> npt.NDArray[np.float64]:
        """Return where the box should be: it keeps its size and its speed."""
        return self.box + np.tile(self.velocity, 2) * (frame - self.frame)

    def move(self, frame: int, box: npt.NDArray[np.float64]) -> None:
        step = (box[:2] + box[2:] - self.box[:2] - self.box[2:]) / 2 / (frame - self.frame)
        self.velocity = 0.6 * self.velocity + 0.4 * step
        self.frame, self.box = frame, box


class Expected(NamedTuple):
    """Where the faces of one frame should be in the next.

    Attributes:
        numbers: of the tracks.
        box: ``(n, 4)`` float32 px.
    """

    numbers: list[int]
    box: Floats


class Tracker:
    """Gives every face of every frame the number of its track.

    A face belongs to the track whose predicted box it overlaps by at least 0.3; one that was lost
    for up to ``max_gap`` frames is taken up again near where its motion would have brought it.
    Tracks end at a cut.

    Args:
        max_gap: frames that a face may be missing and still be the same track.
        memory: frames that a new face may be followed back, for :meth:`rejoin`.
    """

    def __init__(self, max_gap: int, *, memory: int = 0) -> None:
        self._max_gap = max_gap
        self._memory = memory
        self._live: list[_Track] = []
        self._n_tracks = 0

    def update(self, frame: int, boxes: Floats, *, is_cut: bool = False) -> list[int]:
        """Return the track numbers of the ``(n, 4)`` boxes of the next frame."""
        from scipy.optimize import linear_sum_assignment

        if is_cut:
            self._live.clear()
        oldest = frame - self._max_gap - 1
        self._live = [track for track in self._live if track.frame >= oldest - self._memory]
        numbers = [-1] * len(boxes)
        exact = boxes.astype(np.float64)
        cost = np.array([[self._cost(track, frame, box) for box in exact] for track in self._live])
        if cost.size:
            for row, column in np.transpose(linear_sum_assignment(cost)).tolist():
                if cost[row, column] < FORBIDDEN:
                    track = self._live[row]
                    track.move(frame, exact[column])
                    track.n_unseen = 0
                    numbers[column] = track.number
        for column, number in enumerate(numbers):
            if number < 0:
                self._live.append(_Track(self._n_tracks, frame, exact[column], np.zeros(2)))
                numbers[column] = self._n_tracks
                self._n_tracks += 1
        return numbers

    def rejoin(self, number: int, frame: int, box: npt.NDArray[np.floating]) -> int:
        """Return the track that a new one goes on with, now that it was followed back.

        Args:
            number: the new track.
            frame: where it begins.
            box: ``(4,)`` px, where it was then.

        Returns:
            The number of the earlier track, which now ends where the new one did; or ``number``.
        """
        new = next((track for track in self._live if track.number == number), None)
        earlier = [t for t in self._live if t.number != number and t.frame < frame]
        costs = [self._cost(track, frame, box.astype(np.float64)) for track in earlier]
        if new is None or min(costs, default=FORBIDDEN) >= FORBIDDEN:
            return number
        known = earlier[int(np.argmin(costs))]
        known.frame, known.box, known.velocity = new.frame, new.box, new.velocity
        known.n_unseen = 0
        self._live.remove(new)
        return known.number

    def join(self, number: int, known: int) -> None:
        """Let a track that has just begun be one that was seen in the frame before.

        Args:
            number: the new track, which is no more.
            known: the earlier one, which goes on from there at the speed that brought it there.
        """
        tracks = {track.number: track for track in self._live}
        new, old = tracks[number], tracks[known]
        step = (new.box[:2] + new.box[2:] - old.box[:2] - old.box[2:]) / 2
        old.velocity = step / (new.frame - old.frame)
        old.frame, old.box, old.n_unseen = new.frame, new.box, 0
        self._live.remove(new)

    def _cost(self, track: _Track, frame: int, box: npt.NDArray[np.float64]) -> float:
        if frame - track.frame > self._max_gap + 1:
            return FORBIDDEN
        return _distance(track, frame, box)

    def expected(
        self, frame: int, *, since: int | None = None, max_unseen: int = 1_000_000
    ) -> Expected:
        """Return where the faces of an earlier frame should be now.

        Args:
            frame: the one to look into.
            since: the earlier one; the frame before by default.
            max_unseen: leave out tracks that so many detections in a row have not found.
        """
        since = frame - 1 if since is None else since
        tracks = [t for t in self._live if t.frame == since and t.n_unseen < max_unseen]
        boxes = np.array([track.predicted(frame) for track in tracks], np.float32)
        return Expected([track.number for track in tracks], boxes.reshape(-1, 4))

    def follow(self, frame: int, numbers: list[int], boxes: Floats, *, is_unseen: bool) -> None:
        """Note where tracks are in a frame, their faces having been followed there.

        Args:
            frame: the frame.
            numbers: the tracks.
            boxes: ``(n, 4)`` px.
            is_unseen: there was a detection in this frame, and it has not found them.
        """
        tracks = {track.number: track for track in self._live}
        for number, box in zip(numbers, boxes.astype(np.float64), strict=True):
            tracks[number].move(frame, box)
            tracks[number].n_unseen += is_unseen


FORBIDDEN = 1e6


def _distance(track: _Track, frame: int, box: npt.NDArray[np.float64]) -> float:
    expected = track.predicted(frame)
    overlap = float(iou(expected[None], box[None])[0, 0])
    if overlap >= MIN_OVERLAP:
        return 1 - overlap
    if frame - track.frame == 1:
        return FORBIDDEN
    size, seen = _size(track.box), _size(box)
    shift = float(np.hypot(*(box[:2] + box[2:] - expected[:2] - expected[2:]))) / 2 / size
    if shift > MAX_SHIFT or not 1 / MAX_GROWTH < seen / size < MAX_GROWTH:
        return FORBIDDEN
    return 1 + shift


def _size(box: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(max((box[2] - box[0]) * (box[3] - box[1]), 1e-9)))


def iou(
    first: npt.NDArray[np.floating], second: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Return the intersection over union of every box of one set with every one of another.

    Args:
        first: ``(n, 4)``, ``x_min, y_min, x_max, y_max``.
        second: ``(m, 4)``.

    Returns:
        ``(n, m)`` in [0, 1].

    Examples:
        >>> iou(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2], [5, 5, 6, 6]])).round(3).tolist()
        [[0.333, 0.0]]
    """
    a, b = first[:, None].astype(np.float64), second[None].astype(np.float64)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.prod(np.maximum(sides, 0), axis=-1)  # (n, m)
    area_a, area_b = np.prod(a[..., 2:] - a[..., :2], axis=-1), np.prod(b[..., 2:] - b[..., :2], -1)
    union = area_a + area_b - shared
    return np.asarray(np.where(union > 0, shared / np.maximum(union, 1e-12), 0.0))


def rank_tracks(
    track: npt.NDArray[np.integer],
    frame: npt.NDArray[np.integer],
    box: npt.NDArray[np.floating],
) -> list[int]:
    """Return the track numbers with the main face first.

    Longest first, then the largest mean area, then who comes first, from the left, from the top.
    Tracks that are shorter by less than a tenth count as equally long: a speaker who turned away
    for a moment comes before a small face in the background that never did.

    Args:
        track: ``(n,)`` the track of each row.
        frame: ``(n,)``.
        box: ``(n, 4)`` px.

    Examples:
        >>> boxes = np.array([[0, 0, 9, 9], [20, 0, 25, 5], [20, 0, 25, 5]])
        >>> rank_tracks(np.array([4, 7, 7]), np.array([0, 0, 1]), boxes)
        [7, 4]
    """

    def rank(number: int) -> tuple[float, ...]:
        rows = np.flatnonzero(track == number)
        first = box[rows[0]]
        area = np.prod(box[rows, 2:] - box[rows, :2], axis=-1, dtype=np.float64).mean()
        return (-float(area), int(frame[rows[0]]), float(first[0]), float(first[1]))

    numbers, lengths = np.unique(track, return_counts=True)
    left = dict(zip(numbers.tolist(), lengths.tolist(), strict=True))
    ranks = {number: rank(number) for number in left}
    order: list[int] = []
    while left:
        enough = AS_LONG * max(left.values())
        longest = [number for number, length in left.items() if length > enough]
        order.append(min(longest, key=lambda number: (ranks[number], -left[number])))
        del left[order[-1]]
    return order
