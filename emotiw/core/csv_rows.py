"""Rows of a CSV that people may have written or changed by hand: nothing is skipped or guessed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from emotiw.core.errors import Problems, suggest


def read_rows(
    path: Path, needed: Sequence[str], problems: Problems
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield every row of a CSV as text by column, with the line it starts on.

    Line ends, blank lines and a byte order mark make no difference. A file without a needed
    column yields nothing.

    Args:
        path: a UTF-8 file whose first line names the columns.
        needed: the columns that must be there.
        problems: where everything wrong is noted, with its line: columns that are missing or come
            twice, rows with too few or too many fields, quotes that never close.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.add(f"can't be read as UTF-8 text ({error})")
        return
    # strict, since a quote that never closes would swallow the rows after it
    rows = _numbered(csv.reader(io.StringIO(text, newline=""), strict=True), problems)
    first, columns = next(rows, (1, []))
    for column in needed:
        if column not in columns:
            hint = suggest(column, columns)
            problems.add(f"line {first}: no column {column!r} among {columns}{hint}")
    for column in sorted({column for column in columns if columns.count(column) > 1}):
        problems.add(f"line {first}: column {column!r} comes more than once")
    if not set(needed) <= set(columns):
        return
    for line, fields in rows:
        if len(fields) == len(columns):
            yield line, dict(zip(columns, fields, strict=True))
        else:
            problems.add(f"line {line}: expected {len(columns)} fields, got {len(fields)}")


def rows_as_csv(rows: Iterable[Sequence[object]]) -> bytes:
    r"""Return rows as a CSV that :func:`read_rows` gives back as they are.

    Examples:
        >>> rows_as_csv([("clip_id", "reason"), ("a", "broken,\r\n")])
        b'clip_id,reason\na,"broken,\r\n"\n'
    """
    lines = []
    for row in rows:
        buffer = io.StringIO(newline="")
        # the writer is sure to quote only what is in its own line end: both kinds, then
        csv.writer(buffer, lineterminator="\r\n").writerow(row)
        lines.append(buffer.getvalue().removesuffix("\r\n"))
    return "\n".join([*lines, ""]).encode()


def _numbered(reader: Iterator[list[str]], problems: Problems) -> Iterator[tuple[int, list[str]]]:
    line = 1
    try:
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1  # type: ignore[attr-defined]  # of csv.reader
    except csv.Error as error:
        problems.add(f"line {line}: {error}")
