"""A synthetic corpus of people whose state is followed step by step: valence, arousal, and more.

Valence is to be seen in the mouth, arousal to be heard in the voice, so that each modality knows
one of the two; whether somebody smiles or is excited follows from them. Annotations come late, as
those of people do. It says nothing about real affect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emotiw.core.clip import Split
from emotiw.core.csv_rows import rows_as_csv
from emotiw.core.files import atomic_write
from emotiw.demo.contents import check_numbers, claim, make_missing, scattered

VERSION = 1  # raised whenever the clips change
SIZE = (320, 240)
FPS = 10
DURATION_SEC = 8.0
STEP_SEC = 0.2
LAG_SEC = 0.4  # so late are the annotations
BREATH_SEC = 0.8  # so long the voice keeps its manner
PACE_SEC = 0.9  # over which a state hangs together
SMILES = EXCITED = 0.3  # from here on
NOISE = 0.05  # of annotations
ANSWERS = ("valence", "arousal", "smiles", "excited")
CHALLENGE, STEPS, VIDEOS = "challenge.yaml", "annotations.csv", "videos"
CLIPS_PER_SPEAKER = 2
SPEAKERS = 1000  # what keeps their seeds apart from those of clips

Curve = npt.NDArray[np.float64]
SPEC = """\
# What is asked of the clips beside this file: four answers, five times a second.
name: demo_affect
title: Synthetic affect
year: 2026
unit: segment
task: regression
targets:
  - {name: valence, minimum: -1, maximum: 1}
  - {name: arousal, minimum: -1, maximum: 1}
  - {name: smiles, minimum: 0, maximum: 1, values: [0, 1], is_presence: true}
  - {name: excited, minimum: 0, maximum: 1, values: [0, 1], is_presence: true}
layout:
  reader: time_tables
  options: {tables: [annotations.csv], split: "{split}", group: "{speaker}", extensions: [.mp4]}
metric: ccc_and_f1
submission:
  format: table
  columns:
    - {name: clip_id, holds: id}
    - {name: time_sec, holds: id}
    - {name: valence, holds: target}
    - {name: arousal, holds: target}
    - {name: smiles, holds: target}
    - {name: excited, holds: target}
sources: [{says: made up, where: emotiw demo, certainty: assumed}]
"""


@dataclass(frozen=True)
class AffectClip:
    """One clip, from nothing but its numbers.

    Attributes:
        clip_id: the name of its file.
        split: train, val or test.
        speaker: who is in it, in no other split.
        seed: numbers that no other clip has.
        voice: numbers that its speaker's clips share.
    """

    clip_id: str
    split: Split
    speaker: str
    seed: tuple[int, ...]
    voice: tuple[int, ...]

    def curves(self) -> tuple[Curve, Curve]:
        """Return valence and arousal, ``(n_frames,)`` in [-1, 1] each, as they are in the clip."""
        from emotiw.demo.motion import smooth_noise

        rng, n_frames = np.random.default_rng((*self.seed, 0)), round(DURATION_SEC * FPS)
        pace = PACE_SEC * FPS
        valence, arousal = (np.tanh(smooth_noise(n_frames, pace, rng)) for _ in range(2))
        return valence.astype(np.float64), arousal.astype(np.float64)

    def annotations(self) -> tuple[Curve, Curve]:
        """Return ``(n_steps,)`` seconds and the ``(n_steps, 4)`` answers that annotators gave."""
        times = np.arange(0, DURATION_SEC, STEP_SEC)
        of_frames = np.arange(round(DURATION_SEC * FPS)) / FPS
        rng = np.random.default_rng((*self.seed, 1))
        told = [
            np.clip(
                np.interp(times - LAG_SEC, of_frames, c) + rng.normal(0, NOISE, len(times)), -1, 1
            )
            for c in self.curves()
        ]
        there = [told[0] > SMILES, told[1] > EXCITED]
        return times, np.column_stack([*told, *there]).astype(np.float64)


def make_affect_corpus(
    folder: Path,
    *,
    n_train: int = 12,
    n_val: int = 6,
    n_test: int = 2,
    seed: int = 0,
    workers: int = 1,
) -> tuple[AffectClip, ...]:
    """Write ``videos/<clip>.mp4``, ``annotations.csv`` and ``challenge.yaml``, or what is missing.

    The answers of test clips are left empty in the table, and stand in ``demo_truth.csv``.

    Args:
        folder: made where it is missing; may hold the same corpus, whole or in part.
        n_train: clips to learn from, two of each speaker.
        n_val: the same for validation.
        n_test: the same for the test.
        seed: another one gives other clips under other ids.
        workers: processes.

    Raises:
        ConfigError: if a number makes no sense, or the folder holds something else.
        MediaError: if a clip could not be made.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     clips = make_affect_corpus(Path(folder), n_train=0, n_val=0, n_test=0)
        ...     (Path(folder) / "annotations.csv").read_text()
        'clip_id,split,speaker,time_sec,valence,arousal,smiles,excited\\n'
    """
    counts: dict[Split, int] = {"train": n_train, "val": n_val, "test": n_test}
    check_numbers(counts, seed)
    claim(folder, {"version": VERSION, "seed": seed, "clips": counts}, [VIDEOS])
    clips = tuple(planned(counts, seed))
    make_missing(_make, {folder / VIDEOS / f"{c.clip_id}.mp4": (folder, c) for c in clips}, workers)
    atomic_write(folder / CHALLENGE, SPEC.encode())
    header = ["clip_id", "split", "speaker", "time_sec", *ANSWERS]
    known = [row for clip in clips for row in _rows(clip, hides=clip.split == "test")]
    atomic_write(folder / STEPS, rows_as_csv([header, *known]))
    truth = [row for clip in clips if clip.split == "test" for row in _rows(clip, hides=False)]
    atomic_write(folder / "demo_truth.csv", rows_as_csv([header, *truth]))
    return clips


def planned(counts: Mapping[Split, int], seed: int) -> Iterator[AffectClip]:
    """Yield the clips of a corpus, so many of each split."""
    for part, (split, count) in enumerate(counts.items()):
        for number in range(count):
            speaker = number // CLIPS_PER_SPEAKER
            numbers = (seed, part, number)
            clip_id = scattered(number * len(counts) + part, seed, 6)
            voice = (seed, part, SPEAKERS + speaker)
            yield AffectClip(clip_id, split, f"{split}_{speaker:02d}", numbers, voice)


def _rows(clip: AffectClip, *, hides: bool) -> Iterator[list[str]]:
    times, answers = clip.annotations()
    for time, row in zip(times, answers, strict=True):
        told = [""] * len(row) if hides else [f"{value:.4g}" for value in row]
        yield [clip.clip_id, clip.split, clip.speaker, f"{time:.3f}", *told]


def _make(job: tuple[Path, AffectClip]) -> None:
    folder, clip = job
    atomic_write(folder / VIDEOS / f"{clip.clip_id}.mp4", render(clip))


def render(clip: AffectClip) -> bytes:
    """Return the bytes of a clip's MP4 file."""
    from emotiw.demo.appearance import draw_person
    from emotiw.demo.backdrop import draw_camera, draw_place, put_moving
    from emotiw.demo.motion import draw_head_motion
    from emotiw.demo.voice import SAMPLING_RATE
    from emotiw.demo.writing import encode_clip

    own, rng = np.random.default_rng(clip.voice), np.random.default_rng((*clip.seed, 2))
    valence, arousal = clip.curves()
    place, camera, person = draw_place(SIZE, rng), draw_camera(SIZE, rng), draw_person(own)
    head = draw_head_motion(len(valence), FPS, rng)
    x, y, scale = rng.uniform((140, 95, 0.72), (180, 105, 0.88)).tolist()
    frames = []
    for frame, value in enumerate(valence.tolist()):
        scene = place.copy()
        put_moving(scene, person, _mouth(value), head, frame, at=(x, y), scale=scale)
        frames.append(camera.take(scene, rng))
    return encode_clip(frames, FPS, _voice(clip, arousal), SAMPLING_RATE, container="mp4")


def _mouth(valence: float) -> dict[str, float]:
    up, down = max(valence, 0.0), max(-valence, 0.0)
    return {"smile": up, "eye_narrow": 0.3 * up, "lip_drop": down, "brow_inner_up": 0.8 * down}


def _voice(clip: AffectClip, arousal: Curve) -> npt.NDArray[np.float32]:
    """Return the speaker's voice, breath by breath: loud, high and fast where aroused."""
    from emotiw.demo.voice import speak

    per_breath = round(BREATH_SEC * FPS)
    breaths = [arousal[start : start + per_breath] for start in range(0, len(arousal), per_breath)]
    told = []
    for breath in breaths:
        how = float(breath.mean())
        traits = {"energy": 1.6 * how, "pitch": 1.2 * how, "rate": how, "bright": 0.8 * how}
        told.append(speak(traits, len(breath) / FPS, np.random.default_rng(clip.voice)).waveform)
    return np.concatenate(told)
