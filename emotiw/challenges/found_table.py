"""A table that lies beside clips, with the habits of the programs that people write tables with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from emotiw.challenges.spreadsheet import SUFFIXES, read_sheet
from emotiw.core.csv_rows import numbered, separator_of, text_of, with_point
from emotiw.core.errors import ManifestError, Problems
from emotiw.core.files import file_problem, read_file

TEXTS = (".csv", ".tsv", ".tab")
JSON_LINES = (".jsonl", ".ndjson")
TABLES = (*TEXTS, *JSON_LINES, *SUFFIXES)
MOST_BYTES = 64 * 2**20
Rows = Iterator[tuple[int, list[str]]]


@dataclass(frozen=True)
class FoundTable:
    """A table as it was found.

    Attributes:
        path: of the file.
        columns: their names.
        rows: the cells by column, each with the line that it starts on.
        notes: what had to be assumed to read it.
    """

    path: Path
    columns: tuple[str, ...]
    rows: list[tuple[int, dict[str, str]]]
    notes: list[str] = field(default_factory=list)

    def values(self, column: str) -> list[str]:
        """Return the cells of a column that aren't empty."""
        return [row[column] for _, row in self.rows if row[column]]


def tables_in(folder: Path, told: list[str]) -> list[Path]:
    """Return the tables directly in a folder, by name; hidden ones are left out.

    Args:
        folder: any.
        told: takes a sentence on each that is too large to be a list of clips.
    """
    found = []
    for path in sorted(folder.iterdir()):
        is_table = path.suffix.lower() in TABLES and not path.name.startswith((".", "~"))
        if not is_table or file_problem(path):
            continue
        if path.stat().st_size > MOST_BYTES:
            told.append(f"{path.name} is not read: too large for a list of clips")
        else:
            found.append(path)
    return found


def read_found_table(path: Path) -> FoundTable:
    """Return a table of CSV, TSV, JSON lines or Excel.

    Commas, semicolons or tabs; decimal commas between the last two; a byte order mark or none;
    UTF-8, UTF-16, or what Excel writes on Windows; rows and columns of nothing; blanks around
    cells: none of it matters.

    Raises:
        ManifestError: with everything that is wrong.
    """
    problems, notes = Problems(str(path)), list[str]()

    def note(line: int, why: str) -> None:
        problems.add(f"line {line}: {why}")

    suffix = path.suffix.lower()
    if suffix in JSON_LINES:
        rows = _json_rows(path, problems)
    elif suffix in SUFFIXES:
        rows = read_sheet(path, note)
    else:
        text, mark = _text(path, notes)
        if text.lstrip().lower().startswith("sep="):  # Excel's own hint
            first, _, text = text.lstrip().partition("\n")
            mark, text = first.strip()[-1], f"\n{text}"
        rows = numbered(text, note, delimiter=mark)
        if mark != ",":
            rows = ((line, [with_point(cell) for cell in cells]) for line, cells in rows)
    placed = [(line, [cell.strip() for cell in cells]) for line, cells in rows]
    placed = [(line, cells) for line, cells in placed if any(cells)]
    columns: list[str] = placed[0][1] if placed else []
    while columns and not columns[-1]:
        columns.pop()
    for twice in sorted({name for name in columns if columns.count(name) > 1}):
        problems.add(f"line {placed[0][0]}: column {twice!r} comes more than once")
    for line, cells in placed[1:]:
        while len(cells) > len(columns) and not cells[-1]:
            cells.pop()
        if len(cells) > len(columns):
            problems.add(f"line {line}: expected {len(columns)} fields, got {len(cells)}")
        cells += [""] * (len(columns) - len(cells))
    problems.raise_if_any(ManifestError)
    by_column = [(line, dict(zip(columns, cells, strict=True))) for line, cells in placed[1:]]
    return FoundTable(path, tuple(columns), by_column, notes)


def _text(path: Path, notes: list[str]) -> tuple[str, str]:
    try:
        return text_of(path)
    except UnicodeDecodeError:
        notes.append(f"{path.name} is not UTF-8: read as Windows-1252, as Excel writes it")
    text = read_file(path).decode("cp1252", errors="replace")
    return text, separator_of(text)


def _json_rows(path: Path, problems: Problems) -> Rows:
    lines = read_file(path).decode("utf-8-sig", errors="replace").splitlines()
    rows: list[tuple[int, dict[str, object]]] = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line) if line.strip() else {}
        except ValueError as error:
            problems.add(f"line {number}: {error}")
            continue
        if isinstance(row, dict):
            rows.append((number, row))
        else:
            problems.add(f"line {number}: not an object of values by column")
    columns = list(dict.fromkeys(name for _, row in rows for name in row))
    yield 1, columns
    for number, row in rows:
        yield number, ["" if row.get(name) is None else str(row[name]) for name in columns]
