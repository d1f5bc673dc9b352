"""A synthetic audio-visual corpus in the folder layout of AFEW, to run every stage on.

Faces are two public-domain portraits, warped and recoloured; voices are pulses and noise through
formant filters. Real emotions look and sound different. An accuracy on this corpus says that the
parts of a pipeline fit together and that fusion uses both; it says nothing about how well a model
would do on people, and must not be compared with any published figure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from emotiw.core.errors import ConfigError, MediaError, Problems
from emotiw.core.execution import run_jobs
from emotiw.core.files import atomic_write
from emotiw.core.manifest import Split
from emotiw.demo.damage import Damage
from emotiw.demo.emotions import LABELS, Difficulty

VERSION = 1  # raised whenever the clips change
FOLDERS: dict[Split, str] = {"train": "Train_AFEW", "val": "Val_AFEW", "test": "Test_AFEW"}
SETTINGS, TRUTH, DAMAGED = "demo_settings.json", "demo_truth.csv", "DAMAGED.txt"
MOST_PER_LABEL = 100_000
ID_STEP = 3**18  # has no factor in common with 10**9, so ids of different clips differ
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


@dataclass(frozen=True)
class DemoClip:
    """One file of the corpus.

    Attributes:
        clip_id: nine digits, as in AFEW; often with zeros in front.
        split: train, val or test.
        label: what it shows; for a test clip written only to ``demo_truth.csv``.
        path: of the AVI file.
        damage: what is wrong with it on purpose.
    """

    clip_id: str
    split: Split
    label: str
    path: Path
    damage: Damage


@dataclass(frozen=True)
class DemoCorpus:
    """The corpus that was written.

    Attributes:
        folder: holds ``Train_AFEW/<label>/<id>.avi``, ``Val_AFEW/<label>/<id>.avi`` and
            ``Test_AFEW/<id>.avi``.
        clips: every file, whole and damaged, by split and label.
    """

    folder: Path
    clips: tuple[DemoClip, ...]

    @property
    def truth(self) -> dict[str, str]:
        """The labels of the test clips, which no stage may read."""
        return {clip.clip_id: clip.label for clip in self.clips if clip.split == "test"}

    @property
    def damaged(self) -> tuple[DemoClip, ...]:
        """The clips that are broken on purpose."""
        return tuple(clip for clip in self.clips if clip.damage is not Damage.NONE)


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
    problems = Problems("demo corpus")
    for split, count in counts.items():
        if not 0 <= count <= MOST_PER_LABEL:
            problems.add(f"{split} clips per label: expected 0 … {MOST_PER_LABEL}, got {count}")
    if seed < 0:
        problems.add(f"seed: expected 0 or more, got {seed}")
    problems.raise_if_any(ConfigError)
    settings = {
        "version": VERSION,
        "seed": seed,
        "clips_per_label": counts,
        "difficulty": asdict(difficulty),
    }
    _claim(folder, json.dumps(settings, indent=1) + "\n")
    clips: list[DemoClip] = []
    jobs: dict[str, tuple[DemoClip, tuple[int, ...], Difficulty]] = {}
    for clip, numbers in _planned(folder, counts, seed):
        clips.append(clip)
        if not clip.path.exists():
            jobs[clip.clip_id] = (clip, numbers, difficulty)
    for outcome in run_jobs(_make, jobs, workers=workers):
        if outcome.error is not None:
            problems.add(f"clip {outcome.name}: {outcome.error}")
    problems.raise_if_any(MediaError)
    corpus = DemoCorpus(folder, tuple(clips))
    _write_notes(corpus)
    return corpus


def _claim(folder: Path, settings: str) -> None:
    noted = folder / SETTINGS
    if noted.exists():
        if noted.read_text(encoding="utf-8") != settings:
            raise ConfigError(
                f"{folder}: holds a demo corpus made with other settings (see {noted.name}); "
                "name another folder, or remove this one"
            )
    elif taken := [name for name in FOLDERS.values() if (folder / name).exists()]:
        raise ConfigError(
            f"{folder}: already holds {', '.join(taken)}, and no {noted.name}, so these are not "
            "demo clips; name another folder"
        )
    atomic_write(noted, settings.encode())


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
    code = number * kinds + (split * len(LABELS) + label) * 2 + is_damaged
    return f"{(code + 1 + seed * 7_654_321) * ID_STEP % 10**9:09d}"


def _make(job: tuple[DemoClip, tuple[int, ...], Difficulty]) -> None:
    from emotiw.demo.clip import ClipRecipe, render_clip

    clip, numbers, difficulty = job
    recipe = ClipRecipe(numbers, clip.label, difficulty, clip.damage)
    atomic_write(clip.path, render_clip(recipe))


def _write_notes(corpus: DemoCorpus) -> None:
    lines = [f"{clip_id},{label}" for clip_id, label in sorted(corpus.truth.items())]
    atomic_write(corpus.folder / TRUTH, "\n".join(["clip_id,label", *lines, ""]).encode())
    broken = [
        f"{clip.path.relative_to(corpus.folder).as_posix()}: {clip.damage.value}"
        for clip in corpus.damaged
    ]
    text = "\n".join(["These clips are broken on purpose:", *broken, ""])
    atomic_write(corpus.folder / DAMAGED, text.encode())
