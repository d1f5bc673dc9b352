"""What a demo folder holds, and how it comes to hold it: once, whole, and nothing else's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from emotiw.challenges.synthetic import MARK
from emotiw.core.clip import Split
from emotiw.core.errors import ConfigError, MediaError, Problems
from emotiw.core.execution import run_jobs
from emotiw.core.files import atomic_write
from emotiw.demo.damage import Damage

Job = TypeVar("Job")
TRUTH, DAMAGED = "demo_truth.csv", "DAMAGED.txt"
MOST_PER_LABEL = 100_000
NUMBER_STEP = 3**18  # no factor in common with a power of ten, so different clips stay different


@dataclass(frozen=True)
class DemoClip:
    """One file of a demo corpus.

    Attributes:
        clip_id: the name of the file without its extension.
        split: train, val or test.
        label: what it shows; that of a test clip is written only to ``demo_truth.csv``.
        path: of the file.
        damage: what is wrong with it on purpose.
    """

    clip_id: str
    split: Split
    label: str
    path: Path
    damage: Damage


@dataclass(frozen=True)
class DemoCorpus:
    """A corpus that was written.

    Attributes:
        folder: holds the folders of the splits, ``demo_truth.csv`` (test labels, which no stage may
            read), ``DAMAGED.txt`` and ``demo_settings.json``.
        clips: every file, whole and damaged, by split and label.
    """

    folder: Path
    clips: tuple[DemoClip, ...]

    @property
    def truth(self) -> dict[str, str]:
        """The labels of the test clips."""
        return {clip.clip_id: clip.label for clip in self.clips if clip.split == "test"}

    @property
    def damaged(self) -> tuple[DemoClip, ...]:
        """The clips that are broken on purpose."""
        return tuple(clip for clip in self.clips if clip.damage is not Damage.NONE)


def check_numbers(counts: Mapping[Split, int], seed: int) -> None:
    """Raise a ConfigError that names every number that makes no sense."""
    problems = Problems("demo corpus")
    for split, count in counts.items():
        if not 0 <= count <= MOST_PER_LABEL:
            problems.add(f"{split} clips per label: expected 0 … {MOST_PER_LABEL}, got {count}")
    if seed < 0:
        problems.add(f"seed: expected 0 or more, got {seed}")
    problems.raise_if_any(ConfigError)


def scattered(code: int, seed: int, digits: int) -> str:
    """Return a number of so many digits that tells nothing of the code behind it.

    Different codes below ``10**digits`` get different numbers.

    Examples:
        >>> [scattered(code, 0, 9) for code in range(3)]
        ['387420489', '774840978', '162261467']
    """
    return f"{(code + 1 + seed * 7_654_321) * NUMBER_STEP % 10**digits:0{digits}d}"


def claim(folder: Path, settings: Mapping[str, Any], splits: Sequence[str]) -> None:
    """Make a folder ours, or find that it is already, from an earlier run with these settings.

    Raises:
        ConfigError: if it holds another demo corpus, or clips that aren't a demo's.
    """
    text = json.dumps(settings, indent=1) + "\n"
    noted = folder / MARK
    if noted.exists():
        if noted.read_text(encoding="utf-8") != text:
            raise ConfigError(
                f"{folder}: holds a demo corpus made with other settings (see {noted.name}); "
                "name another folder, or remove this one"
            )
    elif taken := [name for name in splits if (folder / name).exists()]:
        raise ConfigError(
            f"{folder}: already holds {', '.join(taken)}, and no {noted.name}, so these are not "
            "demo clips; name another folder"
        )
    atomic_write(noted, text.encode())


def make_missing(make: Callable[[Job], None], jobs: Mapping[Path, Job], workers: int) -> None:
    """Call ``make`` for every file that isn't there yet.

    Raises:
        MediaError: naming each that failed; the others are made all the same.
    """
    missing = {path.as_posix(): job for path, job in jobs.items() if not path.exists()}
    problems = Problems("demo corpus")
    for outcome in run_jobs(make, missing, workers=workers):
        if outcome.error is not None:
            problems.add(f"{outcome.name}: {outcome.error}")
    problems.raise_if_any(MediaError)


def write_notes(corpus: DemoCorpus) -> None:
    """Write the truth about the test clips, and the list of what is broken."""
    lines = [f"{clip_id},{label}" for clip_id, label in sorted(corpus.truth.items())]
    atomic_write(corpus.folder / TRUTH, "\n".join(["clip_id,label", *lines, ""]).encode())
    broken = [
        f"{clip.path.relative_to(corpus.folder).as_posix()}: {clip.damage.value}"
        for clip in corpus.damaged
    ]
    text = "\n".join(["These clips are broken on purpose:", *broken, ""])
    atomic_write(corpus.folder / DAMAGED, text.encode())
