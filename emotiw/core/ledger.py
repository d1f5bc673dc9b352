"""What became of every clip in every stage: nothing is skipped in silence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from emotiw.core.csv_rows import read_records, rows_as_csv
from emotiw.core.errors import TableError, suggest
from emotiw.core.files import atomic_write

if TYPE_CHECKING:
    import pandas as pd

Status = Literal["ok", "partial", "missing", "failed"]
COLUMNS = ("clip_id", "stage", "status", "reason", "seconds")


@dataclass(frozen=True)
class LedgerRow:
    """One clip in one stage.

    Attributes:
        clip_id: the clip.
        stage: ``faces``, ``features:audio``, ``train:cnn_rnn`` and so on.
        status: ``ok``; ``partial`` where a part of the clip could not be read; ``missing`` where
            it was read but holds none of what was looked for (no face, no sound); ``failed`` where
            it could not be read.
        reason: why, where the status is not ``ok``; of one that is, what should be known of it.
        seconds: time spent on it when it was made; 0 where that was in an earlier run.
        quality: measurements of the stage: ``declared_frames``, ``decoded_frames``, ``n_tracks``, …
    """

    clip_id: str
    stage: str
    status: Status
    reason: str = ""
    seconds: float = 0.0
    quality: Mapping[str, float | int | str] = field(default_factory=dict)


class Ledger:
    """The ledger of a run, or the page of one stage.

    Examples:
        >>> ledger = Ledger([LedgerRow("a", "faces", "failed", "empty file")])
        >>> [(row.clip_id, row.reason) for row in ledger.failures()]
        [('a', 'empty file')]
    """

    def __init__(self, rows: Iterable[LedgerRow] = ()) -> None:
        self._rows = {(row.stage, row.clip_id): row for row in rows}

    def rows(self, stage: str | None = None) -> list[LedgerRow]:
        """Return the rows of one stage, or all, in the order of the stages' first appearance."""
        return [row for row in self._rows.values() if stage is None or row.stage == stage]

    def failures(self) -> list[LedgerRow]:
        """Return every row whose clip could not be read."""
        return [row for row in self._rows.values() if row.status == "failed"]

    def get(self, stage: str, clip_id: str) -> LedgerRow | None:
        """Return the row of a clip in a stage, if there is one."""
        return self._rows.get((stage, clip_id))

    def to_frame(self) -> pd.DataFrame:
        """Return the ledger in pandas, one column per measurement."""

        import pandas as pd

        records = [
            {**{column: getattr(row, column) for column in COLUMNS}, **row.quality}
            for row in self._rows.values()
        ]
        return pd.DataFrame(records, columns=None if records else list(COLUMNS))

    def write_csv(self, path: Path) -> None:
        """Write the ledger as CSV, one column per measurement."""
        atomic_write(path, self.to_csv())

    def to_csv(self) -> bytes:
        """Return the ledger as CSV, one column per measurement."""
        figures = list(dict.fromkeys(name for row in self._rows.values() for name in row.quality))
        rows = [
            [
                *(row.clip_id, row.stage, row.status, row.reason, f"{row.seconds:.3f}"),
                *(row.quality.get(name, "") for name in figures),
            ]
            for row in self._rows.values()
        ]
        return rows_as_csv([[*COLUMNS, *figures], *rows])

    @classmethod
    def read_csv(cls, path: Path) -> Ledger:
        """Read a ledger; an empty one where there is no file yet.

        Raises:
            TableError: with the line of everything that is wrong.
        """
        if not path.is_file():
            return cls()
        return cls(read_records(path, COLUMNS, _row_of, TableError))


def _row_of(record: Mapping[str, str]) -> LedgerRow:
    status = record["status"]
    if status not in get_args(Status):
        raise ValueError(f"unknown status {status!r}{suggest(status, get_args(Status))}")
    try:
        seconds = float(record["seconds"] or 0)
    except ValueError:
        raise ValueError(f"seconds {record['seconds']!r} is not a number") from None
    return LedgerRow(
        clip_id=record["clip_id"],
        stage=record["stage"],
        status=cast(Status, status),
        reason=record["reason"],
        seconds=seconds,
        quality={n: _value(text) for n, text in record.items() if text and n not in COLUMNS},
    )


def _value(text: str) -> float | int | str:
    # a number only where it was written as one: "007" and "1_000" stay text
    for kind in (int, float):
        try:
            number: float | int = kind(text)
        except ValueError:
            continue
        if str(number) == text:
            return number
    return text
