"""Tracks: what speaks for them, and in which order they come."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from features.faces.detect import Floats

AS_LONG = 0.9  # of the longest track: as long as that one
REPEATED, LONE = 0.6, 0.05  # of the doubt that a photograph allows


@dataclass
class Evidence:
    """What the detections say of one track.

    Attributes:
        shot: which one it is in; tracks end at hard cuts.
        times: when it was detected, seconds.
        confidences: how surely, each time.
        n_missed: detections that didn't find it, though it might have been there.
        looks: the sum of what it looked like.
        boxes: where it was detected first and last.
    """

    shot: int = 0
    times: list[float] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)
    n_missed: int = 0
    looks: Floats | None = None
    boxes: list[Floats] = field(default_factory=list)
    _missed: int = 0  # since it was found last

    def add(self, time_sec: float, confidence: float, looks: Floats, box: Floats) -> None:
        """Note a detection."""
        self.boxes = [*self.boxes[:1], box]
        self.times.append(time_sec)
        self.confidences.append(confidence)
        self.looks = looks if self.looks is None else self.looks + looks
        self.n_missed, self._missed = self.n_missed + self._missed, 0

    def miss(self) -> None:
        """Note a detection that didn't find it; it counts only if a later one does."""
        self._missed += 1

    @property
    def mean_looks(self) -> Floats:
        """What it looked like, in the mean over the detections."""
        assert self.looks is not None
        return np.asarray(self.looks / len(self.times), np.float32)

    @property
    def probability(self) -> float:
        """Whether it is a face at all: half way from the mean confidence to the best.

        Detections that missed it count as 0.
        """
        mean = sum(self.confidences) / max(len(self.confidences) + self.n_missed, 1)
        return (mean + max(self.confidences, default=0.0)) / 2

    def is_person(self, sensitivity: float, *, is_still: bool) -> bool:
        """Return whether there is enough evidence.

        Args:
            sensitivity: in [0, 1]: how far from 1 the probability may be in a photograph. A track
                had many chances to look like a face, and may be a part of that away; one that was
                detected only once, though the clip goes on, hardly at all.
            is_still: there was nothing but one image.
        """
        share = 1.0 if is_still else REPEATED if len(self.times) > 1 else LONE
        return self.probability >= 1 - share * sensitivity


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
