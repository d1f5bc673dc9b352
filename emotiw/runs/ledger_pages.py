"""The ledger of a run: every stage writes a page of its own; ``ledger.csv`` shows all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from emotiw.core.csv_rows import read_records, rows_as_csv
from emotiw.core.errors import TableError
from emotiw.core.ledger import COLUMNS, Ledger
from emotiw.runs.edits import Edit, changed_clips, edits_of
from emotiw.runs.records import Record, Records

FOLDER = "ledger"
WHOLE = "ledger.csv"
ORDER = ("index", "faces", "features", "train", "submit")


def page_of(stage: str) -> str:
    """Return the name of a stage's page in the run's folder.

    Examples:
        >>> page_of("features:voice")
        'ledger/features/voice.csv'
    """
    return f"{FOLDER}/{stage.replace(':', '/')}.csv"


def read_ledger(folder: Path, stage: str | None = None) -> Ledger:
    """Read the page of one stage, or all pages in the order of the stages.

    Raises:
        TableError: with the line of everything that is wrong.
    """
    if stage is not None and (folder / FOLDER).is_dir():
        return Ledger.read_csv(folder / page_of(stage))
    pages = _pages(folder)
    if not pages:  # of an earlier version
        return Ledger.read_csv(folder / WHOLE)
    return Ledger(row for page in pages for row in Ledger.read_csv(page).rows())


def write_ledger(records: Records) -> None:
    """Write ``ledger.csv`` where a page has changed since, or somebody has changed a table.

    Rows of clips whose row in a stage's table was changed by hand say so.

    Raises:
        TableError: with the line of everything that is wrong in a page.
    """
    pages = {page.relative_to(records.folder).as_posix(): page for page in _pages(records.folder)}
    if not pages:
        return
    edits = [edit for edit in edits_of(records) if edit.name.endswith(".csv")]
    read = [*pages, *(edit.name for edit in edits)]
    inputs = {name: records.sha256(name) for name in read}
    before = records.get(FOLDER)
    if before and before.inputs == inputs and records.sha256(WHOLE) == before.files[WHOLE]:
        return
    marks = {edit.stage: _marks(records, edits, edit.stage) for edit in edits}
    data = _joined(pages.values(), marks)
    record = Record({}, inputs, {WHOLE: hashlib.sha256(data).hexdigest()})
    records.commit(FOLDER, record, {WHOLE: data})


def _pages(folder: Path) -> list[Path]:
    def place(page: Path) -> tuple[int, str]:
        name = page.relative_to(folder / FOLDER).with_suffix("").as_posix()
        kind = name.split("/", 1)[0]
        return ORDER.index(kind) if kind in ORDER else len(ORDER), name

    return sorted((folder / FOLDER).rglob("*.csv"), key=place)


def _marks(records: Records, edits: Iterable[Edit], stage: str) -> dict[str, str]:
    return {
        clip_id: str(edit)
        for edit in edits
        if edit.stage == stage
        for clip_id in changed_clips(records, edit.name)
    }


def _joined(pages: Iterable[Path], marks: dict[str, dict[str, str]]) -> bytes:
    """Return all pages as one table: columns that a page lacks are empty in its rows."""
    rows, columns = list[dict[str, str]](), dict.fromkeys(COLUMNS)
    for page in pages:
        for row in read_records(page, COLUMNS, dict, TableError):
            columns |= dict.fromkeys(row)
            mark = marks.get(row["stage"], {}).get(row["clip_id"])
            if mark is not None:
                row["reason"] = "; ".join(filter(None, (row["reason"], mark)))
            rows.append(row)
    return rows_as_csv([[*columns], *([row.get(name, "") for name in columns] for row in rows)])
