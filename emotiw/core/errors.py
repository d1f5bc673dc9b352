"""What a user is told when something is wrong: the thing, what it got, what was expected, where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class EmotiwError(Exception):
    """A mistake that the user can fix; the command line prints it without a traceback."""


class ConfigError(EmotiwError):
    """A recipe, an option or a command-line setting is wrong."""


class PartError(EmotiwError):
    """A part doesn't keep the contract of its kind."""


class ManifestError(EmotiwError):
    """The manifest or the challenge folder it comes from is wrong."""


class MachineError(EmotiwError):
    """The machine can't go on: a full disk, no memory, a lost folder; no clip is to blame."""


class MediaError(EmotiwError):
    """A clip can't be read; it becomes a row of the ledger, not the end of a run."""


class TableError(EmotiwError):
    """A feature or score table breaks its contract."""


class ArtifactError(TableError):
    """An artifact of the store is missing, or is damaged."""


class DamagedArtifactError(ArtifactError):
    """An artifact of the store is not as it was written."""


class LeakageError(EmotiwError):
    """Something would be fitted on rows that its inputs have already seen."""


class WeightsError(EmotiwError):
    """Network weights are missing, damaged or not the ones that their card names."""


class SubmissionError(EmotiwError):
    """A submission would not be accepted, or would be scored wrongly."""


class MissingStageError(EmotiwError):
    """A stage needs the output of an earlier one that has not run yet."""


def suggest(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" for the known word closest to a misspelt one, or nothing.

    Examples:
        >>> suggest("Angy", ["Angry", "Happy"])
        "; did you mean 'Angry'?"
        >>> suggest("happy", ["Angry", "Happy"])
        "; did you mean 'Happy'?"
        >>> suggest("xyz", ["Angry", "Happy"])
        ''
    """
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean {by_lower[close[0]]!r}?" if close else ""


class Problems:
    """Collects everything that is wrong, so that a user fixes it all in one go.

    Examples:
        >>> problems = Problems("labels.csv")
        >>> problems.add("line 3: unknown label 'Angy'")
        >>> problems.raise_if_any(ManifestError)
        Traceback (most recent call last):
        ...
        emotiw.core.errors.ManifestError: labels.csv: 1 problem
          - line 3: unknown label 'Angy'
    """

    def __init__(self, where: str, *, most: int = 20) -> None:
        self.where = where
        self.most = most
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        """Note one more problem."""
        self.lines.append(line)

    def raise_if_any(self, error: type[EmotiwError]) -> None:
        """Raise ``error`` with every problem noted so far; do nothing where there is none."""
        if not self.lines:
            return
        count = len(self.lines)
        shown = [f"  - {line}" for line in self.lines[: self.most]]
        if count > self.most:
            shown.append(f"  … and {count - self.most} more")
        headline = f"{self.where}: {count} problem{'s' if count > 1 else ''}"
        raise error("\n".join([headline, *shown]))
