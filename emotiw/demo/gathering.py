"""Several people in one image, whose feelings together make the mood of the group."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from emotiw.demo.appearance import draw_person
from emotiw.demo.backdrop import Camera, draw_camera, draw_place, put_moving
from emotiw.demo.damage import Damage
from emotiw.demo.emotions import Difficulty
from emotiw.demo.expressions import animate, draw_expression
from emotiw.demo.motion import draw_head_motion
from emotiw.demo.synthetic_clip import Performance
from emotiw.demo.voice import SAMPLING_RATE, draw_voice, speak

MOODS = ("Positive", "Neutral", "Negative")
# what people of each mood feel
FEELINGS = {
    "Positive": ("Happy",),
    "Neutral": ("Neutral",),
    "Negative": ("Angry", "Disgust", "Fear", "Sad"),
}
FEWEST, MOST = 2, 6
FRONT_DISSENTS = 0.6  # how often the largest face is one that doesn't share the group's mood
SPEAKERS = 3  # at most, at a time
WARMTH = {"Positive": 1.0, "Neutral": 0.0, "Negative": -1.0}
WARMTH_NOISE = 0.8  # standard deviation of the warmth of the light
DESIGN_WIDTH = 640.0  # px of the scene that the places below are meant for


@dataclass(frozen=True)
class GroupRecipe:
    """All that an image or a clip of a group depends on.

    Attributes:
        seed: numbers that no other has.
        cast: numbers that it shares with others of the same people and place.
        label: the mood of the group.
        difficulty: how plainly each one shows what they feel.
        size: width and height, px; four to three.
        n_frames: 1 for a photograph.
        fps: frames per second of a clip.
        damage: what is wrong with it.
    """

    seed: tuple[int, ...]
    cast: tuple[int, ...]
    label: str
    difficulty: Difficulty
    size: tuple[int, int]
    n_frames: int = 1
    fps: int = 15
    damage: Damage = Damage.NONE


def draw_feelings(mood: str, n_people: int, rng: np.random.Generator) -> list[str]:
    """Return what each member of a group feels, the one in front first.

    More than half share the mood. Of three or more at least one doesn't, and the one in front,
    whose face is the largest, often is of these: looking at the largest face alone misleads.

    Examples:
        >>> draw_feelings("Positive", 2, np.random.default_rng(0))
        ['Happy', 'Happy']
        >>> draw_feelings("Neutral", 3, np.random.default_rng(0)).count("Neutral")
        2
    """
    fewest = n_people // 2 + 1
    n_sharing = int(rng.integers(fewest, max(n_people - 1, fewest) + 1))
    others = [other for other in MOODS if other != mood]
    moods = [mood] * n_sharing
    moods += [others[rng.integers(len(others))] for _ in range(n_people - n_sharing)]
    back = list(rng.permutation(n_people))
    dissenting = [person for person in back if moods[person] != mood]
    sharing = [person for person in back if moods[person] == mood]
    front = (dissenting if dissenting and rng.random() < FRONT_DISSENTS else sharing)[0]
    order = [front, *(person for person in back if person != front)]
    return [str(rng.choice(FEELINGS[moods[person]])) for person in order]


def draw_places(
    n_people: int, size: tuple[int, int], rng: np.random.Generator
) -> list[tuple[float, float, float]]:
    """Return x and y of each one's eyes (px) and their scale, the one in front first.

    The others stand in a row behind, so that no head hides a face.
    """
    unit, n_back = size[0] / DESIGN_WIDTH, n_people - 1
    places = [(rng.uniform(190, 450), rng.uniform(290, 315), rng.uniform(0.74, 0.86))]
    step = 620 / max(n_back, 2)
    first = 320 - step * (n_back - 1) / 2
    for position in range(n_back):
        x = first + position * step + rng.uniform(-6, 6)
        places.append((x, rng.uniform(85, 100), rng.uniform(0.46, 0.56)))
    return [(unit * x, unit * y, unit * scale) for x, y, scale in places]


def perform_group(recipe: GroupRecipe) -> Performance:
    """Return the images and the sound of a group; an empty place where there is no face."""
    rng, camera_rng = (
        np.random.default_rng(child) for child in np.random.SeedSequence(recipe.seed).spawn(2)
    )
    cast_rng = np.random.default_rng(recipe.cast)
    n_people = int(cast_rng.integers(FEWEST, MOST + 1))
    people = [draw_person(cast_rng) for _ in range(n_people)]
    place, camera = draw_place(recipe.size, cast_rng), draw_camera(recipe.size, cast_rng)
    feelings = draw_feelings(recipe.label, n_people, rng)
    camera = _in_mood(camera, recipe.label, rng)
    speakers = set(rng.permutation(n_people)[:SPEAKERS].tolist())
    duration = recipe.n_frames / recipe.fps
    waveform = np.zeros(round(max(duration, 1.0) * SAMPLING_RATE), np.float32)
    acts = []
    for number, feeling in enumerate(feelings):
        loudness = np.zeros(recipe.n_frames, np.float32)
        if number in speakers:
            voice = draw_voice(feeling, recipe.difficulty, rng)
            speech = speak(voice, len(waveform) / SAMPLING_RATE, rng)
            waveform += speech.waveform[: len(waveform)] / np.float32(np.sqrt(len(speakers)))
            at = np.arange(recipe.n_frames) * SAMPLING_RATE // recipe.fps
            loudness = speech.loudness[at].astype(np.float32)
        height = draw_expression(feeling, recipe.difficulty, rng)
        expressions = animate(feeling, height, loudness, recipe.fps, rng)
        acts.append((expressions, draw_head_motion(recipe.n_frames, recipe.fps, rng)))
    places = draw_places(n_people, recipe.size, rng)
    frames = []
    for frame in range(recipe.n_frames):
        scene = place.copy()
        # from the back to the front
        for person, (x, y, scale), (expressions, head) in reversed(
            list(zip(people, places, acts, strict=True))
        ):
            if recipe.damage is Damage.NO_FACE:
                continue
            amounts = expressions[frame]
            put_moving(scene, person, amounts, head, frame, at=(x, y), scale=scale, sway=scale)
        frames.append(camera.take(scene, camera_rng))
    if recipe.damage is Damage.SILENT:
        waveform = np.zeros_like(waveform)
    return Performance(frames, waveform)


def _in_mood(camera: Camera, mood: str, rng: np.random.Generator) -> Camera:
    """Return the camera in a warmer and brighter, or a colder and darker, light."""
    warmth = WARMTH[mood] + rng.normal(0, WARMTH_NOISE)
    tint = 1 + 0.06 * warmth * np.array((2.0, 1.0, -1.0), np.float32)
    return replace(camera, gain=camera.gain * np.clip(tint, 0.6, 1.4).astype(np.float32))
