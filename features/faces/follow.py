"""All faces of a stream of frames: detected now and then, followed in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotiw.core.media import VideoFrame
from features.faces.detect import Detector, Faces, Follower
from features.faces.local_search import MIN_STAY, detect_locally, follow_locally, middles, sides
from features.faces.shots import Shots, Thumbnail, changed_share, thumbnail
from features.faces.track import Expected, Tracker, iou

SURE = 0.5  # a face that was there in the frame before may be less sure than a new one
SURE_UNSEEN = 0.9  # … in a frame where the detection has not found it
SURELY_FOUND = 1.2  # times the smallest face that is looked for, and more
MAX_UNSEEN = 2  # detections in a row that may miss a face that can be followed
MUCH = 0.5  # of the image, changed: time to detect again
FINE_EVERY = 4  # detections; the others look for larger faces only …
COARSER = 2  # … by so much, in a quarter of the time
STEP = 3  # frames from one look at a face to the next, where it moves evenly
FAR = 0.15  # … and how far the face may move from one look to the next
UNEVEN = 0.06  # of a face's side: how far a point may be from where even motion would bring it


@dataclass
class Seen:
    """The faces of one frame.

    Attributes:
        picture: the frame.
        numbers: the track of each face.
        faces: where they are.
        is_detected: the detector has looked at this frame; if not, they were followed here.
    """

    picture: VideoFrame
    numbers: list[int]
    faces: Faces
    is_detected: bool

    def add(self, numbers: list[int], faces: Faces) -> None:
        """Add faces that were found later."""
        self.numbers = self.numbers + numbers
        self.faces = self.faces.join(faces)


class FaceSequence:
    """Gives every face of every frame, a few frames later than it gets the frames.

    The detector looks at the first frame of a shot, at one frame in every ``stride``, and where
    the image has changed; for the smallest faces in every fourth of these frames. In between,
    faces are followed: looked at in every third frame, and in those between where they don't move
    evenly; the detector looks for one that got lost around where it was. A face that is new in a
    detection is followed back through the frames since the one before.

    Args:
        detector: finds faces; one that can't follow them looks at every frame.
        smallest_px: the smallest face to look for.
        stride: frames from one detection to the next, at most.
        max_gap: frames that a face may be missing and still be the same track.
    """

    def __init__(
        self, detector: Detector, *, smallest_px: float, stride: int, max_gap: int
    ) -> None:
        self._detector = detector
        self._follower = detector if isinstance(detector, Follower) and stride > 1 else None
        self._smallest_px = max(smallest_px, detector.min_face_px)
        self._stride = stride if self._follower is not None else 1
        self._tracker = Tracker(max_gap, memory=self._stride)
        self._shots = Shots()
        self._waiting: list[Seen] = []
        self._open: list[Seen] = []  # the last of these, not looked at yet
        self._last: Seen | None = None  # of this shot, looked at
        self._since = 0  # frames since the last detection
        self._at_detection: Thumbnail | None = None
        self._n_detections = -1  # in this shot, after the first

    def push(self, picture: VideoFrame) -> Iterator[Seen]:
        """Take the next frame; yield those that are done."""
        now = thumbnail(picture.pixels)
        is_cut = self._shots.is_cut(now)
        if is_cut:
            yield from self.flush()
        self._since += 1
        is_due = is_cut or self._is_due(now)
        if not is_due and len(self._open) < STEP - 1:
            self._open.append(Seen(picture, [], Faces.none(), is_detected=False))
            self._waiting.append(self._open[-1])
            return
        if is_due:
            seen = self._detect(picture, is_cut=is_cut)
            self._since, self._at_detection = 0, now
            self._close(seen)
            self._join_fast(seen)
            self._fill_back(seen)
            yield from self.flush()
            yield seen
        else:
            seen = self._follow(picture)
            self._close(seen)
            self._waiting.append(seen)
        self._last = seen

    def flush(self) -> Iterator[Seen]:
        """Yield the frames that are still waiting for a detection; the clip, or a shot, is over."""
        self._close(None)
        yield from self._waiting
        self._waiting, self._last = [], None

    def _is_due(self, now: Thumbnail) -> bool:
        if self._at_detection is None or self._since >= self._stride:
            return True
        is_early = self._since <= self._stride // 3
        return not is_early and changed_share(self._at_detection, now) > MUCH

    def _detect(self, picture: VideoFrame, *, is_cut: bool) -> Seen:
        expected = self._expected(picture, max_unseen=MAX_UNSEEN)
        self._n_detections = 0 if is_cut else self._n_detections + 1
        is_fine = self._follower is None or self._n_detections % FINE_EVERY == 0
        smallest_px = self._smallest_px * (1 if is_fine else COARSER)
        found = self._detector.detect([picture.rgb], smallest_px)[0]
        numbers = self._tracker.update(picture.index, found.box, is_cut=is_cut)
        seen = Seen(picture, numbers, found, is_detected=True)
        if self._follower is None or is_cut:
            return seen
        is_missed = np.array([n not in numbers for n in expected.numbers], dtype=bool)
        is_too_small = sides(expected.box) < SURELY_FOUND * smallest_px
        for is_unseen in (True, False):
            missed = np.flatnonzero(is_missed & (is_too_small != is_unseen))
            sure = SURE_UNSEEN if is_unseen else SURE
            taken = seen.faces.box
            faces, rows = follow_locally(
                self._follower, picture.pixels, expected.box[missed], taken, sure
            )
            kept = [expected.numbers[missed[row]] for row in rows]
            self._tracker.follow(picture.index, kept, faces.box, is_unseen=is_unseen)
            seen.add(kept, faces)
        return seen

    def _expected(self, picture: VideoFrame, *, max_unseen: int = 1_000_000) -> Expected:
        if self._last is None:
            return Expected([], Faces.none().box)
        return self._tracker.expected(
            picture.index, since=self._last.picture.index, max_unseen=max_unseen
        )

    def _follow(self, picture: VideoFrame) -> Seen:
        """Return the faces of the last frame looked at in this one."""
        expected = self._expected(picture)
        faces, rows = follow_locally(
            self._follower, picture.pixels, expected.box, np.zeros((0, 4)), SURE
        )
        lost = _others(rows, expected)
        if lost and self._open:
            slowly, left = self._walked_to(picture, [expected.numbers[row] for row in lost], faces)
            faces, rows = faces.join(slowly), rows + [lost[row] for row in left]
            lost = _others(rows, expected)
        if lost:
            back, left = detect_locally(
                self._detector, picture.pixels, expected.box[lost], faces.box
            )
            faces, rows = faces.join(back), rows + [lost[row] for row in left]
        numbers = [expected.numbers[row] for row in rows]
        self._tracker.follow(picture.index, numbers, faces.box, is_unseen=False)
        return Seen(picture, numbers, faces, is_detected=False)

    def _walked_to(
        self, picture: VideoFrame, numbers: list[int], taken: Faces
    ) -> tuple[Faces, list[int]]:
        """Follow faces frame by frame through those left out; return them, and which they are."""
        assert self._last is not None
        places = [self._last.numbers.index(number) for number in numbers]
        left, boxes = list(range(len(numbers))), self._last.faces.box[places]
        speed = np.zeros_like(boxes)
        faces = Faces.none()
        for one in [*(seen.picture for seen in self._open), picture]:
            others = taken.box if one is picture else np.zeros((0, 4))
            faces, kept = follow_locally(self._follower, one.pixels, boxes + speed, others, SURE)
            speed = np.tile(middles(faces.box) - middles(boxes[kept]), 2).astype(np.float32)
            left, boxes = [left[row] for row in kept], faces.box
        return faces, left

    def _close(self, after: Seen | None) -> None:
        """Say where the faces are in the frames that were left out since the last look.

        Args:
            after: the frame that follows them; None where they are the end.
        """
        before, left_out, self._open = self._last, self._open, []
        if before is None or not left_out or not before.numbers:
            return
        numbers, boxes = before.numbers, before.faces.box
        if after is not None:
            places = {number: row for row, number in enumerate(after.numbers)}
            rows = [row for row, number in enumerate(numbers) if number in places]
            start = before.faces.take(np.array(rows, dtype=np.intp))
            end = after.faces.take(np.array([places[numbers[row]] for row in rows], dtype=np.intp))
            is_even = _is_even(start, end)
            for place, seen in enumerate(left_out, 1):
                share = np.float32(place / (len(left_out) + 1))
                between = Faces(*(a + share * (b - a) for a, b in zip(start, end, strict=True)))
                even = np.flatnonzero(is_even)
                seen.add([numbers[rows[row]] for row in even], between.take(even))
            done = {rows[row] for row in np.flatnonzero(is_even)}
            boxes = boxes.copy()
            boxes[rows] = (start.box + end.box) / 2
            left = [row for row in range(len(numbers)) if row not in done]
            numbers, boxes = [numbers[row] for row in left], boxes[left]
        for seen in left_out:
            faces, rows = follow_locally(
                self._follower, seen.picture.pixels, boxes, seen.faces.box, SURE
            )
            numbers, boxes = [numbers[row] for row in rows], faces.box
            seen.add(numbers, faces)

    def _join_fast(self, seen: Seen) -> None:
        """Give a face that is new in a detection the number of the one that was just before it.

        A face that moves too fast to be expected where it is now was still followed, frame by
        frame, through those that had been left out.
        """
        if not self._waiting:
            return
        before = self._waiting[-1]
        old = [row for row, number in enumerate(before.numbers) if number not in seen.numbers]
        new = [row for row, number in enumerate(seen.numbers) if number not in before.numbers]
        overlap = iou(seen.faces.box[new], before.faces.box[old])
        while overlap.size and overlap.max() >= MIN_STAY:
            row, column = np.unravel_index(overlap.argmax(), overlap.shape)
            known = before.numbers[old[column]]
            self._tracker.join(seen.numbers[new[row]], known)
            seen.numbers[new[row]] = known
            overlap[row], overlap[:, column] = 0, 0

    def _fill_back(self, seen: Seen) -> None:
        """Follow the faces that are new in this frame back towards the last detection."""
        if not self._waiting:
            return
        new = [r for r, n in enumerate(seen.numbers) if n not in self._waiting[-1].numbers]
        numbers, boxes = [seen.numbers[row] for row in new], seen.faces.box[new]
        first = {n: (seen.picture.index, box) for n, box in zip(numbers, boxes, strict=True)}
        speed = np.zeros_like(boxes)
        for earlier in reversed(self._waiting):
            open_ends = [row for row, n in enumerate(numbers) if n not in earlier.numbers]
            numbers = [numbers[row] for row in open_ends]
            boxes, speed = boxes[open_ends], speed[open_ends]
            faces, rows = follow_locally(
                self._follower, earlier.picture.pixels, boxes + speed, earlier.faces.box, SURE
            )
            numbers = [numbers[row] for row in rows]
            step = np.tile(middles(faces.box) - middles(boxes[rows]), 2)
            speed = (0.6 * speed[rows] + 0.4 * step).astype(np.float32)
            boxes = faces.box
            earlier.add(numbers, faces)
            first |= {n: (earlier.picture.index, b) for n, b in zip(numbers, boxes, strict=True)}
        for number, (index, box) in first.items():
            if index == seen.picture.index:
                continue
            known = self._tracker.rejoin(number, index, box)
            for one in [*self._waiting, seen]:
                one.numbers = [known if n == number else n for n in one.numbers]


def _others(rows: list[int], expected: Expected) -> list[int]:
    return [row for row in range(len(expected.numbers)) if row not in rows]


def _is_even(start: Faces, end: Faces) -> npt.NDArray[np.bool_]:
    """Return which faces move without turning or changing, so that those between are known."""
    moved = end.landmarks - start.landmarks
    shift = np.median(moved, axis=1, keepdims=True)
    side = sides(start.box)
    changed = np.abs(moved - shift).max(axis=(1, 2), initial=0.0)
    return np.asarray(
        (changed < UNEVEN * side) & (np.abs(shift).max(axis=(1, 2), initial=0.0) < FAR * side)
    )
