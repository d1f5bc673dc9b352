"""What was handed in when, how many attempts are left, and what came of them."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emotiw.challenges.spec import Answer, ChallengeSpec
from emotiw.core.csv_rows import read_records, rows_as_csv
from emotiw.core.errors import SubmissionError
from emotiw.core.files import atomic_write, sha256_of
from submissions.checker import check_submission
from submissions.platform_results import read_platform_result, score_as_kept
from submissions.result_sheet import ResultSheet, parse_result_sheet, sheet_text

LEDGER = "attempts.csv"


@dataclass(frozen=True)
class Attempt:
    """One submission that was handed in.

    Attributes:
        number: from 1.
        date: when it was noted, UTC, ISO 8601.
        challenge: name of the spec.
        run: the run that it comes from.
        config: hash of the run's configuration.
        submission: path of the kept copy, below the ledger's folder.
        sha256: of the submission.
        metric: the official metric.
        val: its value on validation, out of sample, as printed (accuracies in percent).
        test: its value as the organisers returned it; None until then.
        sheet: path of the kept result sheet, if there is one.
        note: anything.
    """

    number: int
    date: str
    challenge: str
    run: str
    config: str
    submission: str
    sha256: str
    metric: str
    val: float | None = None
    test: float | None = None
    sheet: str = ""
    note: str = ""

    @property
    def gap(self) -> float | None:
        """Test minus validation; None while either is unknown."""
        return None if self.val is None or self.test is None else self.test - self.val


COLUMNS = tuple(field.name for field in fields(Attempt))


class Attempts:
    """The ledger of attempts: ``attempts.csv`` in a folder, with copies of what was handed in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rows(self, challenge: str | None = None) -> list[Attempt]:
        """Return all attempts, or those at one challenge, oldest first.

        Raises:
            SubmissionError: with the line of everything that is wrong in the ledger.
        """
        path = self.folder / LEDGER
        if not path.is_file():
            return []
        attempts = read_records(path, COLUMNS, _attempt_of, SubmissionError)
        return [row for row in attempts if challenge in (None, row.challenge)]

    def left(self, spec: ChallengeSpec) -> int | None:
        """Return how many attempts remain; None where nobody knows how many there are."""
        return None if spec.attempts is None else spec.attempts - len(self.rows(spec.name))

    def add(
        self,
        spec: ChallengeSpec,
        submission: Path,
        *,
        run: str,
        config: str = "",
        val: float | None = None,
        note: str = "",
        date: datetime | None = None,
    ) -> Attempt:
        """Note that a submission was handed in, and keep a copy of it.

        Raises:
            SubmissionError: if no attempt is left, or the very same file was handed in before.
        """
        everything = self.rows()
        before = [row for row in everything if row.challenge == spec.name]
        digest = sha256_of(submission)
        if spec.attempts is not None and len(before) >= spec.attempts:
            raise SubmissionError(f"{spec.title}: all {spec.attempts} attempts are used up")
        for row in before:
            if row.sha256 == digest:
                raise SubmissionError(f"{submission.name} is the same file as attempt {row.number}")
        number = max((row.number for row in before), default=0) + 1
        kept = self._keep(spec, number, submission)
        when = (date or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
        attempt = Attempt(
            number=number,
            date=when,
            challenge=spec.name,
            run=run,
            config=config,
            submission=kept,
            sha256=digest,
            metric=spec.metric,
            val=val,
            note=note,
        )
        self._write([*everything, attempt])
        return attempt

    def record_result(
        self, spec: ChallengeSpec, number: int, sheet: Path
    ) -> tuple[Attempt, ResultSheet]:
        """Note what the organisers, or their platform, returned for an attempt, and keep it.

        Raises:
            SubmissionError: if there is no such attempt, or the sheet can't be understood or
                judges by another metric.
        """
        text, where = sheet_text(sheet), str(sheet)
        result = read_platform_result(text, spec.official_metric, where=where)
        if result is not None:
            return self._record(spec, number, result.value, sheet), result
        result = parse_result_sheet(text, spec.labels, where=where)
        if result.metric != spec.metric:
            raise SubmissionError(f"{sheet} gives {result.metric}; {spec.name} asks {spec.metric}")
        value = score_as_kept(spec.official_metric, result.value, where=f"{sheet}: the score")
        return self._record(spec, number, value, sheet), result

    def record_value(self, spec: ChallengeSpec, number: int, value: float) -> Attempt:
        """Note the official score of an attempt, a share of one in percent.

        Raises:
            SubmissionError: if there is no such attempt, or no such value of the metric.
        """
        value = score_as_kept(spec.official_metric, value, where="the score")
        return self._record(spec, number, value)

    def _record(
        self, spec: ChallengeSpec, number: int, value: float, sheet: Path | None = None
    ) -> Attempt:
        rows = self.rows()
        for index, row in enumerate(rows):
            if (row.challenge, row.number) == (spec.name, number):
                kept = self._keep(spec, number, sheet) if sheet is not None else row.sheet
                rows[index] = replace(row, test=value, sheet=kept)
                self._write(rows)
                return rows[index]
        raise SubmissionError(f"no attempt {number} at {spec.name} in {self.folder / LEDGER}")

    def earlier_answers(
        self, spec: ChallengeSpec, expected_ids: Collection[str]
    ) -> dict[str, dict[str, Answer]]:
        """Return the answers of all attempts whose copies are still there, by name."""
        answers = {}
        for row in self.rows(spec.name):
            path = self.folder / row.submission
            if path.is_file():
                report = check_submission(spec, path, expected_ids=expected_ids)
                answers[f"attempt {row.number}"] = report.answers
        return answers

    def _keep(self, spec: ChallengeSpec, number: int, file: Path) -> str:
        kept = Path("attempts") / spec.name / f"{number:02}" / file.name
        target = self.folder / kept
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or not target.samefile(file):
            shutil.copyfile(file, target)
        return kept.as_posix()

    def _write(self, rows: Iterable[Attempt]) -> None:
        cells = [["" if v is None else v for v in asdict(row).values()] for row in rows]
        atomic_write(self.folder / LEDGER, rows_as_csv([COLUMNS, *cells]))


def _attempt_of(row: dict[str, str]) -> Attempt:
    unknown = sorted(row.keys() - set(COLUMNS))
    if unknown:  # they would be lost when the next attempt is noted
        raise ValueError(f"unknown columns {', '.join(unknown)}; notes go into 'note'")
    cells: dict[str, Any] = dict(row)
    cells["number"] = int(row["number"])
    for name in ("val", "test"):
        cells[name] = float(row[name]) if row[name] else None
    return Attempt(**cells)
