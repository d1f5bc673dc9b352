"""What every submission format is: its options as fields, a way to write and a way to check."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import ClassVar

from emotiw.challenges.spec import Answer, ChallengeSpec
from emotiw.core.errors import SubmissionError
from emotiw.core.part import DataPart
from emotiw.core.steps import Numbers
from submissions.archive import colliding, read_zip, zip_bytes
from submissions.check_report import CheckReport


class SubmissionFormat(DataPart):
    """The file that organisers take; formats of one's own derive from it.

    Its fields are what ``submission:`` of a challenge says beside ``format``.

    Attributes:
        suffix: of whatever holds answers.
        decimals: digits after the point of a number; as many as it has where None.
    """

    suffix: str
    decimals: int | None = None

    def name_for(self, team: str) -> str:
        """Return the name of a team's submission."""
        return f"{team}.zip"

    def require_suited(self, spec: ChallengeSpec) -> None:
        """Raise ConfigError where this can't hold the answers that the challenge asks for."""

    def settled(self, numbers: Numbers) -> Numbers:
        """Return ``(n, n_targets)`` numbers as they may be answered, where not every one may."""
        return numbers

    def to_bytes(self, spec: ChallengeSpec, predictions: Mapping[str, Answer]) -> bytes:
        """Return a submission of checked predictions; the same give the same bytes.

        Raises:
            SubmissionError: if they can't be written.
        """
        raise NotImplementedError

    def check(
        self, spec: ChallengeSpec, path: Path, expected_ids: Collection[str], report: CheckReport
    ) -> None:
        """Note everything that is wrong with a file, and every answer that could be read."""
        raise NotImplementedError


class ZipFormat(SubmissionFormat):
    """A zip of small files, named after the team."""

    max_member: ClassVar[int] = 256 * 2**20  # bytes

    def members(self, spec: ChallengeSpec, predictions: Mapping[str, Answer]) -> dict[str, bytes]:
        """Return the content of every file, by its name inside the zip."""
        raise NotImplementedError

    def check_members(
        self,
        spec: ChallengeSpec,
        members: Mapping[str, bytes],
        expected_ids: Collection[str],
        report: CheckReport,
    ) -> None:
        """Note everything that is wrong with the names and contents of the files."""
        raise NotImplementedError

    def to_bytes(self, spec: ChallengeSpec, predictions: Mapping[str, Answer]) -> bytes:
        """Return the zip.

        Raises:
            SubmissionError: if two clips would share one file.
        """
        members = self.members(spec, predictions)
        if twins := colliding(members):
            raise SubmissionError(f"clips share one file on some systems: {'; '.join(twins)}")
        return zip_bytes(members)

    def check(
        self, spec: ChallengeSpec, path: Path, expected_ids: Collection[str], report: CheckReport
    ) -> None:
        """Check the files of the zip, which is never unpacked to disk."""
        if path.suffix != ".zip":
            report.add("wrong name", [path.name], advice="a .zip named after the team")
        members = read_zip(path, report, max_member=self.max_member)
        self.check_members(spec, members, expected_ids, report)
