"""All faces of a stream of frames: detected now and then, followed in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotiw.core.media import VideoFrame
from features.faces.detect import Detector, Faces, Floats, Follower
from features.faces.shots import Glance, Shots, changed_share, glance
from features.faces.track import Tracker, iou

SURE = 0.5  # a face that was there in the frame before may be less sure than a new one
SURE_UNSEEN = 0.9  # … in a frame where the detection has not found it
MAX_UNSEEN = 2  # detections in a row that may miss a face that can be followed
MIN_STAY = 0.3  # overlap of a followed face with where it was looked for
SAME = 0.4  # two faces that overlap so much are one
MUCH = 0.5  # of the picture, changed: time to detect again


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
    the picture has changed or a face was lost. In between, faces are followed; a face that is new
    in a detection is followed back through the frames since the one before.

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
        self._tracker = Tracker(max_gap)
        self._shots = Shots()
        self._waiting: list[Seen] = []
        self._since = 0  # frames since the last detection
        self._at_detection: Glance | None = None
        self._has_lost = False  # a face, since then

    def push(self, picture: VideoFrame) -> Iterator[Seen]:
        """Take the next frame; yield those that are done."""
        now = glance(picture.rgb)
        is_cut = self._shots.is_cut(now)
        if is_cut:
            yield from self.flush()
        self._since += 1
        seen = None if is_cut or self._is_due(now) else self._follow(picture)
        if seen is None:
            seen = self._detect(picture, is_cut=is_cut)
            self._since, self._at_detection, self._has_lost = 0, now, False
            self._fill_back(seen)
            yield from self.flush()
            yield seen
        else:
            self._waiting.append(seen)

    def flush(self) -> Iterator[Seen]:
        """Yield the frames that are still waiting for a detection; the clip, or a shot, is over."""
        yield from self._waiting
        self._waiting = []

    def _is_due(self, now: Glance) -> bool:
        if self._at_detection is None or self._since >= self._stride:
            return True
        return self._may_repeat() and changed_share(self._at_detection, now) > MUCH

    def _may_repeat(self) -> bool:
        return self._since > self._stride // 3

    def _detect(self, picture: VideoFrame, *, is_cut: bool) -> Seen:
        expected = self._tracker.expected(picture.index, max_unseen=MAX_UNSEEN)
        found = self._detector.detect([picture.rgb], self._smallest_px)[0]
        numbers = self._tracker.update(picture.index, found.box, is_cut=is_cut)
        seen = Seen(picture, numbers, found, is_detected=True)
        if self._follower is not None and not is_cut:
            missed = [row for row, n in enumerate(expected.numbers) if n not in numbers]
            boxes = expected.box[missed]
            faces, rows = self._looked_for(picture.rgb, boxes, seen.faces.box, SURE_UNSEEN)
            kept = [expected.numbers[missed[row]] for row in rows]
            self._tracker.follow(picture.index, kept, faces.box, is_unseen=True)
            seen.add(kept, faces)
        return seen

    def _follow(self, picture: VideoFrame) -> Seen | None:
        """Return the faces of the frame before in this one; None if one of them got lost."""
        expected = self._tracker.expected(picture.index)
        faces, rows = self._looked_for(picture.rgb, expected.box, np.zeros((0, 4)), SURE)
        self._has_lost |= len(rows) < len(expected.numbers)
        if self._has_lost and self._may_repeat():
            return None
        numbers = [expected.numbers[row] for row in rows]
        self._tracker.follow(picture.index, numbers, faces.box, is_unseen=False)
        return Seen(picture, numbers, faces, is_detected=False)

    def _fill_back(self, seen: Seen) -> None:
        """Follow the faces that are new in this frame back towards the last detection."""
        if not self._waiting:
            return
        new = [r for r, n in enumerate(seen.numbers) if n not in self._waiting[-1].numbers]
        numbers, boxes = [seen.numbers[row] for row in new], seen.faces.box[new]
        speed = np.zeros_like(boxes)
        for earlier in reversed(self._waiting):
            open_ends = [row for row, n in enumerate(numbers) if n not in earlier.numbers]
            numbers = [numbers[row] for row in open_ends]
            boxes, speed = boxes[open_ends], speed[open_ends]
            faces, rows = self._looked_for(
                earlier.picture.rgb, boxes + speed, earlier.faces.box, SURE
            )
            numbers = [numbers[row] for row in rows]
            step = np.tile(_middle(faces.box) - _middle(boxes[rows]), 2)
            speed = (0.6 * speed[rows] + 0.4 * step).astype(np.float32)
            boxes = faces.box
            earlier.add(numbers, faces)

    def _looked_for(
        self,
        rgb: npt.NDArray[np.uint8],
        boxes: Floats,
        taken: npt.NDArray[np.floating],
        sure: float,
    ) -> tuple[Faces, list[int]]:
        """Return the faces that are near where they should be, and the rows they belong to."""
        if not len(boxes) or self._follower is None:
            return Faces.none(), []
        faces = self._follower.follow(rgb, boxes)
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


def _middle(boxes: Floats) -> Floats:
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2, dtype=np.float32)
