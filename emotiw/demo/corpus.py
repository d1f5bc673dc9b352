"""A synthetic audio-visual corpus in the folder layout of AFEW, to run every stage on.

Faces are two public-domain portraits, warped and recoloured; voices are pulses and noise through
formant filters. Real emotions look and sound different. An accuracy on this corpus says that the
parts of a pipeline fit together and that fusion uses both; it says nothing about how well a model
would do on people, and must not be compared with any published score.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from emotiw.core.clip import Split
from emotiw.core.files import atomic_write
from emotiw.demo.contents import (
    DemoClip,
    DemoCorpus,
    check_numbers,
    claim,
    make_missing,
    scattered,
    write_notes,
)
from emotiw.demo.damage import Damage
from emotiw.demo.emotions import LABELS, Difficulty

VERSION = 1  # raised whenever the clips change
FOLDERS: dict[Split, str] = {"train": "Train_AFEW", "val": "Val_AFEW", "test": "Test_AFEW"}
# one clip each, beside the whole ones; a damaged test clip leaves a face or a voice to go by
DAMAGES: tuple[tuple[Split, str, Damage], ...] = (
    ("train", "Angry", Damage.NO_FACE),
    ("train", "Happy", Damage.NO_AUDIO),
    ("train", "Neutral", Damage.SILENT),
    ("train", "Sad", Damage.TRUNCATED),
    ("train", "Fear", Damage.ONE_FRAME),
    ("train", "Disgust", Damage.UNREADABLE),
    ("val", "Surprise", Damage.NO_FACE),
    ("val", "Fear", Damage.NO_AUDIO),
    ("test", "Happy", Damage.NO_FACE),
    ("test", "Angry", Damage.NO_AUDIO),
    ("test", "Surprise", Damage.TRUNCATED),
    ("test", "Neutral", Damage.ONE_FRAME),
    ("test", "Sad", Damage.SILENT),
)


def make_corpus(
    folder: Path,
    *,
    n_train_per_label: int = 12,
    n_val_per_label: int = 4,
    n_test_per_label: int = 4,
    seed: int = 0,
    workers: int = 1,
    difficulty: Difficulty | None = None,
) -> DemoCorpus:
    """Write the corpus, or the rest of one that was interrupted.

    A few damaged clips come on top of the given numbers (see ``DAMAGES``), in splits that aren't
    empty. A clip depends on ``seed``, ``difficulty``, its split, label and number alone: more clips
    or other ``workers`` leave it byte for byte the same. Beside the three folders lie
    ``demo_truth.csv`` (labels of the test clips), ``DAMAGED.txt`` and ``demo_settings.json``.

    Args:
        folder: made where it is missing; may hold the same corpus, whole or in part.
        n_train_per_label: whole training clips of each of the seven labels.
        n_val_per_label: whole validation clips of each label.
        n_test_per_label: whole test clips of each label.
        seed: another one gives other clips under other ids.
        workers: processes.
        difficulty: how far clips stray from what is typical of their label.

    Raises:
        ConfigError: if a number makes no sense, or the folder holds something else.
        MediaError: if a clip could not be made.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     corpus = make_corpus(
        ...         Path(folder), n_train_per_label=0, n_val_per_label=0, n_test_per_label=0
        ...     )
        >>> corpus.clips
        ()
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
    claim(folder, settings, list(FOLDERS.values()))
    planned = list(_planned(folder, counts, seed))
    jobs = {clip.path: (clip, numbers, difficulty) for clip, numbers in planned}
    make_missing(_make, jobs, workers)
    corpus = DemoCorpus(folder, tuple(clip for clip, _ in planned))
    write_notes(corpus)
    return corpus


def _planned(
    folder: Path, counts: dict[Split, int], seed: int
) -> Iterator[tuple[DemoClip, tuple[int, ...]]]:
    """Yield every clip with the numbers that seed it."""
    for split_number, (split, count) in enumerate(counts.items()):
        for label_number, label in enumerate(LABELS):
            wanted = [Damage.NONE] * count
            if count:
                wanted += [what for where, of, what in DAMAGES if (where, of) == (split, label)]
            for position, damage in enumerate(wanted):
                is_damaged = damage is not Damage.NONE
                number = position - count if is_damaged else position
                numbers = (seed, split_number, label_number, int(is_damaged), number)
                clip_id = _clip_id(*numbers)
                place = folder / FOLDERS[split]
                path = (place if split == "test" else place / label) / f"{clip_id}.avi"
                yield DemoClip(clip_id, split, label, path, damage), numbers


def _clip_id(seed: int, split: int, label: int, is_damaged: int, number: int) -> str:
    kinds = len(FOLDERS) * len(LABELS) * 2
    return scattered(number * kinds + (split * len(LABELS) + label) * 2 + is_damaged, seed, 9)


def _make(job: tuple[DemoClip, tuple[int, ...], Difficulty]) -> None:
    from emotiw.demo.synthetic_clip import ClipRecipe, render_clip

    clip, numbers, difficulty = job
    recipe = ClipRecipe(numbers, clip.label, difficulty, clip.damage)
    atomic_write(clip.path, render_clip(recipe))
