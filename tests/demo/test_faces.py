"""The pictures: does the face do what the label says, and does a detector still see a face?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from emotiw.demo.appearance import draw_person
from emotiw.demo.damage import Damage
from emotiw.demo.emotions import LABELS, Difficulty
from emotiw.demo.expressions import TIMINGS, TYPICAL_FACE, envelope
from emotiw.demo.neutral_bust import neutral_bust
from emotiw.demo.portraits import EYE_DISTANCE, EYE_LINE, PORTRAITS, WIDTH
from emotiw.demo.synthetic_clip import ClipRecipe, perform
from emotiw.demo.warping import FaceWarper

PLAIN = Difficulty(
    face_blend=0.0, face_noise=0.0, face_intensity=(1.0, 1.0), voice_blend=0.0, voice_noise=0.0
)


@pytest.fixture(scope="module")
def detector() -> Any:
    from facenet_pytorch import MTCNN

    return MTCNN(select_largest=True)


@pytest.fixture(scope="module", params=PORTRAITS)
def warper(request: pytest.FixtureRequest) -> FaceWarper:
    return FaceWarper(neutral_bust(request.param))


def landmarks_of(detector: Any, rgb: np.ndarray) -> np.ndarray:
    """Return the five points that MTCNN sees: eyes, nose, corners of the mouth."""
    _, _, points = detector.detect(rgb, landmarks=True)
    assert points is not None
    return np.asarray(points[0], dtype=np.float64)


def test_a_bust_has_level_eyes_at_the_stated_place(warper: FaceWarper) -> None:
    left, right = warper.bust.marks.eyes
    assert np.allclose(left, (WIDTH / 2 - EYE_DISTANCE / 2, EYE_LINE), atol=2)
    assert np.allclose(right, (WIDTH / 2 + EYE_DISTANCE / 2, EYE_LINE), atol=2)


def test_no_action_leaves_the_picture_alone(warper: FaceWarper) -> None:
    assert np.array_equal(warper.render({}), warper.bust.rgb)


def test_unknown_action_is_refused(warper: FaceWarper) -> None:
    with pytest.raises(KeyError, match="smlie"):
        warper.render({"smlie": 1.0})


def test_detector_sees_a_smile_go_up_and_out_and_a_drop_go_down(
    warper: FaceWarper, detector: Any
) -> None:
    neutral = landmarks_of(detector, warper.render({}))
    smile = landmarks_of(detector, warper.render({"smile": 1.0}))
    drop = landmarks_of(detector, warper.render({"lip_drop": 1.0}))

    def width(points: np.ndarray) -> float:
        return float(points[4, 0] - points[3, 0])

    def height(points: np.ndarray) -> float:
        return float(points[3:, 1].mean() - points[:2, 1].mean())  # below the eyes

    assert width(smile) > width(neutral) + 0.05 * EYE_DISTANCE
    assert height(smile) < height(neutral) - 0.02 * EYE_DISTANCE
    assert height(drop) > height(neutral) + 0.02 * EYE_DISTANCE


def test_an_open_jaw_is_dark_between_the_lips_and_lowers_the_chin(warper: FaceWarper) -> None:
    x, y = (int(value) for value in warper.bust.marks.lips)
    closed, wide = warper.render({}), warper.render({"jaw_drop": 1.0})
    inside = np.s_[y + 6 : y + 14, x - 4 : x + 5]
    assert wide[inside].mean() < 0.6 * closed[inside].mean()
    chin = np.s_[y + 25 : y + 60, x - 10 : x + 11]
    changed = np.abs(wide[chin].astype(float) - closed[chin]).mean()
    assert changed > 5


@pytest.mark.parametrize(
    ("action", "part", "direction"),
    [
        ("brow_inner_up", "inner brow", (0, -1)),
        ("brow_lower", "inner brow", (0, 1)),
        ("brow_outer_up", "outer brow", (0, -1)),
        ("smile", "corner", (1, -1)),
        ("lip_drop", "corner", (0, 1)),
        ("lip_stretch", "corner", (1, 0)),
        ("lip_press", "corner", (-1, 0)),
        ("nose_wrinkle", "nostril", (0, -1)),
    ],
)
def test_a_dot_on_the_skin_moves_the_right_way(
    warper: FaceWarper, action: str, part: str, direction: tuple[int, int]
) -> None:
    marks = warper.bust.marks
    places = {
        "inner brow": marks.brows[:, 0],
        "outer brow": marks.brows[:, 2],
        "corner": marks.mouth,
        "nostril": marks.nostrils,
    }
    for side, place in enumerate(places[part]):
        rgb = np.full_like(warper.bust.rgb, 100)
        x, y = np.rint(place).astype(int)
        rgb[y - 1 : y + 2, x - 1 : x + 2] = 255
        bright = (warper.in_colours(rgb).render({action: 1.0})[..., 0] > 120).nonzero()
        moved = np.array([np.mean(bright[1]) - x, np.mean(bright[0]) - y])
        outwards = moved * ((-1 if side == 0 else 1), 1)
        assert np.allclose(moved, warper.carry(place[None], {action: 1.0})[0] - place, atol=1.5)
        for distance, sign in zip(outwards, direction, strict=True):
            assert sign == 0 or sign * distance > 0.03 * EYE_DISTANCE


def test_taking_off_the_smile_closes_the_mouth(detector: Any) -> None:
    from emotiw.demo.portraits import load_bust

    smiling, neutral = load_bust("astronaut"), neutral_bust("astronaut")
    x, y = (int(value) for value in smiling.marks.lips)
    teeth = np.s_[y - 3 : y + 4, x - 20 : x + 21]
    whiteness = [
        picture.rgb[teeth].astype(float).min(axis=-1).mean() for picture in (smiling, neutral)
    ]
    assert whiteness[1] < whiteness[0] - 15
    seen = [landmarks_of(detector, bust.rgb)[3:, 0] for bust in (smiling, neutral)]
    assert np.ptp(seen[1]) < np.ptp(seen[0])


def test_people_differ_and_the_same_seed_gives_the_same_person() -> None:
    one, same, other = (draw_person(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one.bust.rgb, same.bust.rgb)
    assert one.shape == same.shape
    assert one.shape != other.shape
    assert not np.array_equal(one.bust.rgb, other.bust.rgb)


def test_every_timing_begins_at_nothing_and_order_separates_surprise_from_fear() -> None:
    times = np.arange(40, dtype=np.float32) / 25
    courses = {label: envelope(timing, times) for label, timing in TIMINGS.items()}
    assert all(course[0] == 0 and course.max() > 0.95 for course in courses.values())
    assert courses["Surprise"][:15].mean() > courses["Surprise"][-15:].mean()
    assert courses["Fear"][:15].mean() < courses["Fear"][-15:].mean()


def test_every_label_has_a_face() -> None:
    assert set(TYPICAL_FACE) == set(TIMINGS) == set(LABELS)


def test_detector_finds_the_face_in_nine_of_ten_frames_of_ordinary_clips(detector: Any) -> None:
    frames = [
        frame
        for number, label in enumerate(LABELS)
        for frame in perform(ClipRecipe((3, number), label, Difficulty())).frames[::12]
    ]
    boxes, _ = detector.detect(frames)
    found = [box is not None for box in boxes]
    assert len(found) >= 21
    assert np.mean(found) >= 0.9


def test_detector_finds_no_face_where_there_is_none(detector: Any) -> None:
    recipe = ClipRecipe((4,), "Angry", Difficulty(), Damage.NO_FACE)
    frames = perform(recipe).frames[::10]
    assert all(box is None for box in detector.detect(frames)[0])


def test_a_happy_clip_ends_with_a_wider_mouth_than_it_began(detector: Any) -> None:
    widths = []
    for number in range(2):
        frames = perform(ClipRecipe((5, number), "Happy", PLAIN)).frames
        first, apex = (landmarks_of(detector, frames[at]) for at in (0, 24))
        widths.append(np.ptp(apex[3:, 0]) / np.ptp(first[3:, 0]))
    assert np.mean(widths) > 1.08
