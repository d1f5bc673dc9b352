"""Synthetic motion whose truth is known: a portrait moved, turned, hidden and cut to."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import ClassVar

import cv2
import matplotlib.cbook
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from emotiw.core.media import VideoFrame
from features.faces.detect import Detector, Faces, load_detector
from features.faces.follow import FaceSequence, Seen
from features.faces.mtcnn import MtcnnDetector
from features.faces.shots import Shots, thumbnail
from features.faces.track import Tracker

SIZE = (240, 180)  # px
Picture = npt.NDArray[np.uint8]
Points = npt.NDArray[np.floating]
Placed = Callable[[int], Sequence[tuple[float, float, float]]]  # frame → (x, y, degrees) of faces


@pytest.fixture(scope="module")
def head() -> tuple[Picture, Points]:
    """A portrait's head, 100 px, in an oval, and its five points around the middle."""
    path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    portrait = np.asarray(Image.open(path).convert("RGB"))
    cutout = cv2.resize(portrait[0:320, 95:415], (100, 100), interpolation=cv2.INTER_AREA)
    faces = load_detector("mtcnn").detect([cutout], 20.0)[0]
    assert len(faces.box) == 1
    return np.asarray(cutout, np.uint8), faces.landmarks[0] - 49.5


def turned(degrees: float) -> npt.NDArray[np.float64]:
    angle = np.radians(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def scene(head: Picture, placed: Sequence[tuple[float, float, float]], seed: int = 0) -> Picture:
    noise = np.random.default_rng(seed).integers(60, 140, (9, 12, 3), dtype=np.uint8)
    picture = cv2.resize(noise, SIZE, interpolation=cv2.INTER_CUBIC)
    oval = np.zeros(head.shape[:2], np.uint8)
    cv2.ellipse(oval, (49, 49), (40, 49), 0, 0, 360, 255, -1)
    for x, y, degrees in placed:
        turn = turned(degrees)
        matrix = np.concatenate([turn, (np.array([x, y]) - turn @ [49.5, 49.5])[:, None]], axis=1)
        mask = cv2.warpAffine(oval, matrix, SIZE) > 127
        picture[mask] = cv2.warpAffine(head, matrix, SIZE)[mask]
    return np.asarray(picture, np.uint8)


def faces_of(
    pictures: Sequence[Picture],
    *,
    stride: int = 8,
    max_gap: int = 10,
    smallest_px: float = 40,
    detector: Detector | None = None,
) -> list[Seen]:
    sequence = FaceSequence(
        detector or load_detector("mtcnn"),
        smallest_px=smallest_px,
        stride=stride,
        max_gap=max_gap,
    )
    seen: list[Seen] = []
    for index, picture in enumerate(pictures):
        seen.extend(sequence.push(VideoFrame(index, index / 25, picture)))
    seen.extend(sequence.flush())
    assert [one.picture.index for one in seen] == list(range(len(pictures)))
    return seen


def distance(faces: Faces, points: Points, place: tuple[float, float, float]) -> list[float]:
    """How far each face's points are from the truth, in distances between the eyes."""
    truth = points @ turned(place[2]).T + place[:2]
    eyes = np.hypot(*(points[1] - points[0]))
    return [float(np.hypot(*(own - truth).T).mean() / eyes) for own in faces.landmarks]


def test_a_face_that_moves_is_one_track(head: tuple[Picture, Points]) -> None:
    places = [(60 + 5.0 * t, 90 + 10 * np.sin(t / 3), 0.0) for t in range(25)]
    seen = faces_of([scene(head[0], [place]) for place in places])
    assert [one.numbers for one in seen] == [[0]] * 25
    assert sum(one.is_detected for one in seen) == 4
    away = [distance(one.faces, head[1], place)[0] for one, place in zip(seen, places, strict=True)]
    assert np.median(away) < 0.05
    assert max(away) < 0.10


@pytest.mark.parametrize("stride", [4, 6, 8])
def test_who_passes_by_fast_is_one_track(head: tuple[Picture, Points], stride: int) -> None:
    # a third of the face's width a frame: where one look follows another, it is not there any more
    pictures = [scene(head[0], [(35 + 21.0 * t, 90, 0)]) for t in range(9)]
    seen = faces_of(pictures, stride=stride)
    assert [one.numbers for one in seen] == [[0]] * 9


def test_a_head_that_rolls_is_followed(head: tuple[Picture, Points]) -> None:
    angles = [25 * np.sin(t / 4) for t in range(25)]
    seen = faces_of([scene(head[0], [(120, 90, angle)]) for angle in angles])
    assert [one.numbers for one in seen] == [[0]] * 25
    eyes = [one.faces.landmarks[0, 1] - one.faces.landmarks[0, 0] for one in seen]
    tilt = np.degrees([np.arctan2(y, x) for x, y in eyes])
    still = head[1][1] - head[1][0]
    off = tilt - np.degrees(np.arctan2(still[1], still[0])) - angles
    assert np.median(np.abs(off)) < 1.5
    assert np.abs(off).max() < 4


def test_who_leaves_and_returns_soon_is_the_same(head: tuple[Picture, Points]) -> None:
    there = [not 9 <= t < 15 for t in range(26)]
    pictures = [scene(head[0], [(120, 90, 0)] if is_there else []) for is_there in there]
    assert [one.numbers for one in faces_of(pictures)] == [[0] if t else [] for t in there]
    numbers = [one.numbers for one in faces_of(pictures, max_gap=3)]
    assert numbers == [[0] if t < 9 else [1] if t >= 15 else [] for t in range(26)]


def test_who_comes_between_detections_is_followed_back(head: tuple[Picture, Points]) -> None:
    pictures = [scene(head[0], [(120, 90, 0)] if t >= 3 else []) for t in range(12)]
    seen = faces_of(pictures, stride=8)
    assert [one.is_detected for one in seen] == [t in (0, 8) for t in range(12)]
    assert [one.numbers for one in seen] == [[0] if t >= 3 else [] for t in range(12)]


def test_two_who_cross_keep_their_numbers(head: tuple[Picture, Points]) -> None:
    def placed(t: int) -> list[tuple[float, float, float]]:
        return [(190 - 4.0 * t, 84, 0), (50 + 4.0 * t, 96, 0)]  # the second one is in front

    seen = faces_of([scene(head[0], placed(t)) for t in range(36)], max_gap=20)
    for t in (0, 10, 25, 35):
        order = np.argsort([abs(x - seen[t].faces.box[0, [0, 2]].mean()) for x, *_ in placed(t)])
        if t == 0:
            first = int(order[0])
            numbers = {first: seen[0].numbers[0], 1 - first: seen[0].numbers[1]}
        for number, box in zip(seen[t].numbers, seen[t].faces.box, strict=True):
            nearest = int(np.argmin([abs(x - box[[0, 2]].mean()) for x, *_ in placed(t)]))
            assert numbers[nearest] == number, t
    assert {number for one in seen for number in one.numbers} == {0, 1}
    assert max(len(one.numbers) for one in seen) == 2


def test_no_track_crosses_a_cut(head: tuple[Picture, Points]) -> None:
    other = np.ascontiguousarray(head[0][:, ::-1])  # another person, in the same place
    pictures = [scene(head[0], [(120, 90, 0)]) for _ in range(5)]
    pictures += [255 - scene(255 - other, [(120, 90, 0)], seed=7) for _ in range(5)]
    seen = faces_of(pictures)
    assert [one.numbers for one in seen] == [[0]] * 5 + [[1]] * 5
    assert [one.is_detected for one in seen] == [t in (0, 5) for t in range(10)]


def test_light_and_motion_are_no_cut(head: tuple[Picture, Points]) -> None:
    shots, still = Shots(), scene(head[0], [(120, 90, 0)])
    flash = np.clip(still.astype(int) + 40, 0, 255).astype(np.uint8)
    pan = [np.roll(still, 2 * t, axis=1) for t in range(6)]
    assert not any(shots.is_cut(thumbnail(one)) for one in [still, still, flash, still, *pan])
    assert shots.is_cut(thumbnail(scene(head[0], [], seed=5) // 3))


def test_a_detector_that_cannot_follow_looks_at_every_frame(head: tuple[Picture, Points]) -> None:
    class Slow:
        min_face_px = 20.0
        n_looked_at = 0

        def detect(self, pictures: Sequence[Picture], smallest_px: float) -> list[Faces]:
            self.n_looked_at += len(pictures)
            return [Faces.none() for _ in pictures]

    slow = Slow()
    sequence = FaceSequence(slow, smallest_px=20, stride=8, max_gap=3)
    for index in range(6):
        list(sequence.push(VideoFrame(index, 0.0, scene(head[0], []))))
    assert slow.n_looked_at == 6


class Blind:
    """Finds and follows nothing; notes what it was asked for."""

    min_face_px = 20.0

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[int, ...], float]] = []

    def detect(self, pictures: Sequence[Picture], smallest_px: float) -> list[Faces]:
        self.asked += [(picture.shape, smallest_px) for picture in pictures]
        return [Faces.none() for _ in pictures]

    def follow(self, picture: Picture, boxes: Points) -> Faces:
        return Faces.none()


def test_the_smallest_faces_are_looked_for_in_every_fourth_detection() -> None:
    blind, still = Blind(), np.full((180, 240, 3), 90, np.uint8)
    sequence = FaceSequence(blind, smallest_px=24, stride=2, max_gap=3)
    for index in range(13):
        list(sequence.push(VideoFrame(index, 0.0, still)))
    fine, coarse = (still.shape, 24.0), (still.shape, 48.0)
    assert blind.asked == [fine, coarse, coarse, coarse, fine, coarse, coarse]
    list(sequence.push(VideoFrame(13, 0.0, 255 - scene(still, []))))  # a cut
    assert blind.asked[7:] == [fine]


def test_a_small_face_is_followed_through_detections_of_larger_ones(
    head: tuple[Picture, Points],
) -> None:
    pictures = [scene(head[0], [(100 + t, 90, 0)]) for t in range(20)]
    small = [np.asarray(cv2.resize(picture, (80, 60)), np.uint8) for picture in pictures]
    seen = faces_of(small, smallest_px=24, stride=4, max_gap=3)
    assert np.ptp(seen[0].faces.box[0, [1, 3]]) < 24
    assert sum(one.is_detected for one in seen) == 5
    assert [one.numbers for one in seen] == [[0]] * 20


def test_who_jumps_is_looked_for_around_where_they_were(head: tuple[Picture, Points]) -> None:
    class Noting(MtcnnDetector):
        asked: ClassVar[list[tuple[int, ...]]] = []

        def detect(self, pictures: Sequence[Picture], smallest_px: float) -> list[Faces]:
            self.asked.extend(picture.shape[:2] for picture in pictures)
            return super().detect(pictures, smallest_px)

    # two thirds of the face's width at once, too far for the network that follows it
    pictures = [scene(head[0], [(80 if t < 6 else 135, 90, 0)]) for t in range(12)]
    seen = faces_of(pictures, stride=24, detector=Noting())
    assert [one.is_detected for one in seen] == [t == 0 for t in range(12)]
    whole, *parts = Noting.asked
    assert whole == pictures[0].shape[:2]
    assert parts
    assert all(np.prod(part) < np.prod(whole) for part in parts)
    assert [one.numbers for one in seen] == [[0]] * 12
    away = [distance(one.faces, head[1], (135, 90, 0))[0] for one in seen[6:]]
    assert max(away) < 0.1


def test_frames_are_let_go(head: tuple[Picture, Points]) -> None:
    sequence = FaceSequence(load_detector("mtcnn"), smallest_px=60, stride=6, max_gap=3)
    alive: list[weakref.ref[VideoFrame]] = []
    most = n_done = 0
    for index in range(40):
        picture = VideoFrame(index, index / 25, scene(head[0], [(120, 90, 0)]))
        alive.append(weakref.ref(picture))
        n_done += sum(1 for _ in sequence.push(picture))
        del picture
        most = max(most, sum(one() is not None for one in alive))
    assert n_done >= 34
    assert most <= 8  # since the last detection, and the one that was looked at last


def test_a_gap_lasts_until_a_face_came_back_not_until_it_was_detected() -> None:
    def came_back(first: int) -> list[int]:
        tracker, box = Tracker(10, memory=8), np.array([[10, 10, 50, 60]], np.float32)
        numbers = [tracker.update(0, box)[0], tracker.update(18, box)[0]]
        return [*numbers, tracker.rejoin(numbers[1], first, box[0]), tracker.update(19, box)[0]]

    assert came_back(11) == [0, 1, 0, 0]
    assert came_back(12) == [0, 1, 1, 1]
    tracker = Tracker(10, memory=8)
    tracker.update(0, np.array([[10, 10, 50, 60]], np.float32))
    elsewhere = np.array([[90, 10, 130, 60]], np.float32)
    assert tracker.update(18, elsewhere) == [1]
    assert tracker.rejoin(1, 11, elsewhere[0]) == 1
