"""Organisers' tables: separators, quotes, headers and blanks of every kind."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from emotiw.challenges.arff import SUFFIX, arff_lines
from emotiw.challenges.manifest_builder import ManifestBuilder
from emotiw.challenges.spreadsheet import SUFFIXES, read_sheet
from emotiw.core.config import Strict
from emotiw.core.csv_rows import Note, numbered
from emotiw.core.errors import suggest
from emotiw.core.files import read_file


class TableFormat(Strict):
    """How a table is written.

    Attributes:
        separator: between fields; ``blanks`` for any run of spaces and tabs.
        header: whether the first line that isn't empty holds the names of the columns.
        columns: their names, where the table has no header or another one than is wanted.
        quote: around fields that need it.
        ragged: whether a row, or a header beside ``columns``, may have fewer fields; the rest are
            empty.
        cut: whether it may have more, which are left out.
    """

    separator: Literal[",", ";", "\t", "|", "blanks"] = ","
    header: bool = True
    columns: tuple[str, ...] = ()
    quote: str = '"'
    ragged: bool = False
    cut: bool = False


def read_table(
    path: Path, style: TableFormat, needed: Sequence[str], builder: ManifestBuilder
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and the fields of every row; what is wrong goes to ``builder``.

    An Excel or ARFF file counts as a table whose separator and quotes are its own. Blanks around
    fields, empty lines, a byte-order mark and any kind of line end are accepted. A table without
    one of the ``needed`` columns yields nothing.
    """
    name = builder.name(path)

    def note(line: int, why: str) -> None:
        builder.problems.add(f"{name}:{line}: {why}")

    if path.suffix.lower() in SUFFIXES:
        lines = read_sheet(path, note)
    else:
        try:
            text = read_file(path).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            builder.problems.add(f"{name}: can't be read as UTF-8 text ({error})")
            return
        is_arff = path.suffix.lower() == SUFFIX
        lines = arff_lines(text, note) if is_arff else _split(text, style, note)
    columns = list(style.columns)
    if style.header:
        line, first = next(lines, (1, []))
        columns = columns or first
        if len(first) != len(columns) and not (style.ragged and style.columns):
            builder.problems.add(f"{name}:{line}: expected {len(columns)} columns, got {first}")
            return
    missing = [column for column in needed if column not in columns]
    for column in missing:
        hint = suggest(column, columns) or (
            "; another separator?" if len(columns) == 1 and len(needed) > 1 else ""
        )
        builder.problems.add(f"{name}:1: no column {column!r} among {columns}{hint}")
    if missing:
        return
    for line, fields in lines:
        if style.ragged:
            fields = fields + [""] * (len(columns) - len(fields))
        if style.cut:
            fields = fields[: len(columns)]
        if len(fields) != len(columns):
            builder.problems.add(
                f"{name}:{line}: expected {len(columns)} fields, got {len(fields)}: {fields}"
            )
            continue
        yield line, dict(zip(columns, fields, strict=True))


def _split(text: str, style: TableFormat, note: Note) -> Iterator[tuple[int, list[str]]]:
    rows: Iterator[tuple[int, list[str]]]
    if style.separator == "blanks":
        rows = ((n, line.split()) for n, line in enumerate(io.StringIO(text, newline=None), 1))
    else:
        marks = {"delimiter": style.separator, "quotechar": style.quote}
        rows = numbered(text, note, skipinitialspace=True, **marks)
    for line, fields in rows:
        if any(field.strip() for field in fields):
            yield line, [field.strip() for field in fields]
