"""All faces of a stream of frames: detected now and then, followed in between both ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from emotiw.core.media import VideoFrame
from features.faces.detect import FLOOR, Detector, Faces, Floats
from features.faces.flow import Moved, flow_picture, moved
from features.faces.looks import likeness, looks_of
from features.faces.pairing import ALIKE, SAME_PLACE, Step, Track, pairs_of
from features.faces.reidentify import same_people
from features.faces.shots import Shots, thumbnail
from features.faces.track import Evidence, iou
from features.faces.two_ways import shares_of_later

SAME = 0.4  # two faces of a frame that overlap so much are one
COAST_SEC = 0.5  # for so long a face is followed that no detection confirms
MOST_WAITING = 64  # frames that wait for the next detection
LOST_SHARE = 0.34  # of the faces, lost at once: time to detect again
CALM, IN_PLACE = 2, 0.6  # times longer until the next detection, where all faces overlap so much
EARLY = 0.4  # of the time from one detection to the next, at least


@dataclass
class Seen:
    """The faces of one frame.

    Attributes:
        picture: the frame.
        numbers: the track of each face.
        faces: where they are.
        is_detected: whether the detector found it here; if not, it was followed.
    """

    picture: VideoFrame
    numbers: list[int] = field(default_factory=list)
    faces: Faces = field(default_factory=Faces.none)
    is_detected: list[bool] = field(default_factory=list)


class FaceSequence:
    """Gives every face of every frame, up to one detection later than it gets the frames.

    The detector looks at the first and the last frame of a shot, and at one every so often; half as
    often where nobody has come or gone and all faces are where following says. In between, faces
    move as the optical flow of a few of their points does: forwards from one detection, backwards
    from the next. What both ways agree on is one track, and blended; what only one way leads to
    needs to look alike too; a face that was lost is looked for where the camera's motion has put
    it. Without a detection nothing is followed for longer than half a second.
    Tracks end at hard cuts.

    Args:
        detector: finds faces.
        smallest_px: the smallest face to look for.
        detect_every_sec: from one detection to the next, at most; 0 detects in every frame.
        max_gap_sec: for so long a face may be missing and still be the same track.

    Attributes:
        evidence: what speaks for each track, by its number.
    """

    def __init__(
        self,
        detector: Detector,
        *,
        smallest_px: float,
        detect_every_sec: float,
        max_gap_sec: float,
    ) -> None:
        self._detector = detector
        self._smallest_px = max(smallest_px, detector.min_face_px)
        self._every_sec = detect_every_sec
        self._max_gap_sec = max_gap_sec
        self._shots = Shots()
        self._steps: list[Step] = []  # the last frame that was detected in, and those since
        self._tracks: list[Track] = []  # in the order of the faces of each step
        self._is_calm = False
        self._n_detections = self._n_cuts = 0
        self.evidence: dict[int, Evidence] = {}

    def push(self, picture: VideoFrame) -> Iterator[Seen]:
        """Take the next frame; yield those that are done."""
        flow = flow_picture(picture.pixels)
        last = self._steps[-1] if self._steps else None
        faces = moved(last.flow, flow, last.faces) if last else Moved.start(Faces.none())
        if self._shots.is_cut(thumbnail(picture.pixels), faces.held):
            yield from self.flush()
            faces = Moved.start(Faces.none())
            self._n_cuts += 1
        self._steps.append(Step(picture, flow, faces))
        if len(self._steps) == 1 or self._is_due():
            yield from self._detect()

    def flush(self) -> Iterator[Seen]:
        """Yield the frames that are still waiting for a detection; the clip, or a shot, is over."""
        if len(self._steps) > 1:
            yield from self._detect()
        self._steps, self._tracks = [], []

    def persons(self, sensitivity: float, *, across_gaps: bool) -> dict[int, int]:
        """Return the tracks that are persons, and which person each is.

        Args:
            sensitivity: see :meth:`Evidence.is_person`.
            across_gaps: know people again by their looks after a gap or a cut; otherwise each
                track is a person.
        """
        kept = {
            number: evidence
            for number, evidence in self.evidence.items()
            if evidence.is_person(sensitivity, is_still=self._n_detections == 1)
        }
        return same_people(kept) if across_gaps else {number: number for number in kept}

    def false_track_score(self, persons: Iterable[int]) -> float:
        """Return the share of tracks that may be expected to be no faces, by their evidence."""
        doubts = [1 - self.evidence[number].probability for number in persons]
        return round(float(np.mean(doubts)), 4) if doubts else 0.0

    def _is_due(self) -> bool:
        first, before, now = self._steps[0], self._steps[-2], self._steps[-1]
        since_sec = now.picture.time_sec - first.picture.time_sec
        step_sec = now.picture.time_sec - before.picture.time_sec
        patience = CALM if self._is_calm else 1
        if (
            since_sec + step_sec / 2 >= patience * self._every_sec
            or len(self._steps) > MOST_WAITING
        ):
            return True
        lost = before.faces.is_sure & ~now.faces.is_sure
        n_sure = int(first.faces.is_sure.sum())
        is_early = since_sec < EARLY * self._every_sec
        return bool(lost.any()) and not is_early and lost.sum() >= LOST_SHARE * n_sure

    def _detect(self) -> Iterator[Seen]:
        """Detect in the last frame, and say who is who in those since the last detection."""
        steps, tracks = self._steps, self._tracks
        picture = steps[-1].picture
        found = self._detector.detect([picture.rgb], self._smallest_px)[0]
        found = found.take(found.confidence >= FLOOR)
        self._n_detections += 1
        looks = looks_of(picture.rgb, found.box)
        back = self._backwards(found)
        pairs = pairs_of(steps, tracks, back, found, looks, max_gap_sec=self._max_gap_sec)
        owner = {column: row for row, column in pairs}
        numbers = [
            tracks[owner[column]].number if column in owner else self._new_number()
            for column in range(len(found.box))
        ]
        seen = [Seen(step.picture) for step in steps]
        self._fill(seen, back, found, numbers, owner)
        yield from seen[1:] if len(seen) > 1 else seen
        self._go_on(found, looks, numbers, owner)

    def _new_number(self) -> int:
        number = len(self.evidence)
        self.evidence[number] = Evidence(self._n_cuts)
        return number

    def _backwards(self, found: Faces) -> list[Moved]:
        """Return where the faces found were in each frame since the last detection.

        Where all are where following forwards has led, that is the way they came.
        """
        end = self._steps[-1].faces
        in_place = iou(end.box, found.box) * end.is_sure[:, None] >= IN_PLACE  # (tracks, found)
        is_one = bool((in_place.sum(axis=0) == 1).all() and (in_place.sum(axis=1) == 1).all())
        self._is_calm = is_one and len(found.box) > 0
        if self._is_calm:
            rows = in_place.argmax(axis=0)
            off, points_off = found.box - end.box[rows], found.landmarks - end.landmarks[rows]
            ways = [step.faces for step in self._steps]
            return [
                Moved(
                    way.box[rows] + off,
                    way.landmarks[rows] + points_off,
                    way.step[rows],
                    way.is_sure[rows],
                    way.camera,
                )
                for way in ways
            ]
        back = [Moved.start(found)]
        for after, before in zip(self._steps[:0:-1], self._steps[-2::-1], strict=True):
            back.append(moved(after.flow, before.flow, back[-1]))
        return back[::-1]

    def _fill(
        self,
        seen: list[Seen],
        back: list[Moved],
        found: Faces,
        numbers: list[int],
        owner: dict[int, int],
    ) -> None:
        """Put the faces into the frames since the last detection, and into the last one."""
        first_sec, last_sec = (one.picture.time_sec for one in (seen[0], seen[-1]))
        seen[-1].numbers, seen[-1].faces = list(numbers), found
        seen[-1].is_detected = [True] * len(numbers)
        alone = [row for row in range(len(self._tracks)) if row not in owner.values()]
        drifted = self._drifted(alone)
        later = self._shares_of_later(back, found, owner)
        ways = zip(seen[1:], self._steps[1:], back[1:], later[1:], strict=True)
        for one, step, behind, shares in ways:
            time_sec = one.picture.time_sec
            share = np.float32((time_sec - first_sec) / max(last_sec - first_sec, 1e-9))
            is_last = one is seen[-1]
            rows: list[tuple[int, Floats, Floats, float]] = []
            late: list[tuple[int, Floats, Floats, float]] = []
            for column, number in enumerate(numbers if not is_last else []):
                sure = float(found.confidence[column])
                coming = behind.box[column], behind.landmarks[column]
                row = owner.get(column)
                if row is None:
                    if behind.is_sure[column] and last_sec - time_sec <= COAST_SEC:
                        late.append((number, *coming, sure))
                    continue
                going = step.faces.box[row], step.faces.landmarks[row]
                sure = float((1 - share) * self._tracks[row].confidence + share * sure)
                is_forth, is_back = bool(step.faces.is_sure[row]), bool(behind.is_sure[column])
                overlap = iou(going[0][None], coming[0][None])[0, 0]
                if is_forth and is_back and overlap >= SAME_PLACE:
                    part = shares[column]
                    box, points = (a + part * (b - a) for a, b in zip(going, coming, strict=True))
                    rows.append((number, box, points, sure))
                elif is_forth or is_back:
                    nearer = coming if is_back and (share > 0.5 or not is_forth) else going
                    rows.append((number, *nearer, sure))
            for row in alone:
                track = self._tracks[row]
                is_there = step.faces.is_sure[row] and (share < 0.5 or row not in drifted)
                if is_there and time_sec - track.seen_sec <= COAST_SEC:
                    place = step.faces.box[row], step.faces.landmarks[row]
                    late.append((track.number, *place, track.confidence))
            _add(one, rows)
            _add(one, late, only_free=True)

    def _shares_of_later(self, back: list[Moved], found: Faces, owner: dict[int, int]) -> Floats:
        """Return ``(frames, found)``: how far the way back is believed, of faces with an owner."""
        shares = np.zeros((len(back), len(found.box)), np.float32)
        columns, rows = list(owner), list(owner.values())
        shares[:, columns] = shares_of_later(
            np.array([step.picture.time_sec for step in self._steps]),
            np.stack([step.faces.landmarks[rows] for step in self._steps]),
            np.stack([way.landmarks[columns] for way in back]),
            (found.box[columns, 2:] - found.box[columns, :2]).max(axis=1),
        )
        return shares

    def _drifted(self, rows: list[int]) -> set[int]:
        """Return which of the tracks that no detection confirms have come to look otherwise."""
        last = self._steps[-1]
        sure = [row for row in rows if last.faces.is_sure[row]]
        looks = looks_of(last.picture.rgb, last.faces.box[sure])
        drifted = {
            row
            for row, look in zip(sure, looks, strict=True)
            if likeness(self._tracks[row].looks[None], look[None])[0, 0] < ALIKE
        }
        last.faces.is_sure[list(drifted)] = False
        return drifted

    def _go_on(
        self, found: Faces, looks: Floats, numbers: list[int], owner: dict[int, int]
    ) -> None:
        """Begin anew at the last frame, with the faces found there and those that may come back."""
        last, now_sec = self._steps[-1], self._steps[-1].picture.time_sec
        for column, number in enumerate(numbers):
            seen = looks[column], found.box[column]
            self.evidence[number].add(now_sec, float(found.confidence[column]), *seen)
        left = [
            row
            for row, track in enumerate(self._tracks)
            if row not in owner.values() and now_sec - track.seen_sec <= self._max_gap_sec
        ]
        for row in left:
            self.evidence[self._tracks[row].number].miss()
        tracks = [self._tracks[row] for row in left]
        for column, number in enumerate(numbers):
            look = looks[column]
            sure = float(found.confidence[column])
            tracks.append(Track(number, now_sec, now_sec, sure, look))
        new, old = Moved.start(found), last.faces
        step = new.step.copy()
        for column, row in owner.items():
            step[column] = old.step[row]
        faces = Moved(
            np.concatenate([old.box[left], new.box]),
            np.concatenate([old.landmarks[left], new.landmarks]),
            np.concatenate([old.step[left], step]),
            np.concatenate([old.is_sure[left], new.is_sure]),
            old.camera,
        )
        self._tracks, self._steps = tracks, [last._replace(faces=faces)]


def _add(
    seen: Seen, rows: list[tuple[int, Floats, Floats, float]], *, only_free: bool = False
) -> None:
    """Add followed faces to a frame; those ``only_free`` only where no other face is."""
    for number, box, points, confidence in rows:
        if only_free and iou(box[None], seen.faces.box).max(initial=0.0) >= SAME:
            continue
        one = Faces(box[None], points[None], np.array([confidence], np.float32))
        seen.numbers.append(number)
        seen.faces = seen.faces.join(one)
        seen.is_detected.append(False)
