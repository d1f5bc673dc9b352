"""Synthetic motion whose truth is known: a portrait moved, turned, hidden and cut to."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence

import cv2
import matplotlib.cbook
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from emotiw.core.media import VideoFrame
from features.faces.detect import Detector, Faces, load_detector
from features.faces.flow import Moved, flow_picture, moved
from features.faces.follow import COAST_SEC, MOST_WAITING, FaceSequence, Seen
from features.faces.looks import looks_of
from features.faces.mtcnn import MtcnnDetector
from features.faces.reidentify import same_people
from features.faces.shots import Shots, thumbnail
from features.faces.track import Evidence

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
    every_sec: float = 0.32,
    max_gap_sec: float = 1.0,
    detector: Detector | None = None,
    fps: float = 25.0,
) -> list[Seen]:
    sequence = FaceSequence(
        detector or load_detector("mtcnn"),
        smallest_px=40,
        detect_every_sec=every_sec,
        max_gap_sec=max_gap_sec,
    )
    seen: list[Seen] = []
    for index, picture in enumerate(pictures):
        seen.extend(sequence.push(VideoFrame(index, index / fps, picture)))
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
    assert [t for t, one in enumerate(seen) if one.is_detected[0]] == [0, 8, 24]  # calm
    away = [distance(one.faces, head[1], place)[0] for one, place in zip(seen, places, strict=True)]
    assert np.median(away) < 0.05
    assert max(away) < 0.10


def test_a_head_that_rolls_is_followed(head: tuple[Picture, Points]) -> None:
    angles = [25 * np.sin(t / 4) for t in range(25)]
    seen = faces_of([scene(head[0], [(120, 90, angle)]) for angle in angles])
    assert [one.numbers for one in seen] == [[0]] * 25
    eyes = [one.faces.landmarks[0, 1] - one.faces.landmarks[0, 0] for one in seen]
    tilt = np.degrees([np.arctan2(y, x) for x, y in eyes])
    still = head[1][1] - head[1][0]
    off = tilt - np.degrees(np.arctan2(still[1], still[0])) - angles
    assert np.median(np.abs(off)) < 1.5
    assert np.abs(off).max() < 5


def test_who_leaves_and_returns_soon_is_the_same(head: tuple[Picture, Points]) -> None:
    there = [not 9 <= t < 15 for t in range(26)]
    pictures = [scene(head[0], [(120, 90, 0)] if is_there else []) for is_there in there]
    assert [one.numbers for one in faces_of(pictures)] == [[0] if t else [] for t in there]
    numbers = [one.numbers for one in faces_of(pictures, max_gap_sec=0.1)]
    assert numbers == [[0] if t < 9 else [1] if t >= 15 else [] for t in range(26)]


def test_who_comes_between_detections_is_followed_back(head: tuple[Picture, Points]) -> None:
    pictures = [scene(head[0], [(120, 90, 0)] if t >= 3 else []) for t in range(12)]
    seen = faces_of(pictures)
    assert [one.numbers for one in seen] == [[0] if t >= 3 else [] for t in range(12)]
    assert [t for t, one in enumerate(seen) if any(one.is_detected)] == [8, 11]


def test_two_who_cross_keep_their_numbers(head: tuple[Picture, Points]) -> None:
    def placed(t: int) -> list[tuple[float, float, float]]:
        return [(190 - 4.0 * t, 84, 0), (50 + 4.0 * t, 96, 0)]  # the second one is in front

    seen = faces_of([scene(head[0], placed(t)) for t in range(36)], every_sec=0.16)
    front: set[int] = set()
    for t in (0, 10, 25, 35):
        middles = (seen[t].faces.box[:, 0] + seen[t].faces.box[:, 2]) / 2
        nearest = int(np.abs(middles - placed(t)[1][0]).argmin())
        front.add(seen[t].numbers[nearest])
    assert len(front) == 1
    assert max(sum(one.is_detected) for one in seen) == 2  # the hidden one may linger


def test_no_track_crosses_a_cut(head: tuple[Picture, Points]) -> None:
    other = np.ascontiguousarray(head[0][:, ::-1])  # another person, in the same place
    pictures = [scene(head[0], [(120, 90, 0)]) for _ in range(5)]
    pictures += [255 - scene(255 - other, [(120, 90, 0)], seed=7) for _ in range(5)]
    seen = faces_of(pictures)
    assert [one.numbers for one in seen] == [[0]] * 5 + [[1]] * 5
    assert [t for t, one in enumerate(seen) if one.is_detected[0]] == [0, 4, 5, 9]


def test_light_and_motion_are_no_cut(head: tuple[Picture, Points]) -> None:
    shots, still = Shots(), scene(head[0], [(120, 90, 0)])
    flash = np.clip(still.astype(int) + 40, 0, 255).astype(np.uint8)
    pan = [np.roll(still, 2 * t, axis=1) for t in range(6)]
    assert not any(shots.is_cut(thumbnail(one)) for one in [still, still, flash, still, *pan])
    elsewhere = thumbnail(scene(head[0], [], seed=5) // 3)
    assert not shots.is_cut(elsewhere, held=0.5)  # much has changed, but half of it is found again
    fresh = Shots()
    assert [fresh.is_cut(one, held=0.1) for one in (*[thumbnail(still)] * 3, elsewhere)] == [
        *(False,) * 3,
        True,
    ]


def test_a_fast_pan_after_stillness_ends_no_track() -> None:
    rng = np.random.default_rng(1)
    wide = cv2.resize(rng.integers(0, 256, (23, 90, 3), dtype=np.uint8), (1440, 360))
    lefts = [0] * 6 + [24 * t for t in range(1, 13)]  # 24 px of 480 a frame, all at once
    pictures = [np.ascontiguousarray(wide[:, left : left + 480]) for left in lefts]

    class Face(Blind):
        def detect(self, pictures: Sequence[Picture], smallest_px: float) -> list[Faces]:
            for picture in pictures:
                left = lefts[next(t for t, one in enumerate(shown) if one is picture)]
                box = np.array([[380 - left, 120, 440 - left, 200]], np.float32)
                found.append(box)
            five = np.tile((box[:, :2] + box[:, 2:])[:, None] / 2, (1, 5, 1)).astype(np.float32)
            return [Faces(box, five, np.ones(1, np.float32))]

    found: list[Points] = []
    shown = pictures
    seen = faces_of(pictures, detector=Face(), every_sec=0.4)
    assert {number for one in seen for number in one.numbers} == {0}
    for one, left in zip(seen, lefts, strict=True):
        assert np.allclose(one.faces.box[0, [0, 2]], [380 - left, 440 - left], atol=4)


class Blind:
    """Finds nothing; notes when it was asked."""

    min_face_px = 20.0

    def __init__(self) -> None:
        self.n_asked = 0

    def detect(self, pictures: Sequence[Picture], smallest_px: float) -> list[Faces]:
        self.n_asked += 1
        return [Faces.none() for _ in pictures]


@pytest.mark.parametrize("fps", [5.0, 25.0, 60.0])
def test_detections_are_counted_in_seconds(fps: float) -> None:
    blind, still = Blind(), np.full((180, 240, 3), 90, np.uint8)
    faces_of([still] * round(2 * fps), detector=blind, every_sec=0.4, fps=fps)
    assert blind.n_asked == 6  # at 0, 0.4, … 1.6 and in the last frame


def test_frames_that_come_unevenly_are_detected_by_their_times() -> None:
    blind = Blind()
    sequence = FaceSequence(blind, smallest_px=40, detect_every_sec=0.5, max_gap_sec=1)
    for index, time_sec in enumerate([0, 0.1, 0.2, 2.0, 2.1, 2.2, 2.3, 2.4, 2.5]):
        list(sequence.push(VideoFrame(index, time_sec, np.full((180, 240, 3), 90, np.uint8))))
    assert blind.n_asked == 3  # 0, 2.0, 2.5


def test_the_follower_never_confirms_itself_for_long(head: tuple[Picture, Points]) -> None:
    class Once(MtcnnDetector):
        n_asked = 0

        def detect(self, pictures: Sequence[Picture], smallest_px: float) -> list[Faces]:
            self.n_asked += 1
            return super().detect(pictures, smallest_px) if self.n_asked == 1 else [Faces.none()]

    pictures = [scene(head[0], [(120, 90, 0)])] * 50
    seen = faces_of(pictures, detector=Once(), max_gap_sec=2)
    there = [t for t, one in enumerate(seen) if one.numbers]
    assert there == list(range(round(COAST_SEC * 25) + 1))


def test_frames_are_let_go(head: tuple[Picture, Points]) -> None:
    sequence = FaceSequence(
        load_detector("mtcnn"), smallest_px=60, detect_every_sec=0.24, max_gap_sec=0.1
    )
    alive: list[weakref.ref[VideoFrame]] = []
    most = n_done = 0
    for index in range(40):
        picture = VideoFrame(index, index / 25, scene(head[0], [(120, 90, 0)]))
        alive.append(weakref.ref(picture))
        n_done += sum(1 for _ in sequence.push(picture))
        del picture
        most = max(most, sum(one() is not None for one in alive))
    assert n_done >= 26
    assert most <= 14  # twice 0.24 s, since the last detection, and the one that was looked at last


def test_no_more_frames_wait_than_memory_has_room_for() -> None:
    sequence = FaceSequence(Blind(), smallest_px=40, detect_every_sec=60, max_gap_sec=1)
    still, most, waiting = np.full((90, 120, 3), 90, np.uint8), 0, 0
    for index in range(200):
        waiting += 1 - sum(1 for _ in sequence.push(VideoFrame(index, index / 25, still)))
        most = max(most, waiting)
    assert most <= MOST_WAITING + 1


def test_flow_moves_grows_and_turns_a_box_as_its_picture_does() -> None:
    rng = np.random.default_rng(0)
    still = cv2.resize(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8), (480, 320))
    angle, growth, shift = 0.06, 1.05, np.array([7.0, -4.0])
    about = np.array([240.0, 160.0])
    turn = growth * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.concatenate([turn, (about + shift - turn @ about)[:, None]], axis=1)
    after = cv2.warpAffine(still, matrix, (480, 320), borderMode=cv2.BORDER_REFLECT)
    box = np.array([[210, 130, 270, 190]], np.float32)
    five = np.array([[[225, 150], [255, 150], [240, 160], [230, 175], [250, 175]]], np.float32)
    faces = Moved.start(Faces(box, five, np.ones(1, np.float32)))
    found = moved(flow_picture(np.asarray(still)), flow_picture(np.asarray(after)), faces)
    assert found.is_sure.tolist() == [True]
    # the middle goes by the shift, the sides grow
    half = 30 * growth
    middle = about + shift
    assert np.allclose(found.box[0], [*(middle - half), *(middle + half)], atol=0.5)
    truth = (five[0] - about) @ turn.T + middle
    assert np.allclose(found.landmarks[0], truth, atol=0.5)
    nowhere = moved(flow_picture(np.asarray(still)), flow_picture(255 - np.asarray(still)), faces)
    assert nowhere.is_sure.tolist() == [False]


def evidence(*confidences: float, n_missed: int = 0) -> Evidence:
    one = Evidence()
    for number, confidence in enumerate(confidences):
        for _ in range(n_missed if number == len(confidences) - 1 else 0):
            one.miss()
        one.add(float(number), confidence, np.zeros(304, np.float32), np.zeros(4, np.float32))
    return one


def test_a_track_needs_repeated_detections() -> None:
    assert not evidence(0.9).is_person(0.5, is_still=False)
    assert evidence(0.9).is_person(0.5, is_still=True)
    assert evidence(0.99).is_person(0.5, is_still=False)
    assert evidence(0.9, 0.6).is_person(0.5, is_still=False)
    assert not evidence(0.6, 0.5).is_person(0.5, is_still=False)
    # half way from the mean, 1.5 / 4, to the best
    assert evidence(0.6, 0.9, n_missed=2).probability == pytest.approx((1.5 / 4 + 0.9) / 2)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.floats(0, 1), st.floats(0, 1))
def test_more_sensitivity_never_loses_a_track(
    confidences: list[float], first: float, second: float
) -> None:
    low, high = sorted((first, second))
    one = evidence(*confidences)
    for is_still in (True, False):
        is_kept = one.is_person(low, is_still=is_still)
        assert not is_kept or one.is_person(high, is_still=is_still)


def test_a_miss_counts_once_the_face_is_found_again() -> None:
    one = evidence(0.9, 0.9)
    one.miss()
    assert one.probability == pytest.approx(0.9)
    one.add(5.0, 0.9, np.zeros(304, np.float32), np.zeros(4, np.float32))
    assert one.probability == pytest.approx((2.7 / 4 + 0.9) / 2)


def test_people_are_known_again_by_their_looks(head: tuple[Picture, Points]) -> None:
    rng = np.random.default_rng(2)
    other = np.asarray(cv2.resize(rng.integers(0, 256, (9, 9, 3), np.uint8), (100, 100)), np.uint8)

    def shown(
        picture: Picture,
        clothes: tuple[int, int, int],
        left: float = 70,
        shot: int = 0,
        red_until: int = 0,
    ) -> Evidence:
        whole = np.zeros((300, 200, 3), np.uint8)
        whole[40:140, 50:150] = picture
        whole[130:] = clothes
        whole[130:, :red_until] = red
        one = Evidence(shot)
        looks = looks_of(whole, np.array([[70, 60, 130, 130]], np.float32))[0]
        place = np.array([left, 60, left + 60, 130], np.float32)
        one.add(next(times), 0.9, looks, place)
        return one

    times = iter([1.0, 2.0, 3.0, 3.0, *[1.0, 3.0] * 3])
    red, blue = (200, 20, 20), (20, 20, 200)
    tracks = {4: shown(head[0], red), 5: shown(other, blue), 7: shown(head[0], red)}
    assert same_people(tracks) == {4: 4, 5: 5, 7: 4}
    tracks[8] = shown(head[0], red)  # who is there at once is another: then nobody can be sure
    assert same_people(tracks) == {4: 4, 5: 5, 7: 7, 8: 8}
    # who only looks similar is known again where he was lost, in the same shot
    for left, shot, person in ((100, 0, 0), (300, 0, 1), (100, 1, 1)):
        two = {0: shown(head[0], red), 1: shown(head[0], blue, left, shot, red_until=64)}
        assert same_people(two)[1] == person
