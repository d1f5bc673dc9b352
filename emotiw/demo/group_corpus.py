"""A synthetic corpus of groups: photographs in the layout of GAF, clips in that of VGAF.

As little to do with real groups as ``emotiw.demo.corpus`` with real emotions: an accuracy on it
says that individuals, scene and sound come together in one answer, and nothing about people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from emotiw.core.clip import Split
from emotiw.core.files import atomic_write
from emotiw.demo.contents import (
    MOST_PER_LABEL,
    DemoClip,
    DemoCorpus,
    check_numbers,
    claim,
    make_missing,
    scattered,
    write_notes,
)
from emotiw.demo.damage import Damage
from emotiw.demo.emotions import Difficulty
from emotiw.demo.gathering import MOODS, GroupRecipe

VERSION = 2  # raised whenever the images change
STILL_SIZE, CLIP_SIZE = (640, 480), (480, 360)
FPS = 5  # a second or more of everyone's expression, in as few images as will do
FEWEST_FRAMES, MOST_FRAMES = 5, 7
STILL_FOLDERS: dict[Split, str] = {"train": "train", "val": "val", "test": "test"}
CLIP_FOLDERS: dict[Split, str] = {"train": "Train", "val": "Val", "test": "Test"}
STILLS, CLIPS = 0, 1  # what keeps the seeds of the two apart
# one each, beside the whole ones; a test clip without faces still has its scene and its sound
STILL_DAMAGES: tuple[tuple[Split, str, Damage], ...] = (
    ("train", "Neutral", Damage.NO_FACE),
    ("test", "Positive", Damage.NO_FACE),
    ("test", "Negative", Damage.NO_FACE),
)
CLIP_DAMAGES: tuple[tuple[Split, str, Damage], ...] = (
    ("train", "Negative", Damage.NO_FACE),
    ("train", "Positive", Damage.UNREADABLE),
    ("test", "Positive", Damage.NO_FACE),
    ("test", "Neutral", Damage.NO_AUDIO),
    ("test", "Negative", Damage.SILENT),
)
# as people name photographs; the last is a PNG file, whatever it says
STILL_NAMES = (
    "groupphoto{number}.jpg",
    "screen shot 2017-02-23 at {number}.png",
    "réunion_de_famille_{number}.jpg",
    "groupphoto{number}.JPG",
    "21_{number}.jpeg",
    "Straße & Café {number}.jpg",
    "groupphoto{number}.jpg",
)
LYING_NAME = len(STILL_NAMES) - 1


@dataclass(frozen=True)
class GroupCorpus:
    """The two corpora that were written.

    Attributes:
        stills: ``train/<label>/<picture>``, ``val/<label>/<picture>``, flat ``test/<picture>``.
        clips: ``Train/<video>_<number>.mp4`` and ``Val/…`` with ``Train_labels.txt`` and
            ``Val_labels.txt`` (1 Positive, 2 Neutral, 3 Negative), and ``Test/Test_<number>.mp4``.
    """

    stills: DemoCorpus
    clips: DemoCorpus


def make_group_corpus(
    folder: Path,
    *,
    n_train_per_label: int = 12,
    n_val_per_label: int = 5,
    n_test_per_label: int = 5,
    seed: int = 0,
    workers: int = 1,
    difficulty: Difficulty | None = None,
) -> GroupCorpus:
    r"""Write ``folder/stills`` and ``folder/clips``, or the rest of them after an interruption.

    Two to six people each; the label is the mood of more than half of them, often not of the one
    in front. Light and voices lean towards the label too. Names are as troublesome as in the real
    data, and a few images and clips are damaged, on top of the given numbers. As in
    :func:`emotiw.demo.corpus.make_corpus` a file depends on its own numbers alone.

    Args:
        folder: made where it is missing.
        n_train_per_label: photographs, and as many clips, of each of the three labels.
        n_val_per_label: the same for validation.
        n_test_per_label: the same for the test.
        seed: another one gives other groups.
        workers: processes.
        difficulty: how far faces and voices stray from what is typical of a feeling.

    Raises:
        ConfigError: if a number makes no sense, or the folder holds something else.
        MediaError: if a file could not be made.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     corpus = make_group_corpus(
        ...         Path(folder), n_train_per_label=0, n_val_per_label=0, n_test_per_label=0
        ...     )
        ...     (Path(folder) / "clips" / "Train_labels.txt").read_text()
        'Vid_name Label\n'
    """
    difficulty = difficulty or Difficulty()
    counts: dict[Split, int] = {
        "train": n_train_per_label,
        "val": n_val_per_label,
        "test": n_test_per_label,
    }
    check_numbers(counts, seed)
    settings = {
        "version": VERSION,
        "seed": seed,
        "clips_per_label": counts,
        "difficulty": asdict(difficulty),
    }
    parts = []
    for name, folders, plan in (
        ("stills", STILL_FOLDERS, _planned_stills),
        ("clips", CLIP_FOLDERS, _planned_clips),
    ):
        claim(folder / name, settings, list(folders.values()))
        planned = list(plan(folder / name, counts, seed, difficulty))
        make_missing(_make, {clip.path: (clip.path, *how) for clip, how in planned}, workers)
        corpus = DemoCorpus(folder / name, tuple(clip for clip, _ in planned))
        write_notes(corpus)
        parts.append(corpus)
    stills, clips = parts
    _write_labels(clips)
    return GroupCorpus(stills, clips)


def _planned_stills(
    folder: Path, counts: dict[Split, int], seed: int, difficulty: Difficulty
) -> Iterator[tuple[DemoClip, tuple[GroupRecipe, str]]]:
    for split, label, number, damage in _numbered(counts, STILL_DAMAGES):
        code = _code(split, label, number, damage)
        style = int(scattered(code, seed, 9)[:3]) % len(STILL_NAMES)
        name = STILL_NAMES[style].format(number=scattered(code, seed, 7))
        encoding = ".png" if style == LYING_NAME or name.endswith(".png") else ".jpg"
        if (split, label, damage) == ("train", "Positive", Damage.NONE) and number < 2:
            # one name with two extensions, as happens in the real data
            encoding = (".jpg", ".png")[number]
            name = f"family-get-together-002{encoding}"
        place = folder / STILL_FOLDERS[split]
        path = (place if split == "test" else place / label) / name
        recipe = GroupRecipe(
            seed=(seed, STILLS, code),
            cast=(seed, STILLS, code, 1),
            label=label,
            difficulty=difficulty,
            size=STILL_SIZE,
            damage=damage,
        )
        yield DemoClip(path.stem, split, label, path, damage), (recipe, encoding)


def _planned_clips(
    folder: Path, counts: dict[Split, int], seed: int, difficulty: Difficulty
) -> Iterator[tuple[DemoClip, tuple[GroupRecipe, str]]]:
    for split, label, number, damage in _numbered(counts, CLIP_DAMAGES):
        code = _code(split, label, number, damage)
        video = _code(split, label, number // 2, damage)  # two clips of each
        clip_id = f"{int(scattered(video, seed, 6))}_{number % 2}"
        if split == "test":
            # in no order that would tell the label
            order = np.random.default_rng((seed, CLIPS, number)).permutation(len(MOODS))
            place = number * len(MOODS) + int(order[MOODS.index(label)]) + 1
            clip_id = f"Test_{place if damage is Damage.NONE else MOST_PER_LABEL * 10 + place}"
        rng = np.random.default_rng((seed, CLIPS, code, 2))
        recipe = GroupRecipe(
            seed=(seed, CLIPS, code),
            cast=(seed, CLIPS, video, 1),
            label=label,
            difficulty=difficulty,
            size=CLIP_SIZE,
            n_frames=int(rng.integers(FEWEST_FRAMES, MOST_FRAMES + 1)),
            fps=FPS,
            damage=damage,
        )
        path = folder / CLIP_FOLDERS[split] / f"{clip_id}.mp4"
        yield DemoClip(clip_id, split, label, path, damage), (recipe, ".mp4")


def _numbered(
    counts: dict[Split, int], damages: tuple[tuple[Split, str, Damage], ...]
) -> Iterator[tuple[Split, str, int, Damage]]:
    """Yield split, label, number and damage of every file; damaged ones are numbered apart."""
    for split, count in counts.items():
        for label in MOODS:
            for number in range(count):
                yield split, label, number, Damage.NONE
            broken = [what for where, of, what in damages if (where, of) == (split, label)]
            for number, damage in enumerate(broken if count else []):
                yield split, label, number, damage


def _code(split: Split, label: str, number: int, damage: Damage) -> int:
    kinds = len(CLIP_FOLDERS) * len(MOODS) * 2
    place = list(CLIP_FOLDERS).index(split) * len(MOODS) + MOODS.index(label)
    return number * kinds + place * 2 + int(damage is not Damage.NONE)


def _make(job: tuple[Path, GroupRecipe, str]) -> None:
    from emotiw.demo.damage import unreadable
    from emotiw.demo.gathering import perform_group
    from emotiw.demo.voice import SAMPLING_RATE
    from emotiw.demo.writing import encode_clip, encode_still

    path, recipe, encoding = job
    if recipe.damage is Damage.UNREADABLE:
        atomic_write(path, unreadable())
        return
    shown = perform_group(recipe)
    if encoding != ".mp4":
        atomic_write(path, encode_still(shown.frames[0], encoding))
        return
    waveform = None if recipe.damage is Damage.NO_AUDIO else shown.waveform
    atomic_write(path, encode_clip(shown.frames, FPS, waveform, SAMPLING_RATE, container="mp4"))


def _write_labels(corpus: DemoCorpus) -> None:
    for split, name in (("train", "Train_labels.txt"), ("val", "Val_labels.txt")):
        rows = [
            f"{clip.clip_id} {MOODS.index(clip.label) + 1}"
            for clip in corpus.clips
            if clip.split == split
        ]
        atomic_write(corpus.folder / name, "\n".join(["Vid_name Label", *rows, ""]).encode())
