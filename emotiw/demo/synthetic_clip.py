"""One clip of the corpus, from nothing but its seed, its label and what should be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emotiw.demo.appearance import draw_person
from emotiw.demo.backdrop import draw_camera, draw_place, put_moving
from emotiw.demo.damage import Damage, truncated, unreadable
from emotiw.demo.emotions import Difficulty
from emotiw.demo.expressions import animate, draw_expression
from emotiw.demo.motion import draw_head_motion
from emotiw.demo.portraits import Pixels
from emotiw.demo.voice import SAMPLING_RATE, draw_voice, speak
from emotiw.demo.writing import encode_clip

SIZE = (320, 240)
FPS = 25
FEWEST_FRAMES, MOST_FRAMES = 30, 50


@dataclass(frozen=True)
class ClipRecipe:
    """All that a clip depends on.

    Attributes:
        seed: numbers that no other clip has.
        label: what the clip shows.
        difficulty: how plainly.
        damage: what is wrong with it.
    """

    seed: tuple[int, ...]
    label: str
    difficulty: Difficulty
    damage: Damage = Damage.NONE


@dataclass(frozen=True)
class Performance:
    """The images and the sound of a clip before they are written.

    Attributes:
        frames: each ``(height, width, 3)`` uint8.
        waveform: ``(n_samples,)`` float32 at ``SAMPLING_RATE``.
    """

    frames: list[Pixels]
    waveform: np.ndarray[tuple[int], np.dtype[np.float32]]


def perform(recipe: ClipRecipe) -> Performance:
    """Return the images and the sound of a clip; without a person where there is no face."""
    face_rng, voice_rng, scene_rng, camera_rng = (
        np.random.default_rng(child) for child in np.random.SeedSequence(recipe.seed).spawn(4)
    )
    n_frames = int(scene_rng.integers(FEWEST_FRAMES, MOST_FRAMES + 1))
    if recipe.damage is Damage.ONE_FRAME:
        n_frames = 1
    voice = draw_voice(recipe.label, recipe.difficulty, voice_rng)
    speech = speak(voice, max(n_frames, FEWEST_FRAMES) / FPS, voice_rng)
    waveform = speech.waveform
    if recipe.damage is Damage.SILENT:
        waveform = np.zeros_like(waveform)
    at = np.minimum(np.arange(n_frames) * SAMPLING_RATE // FPS, len(speech.loudness) - 1)
    loudness = speech.loudness[at].astype(np.float32)
    place, camera = draw_place(SIZE, scene_rng), draw_camera(SIZE, scene_rng)
    person = draw_person(scene_rng)
    height = draw_expression(recipe.label, recipe.difficulty, face_rng)
    expressions = animate(recipe.label, height, loudness, FPS, face_rng)
    head = draw_head_motion(n_frames, FPS, scene_rng)
    x, y, scale = scene_rng.uniform((130, 88, 0.68), (190, 108, 0.92)).tolist()
    frames = []
    for frame, amounts in enumerate(expressions):
        scene = place.copy()
        if recipe.damage is not Damage.NO_FACE:
            put_moving(scene, person, amounts, head, frame, at=(x, y), scale=scale)
        frames.append(camera.take(scene, camera_rng))
    return Performance(frames, waveform)


def render_clip(recipe: ClipRecipe) -> bytes:
    """Return the bytes of a clip's AVI file."""
    if recipe.damage is Damage.UNREADABLE:
        return unreadable()
    shown = perform(recipe)
    waveform = None if recipe.damage is Damage.NO_AUDIO else shown.waveform
    data = encode_clip(shown.frames, FPS, waveform, SAMPLING_RATE)
    return truncated(data) if recipe.damage is Damage.TRUNCATED else data
