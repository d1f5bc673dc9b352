"""The one reader of small text tables, which people may have written or mended by hand.

Nothing is skipped or guessed, and every row has the line of the file that it starts on: blank
lines and cells of several lines count, as they do in an editor. Tables of numbers that are too
large for it are read by pandas, whose rows :func:`row_lines` places.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from emotiw.core.errors import EmotiwError, Problems, TableError, suggest
from emotiw.core.files import read_file

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
LINE = "line"
DECIMAL_COMMA = re.compile(r"\s*[-+]?\d*,\d+([eE][-+]?\d+)?\s*")
Note = Callable[[int, str], None]


def read_rows(
    path: Path, needed: Sequence[str], problems: Problems
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield every row of a CSV as text by column, with the line it starts on.

    Line ends, blank lines and a byte order mark make no difference; semicolons or tabs do for
    commas, and then a comma may do for the point of a number. A file without a needed
    column yields nothing.

    Args:
        path: a UTF-8 file whose first line names the columns.
        needed: the columns that must be there.
        problems: where everything wrong is noted, with its line: columns that are missing or come
            twice, rows with too few or too many fields, quotes that never close.
    """
    columns, rows = _table(path, needed, problems)
    for line, fields in rows:
        yield line, dict(zip(columns, fields, strict=True))


def read_records(
    path: Path, needed: Sequence[str], make: Callable[[dict[str, str]], T], error: type[EmotiwError]
) -> list[T]:
    """Return what is made of every row of a CSV.

    Args:
        path: a UTF-8 file whose first line names the columns.
        needed: the columns that must be there.
        make: of a row's text by column; ValueError, in words, where something is wrong with it.
        error: what to raise.

    Raises:
        EmotiwError: of that kind, with the line of everything that is wrong.
    """
    problems, made = Problems(str(path)), []
    for line, row in read_rows(path, needed, problems):
        try:
            made.append(make(row))
        except ValueError as why:
            problems.add(f"line {line}: {why}")
    problems.raise_if_any(error)
    return made


def read_frame(
    path: Path,
    needed: Sequence[str] = (),
    *,
    numbers: Sequence[str] = (),
    error: type[EmotiwError] = TableError,
) -> pd.DataFrame:
    """Return a CSV whose columns need not be known beforehand, indexed by line.

    Every cell is text as it is written, an empty one the empty text; the index, named ``line``,
    tells where each row starts.

    Args:
        path: a UTF-8 file whose first line names the columns.
        needed: the columns that must be there.
        numbers: the columns to turn into float64, where they are there; NaN where a cell is empty.
        error: what to raise.

    Raises:
        EmotiwError: of that kind, with the line of everything that is wrong.
    """
    import pandas as pd

    problems = Problems(str(path))
    columns, rows = _table(path, needed, problems)
    placed = list(rows)
    index = pd.Index([line for line, _ in placed], name=LINE, dtype="int64")
    cells = [fields for _, fields in placed]
    problems.raise_if_any(error)
    frame = pd.DataFrame(cells, index=index, columns=columns, dtype="str")
    for column in [name for name in columns if name in numbers]:
        frame[column] = _as_numbers(frame[column], problems)
    problems.raise_if_any(error)
    return frame


def text_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table that is in pandas already as :func:`read_frame` would; its index counts rows.

    Raises:
        TableError: if clip ids are numbers, which have lost their zeros.
    """
    import pandas as pd

    plain = frame.reset_index() if frame.index.name == "clip_id" else frame.reset_index(drop=True)
    plain = plain.rename(columns=str)
    if "clip_id" in plain.columns and not pd.api.types.is_string_dtype(plain["clip_id"]):
        raise TableError("clip ids are text (numbers lose their zeros)")
    text = plain.astype("str").where(plain.notna(), "")
    return text.rename_axis(index="row")


def row_lines(path: Path) -> list[int]:
    """Return the line that each row below the header starts on, whatever its fields are."""
    text, mark = text_of(path)
    rows = numbered(text, lambda line, why: None, delimiter=mark)
    return [line for line, fields in rows if not _is_blank(fields)][1:]


def numbered(text: str, note: Note, **style: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the fields of every row that isn't empty, with the line it starts on.

    Args:
        text: of a table, with the line ends that it came with.
        note: told the line and the reason where the rest can't be read.
        style: how the table is written, in the words of :func:`csv.reader`.

    Examples:
        >>> list(numbered('a;"two\\nlines"\\n\\nb;c\\n', print, delimiter=";"))
        [(1, ['a', 'two\\nlines']), (4, ['b', 'c'])]
    """
    reader = csv.reader(io.StringIO(text, newline=""), **style)
    line = 1
    try:
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        note(line, str(error))


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
    # a path may hold bytes that are no text; the table is text for everybody all the same
    return "\n".join([*lines, ""]).encode(errors="backslashreplace")


def _table(
    path: Path, needed: Sequence[str], problems: Problems
) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the columns, and the rows that have a field for each; no row without them."""
    try:
        text, mark = text_of(path)
    except (OSError, UnicodeDecodeError) as error:
        problems.add(f"can't be read as UTF-8 text ({error})")
        return [], iter(())

    def note(line: int, why: str) -> None:
        problems.add(f"line {line}: {why}")

    # strict, since a quote that never closes would swallow the rows after it
    rows = numbered(text, note, strict=True, delimiter=mark)
    first, columns = next(rows, (1, []))
    for column in needed:
        if column not in columns:
            hint = suggest(column, columns)
            problems.add(f"line {first}: no column {column!r} among {columns}{hint}")
    for column in sorted({column for column in columns if columns.count(column) > 1}):
        problems.add(f"line {first}: column {column!r} comes more than once")
    if not set(needed) <= set(columns):
        return columns, iter(())
    whole = _whole(rows, len(columns), problems)
    if mark == ",":
        return columns, whole
    return columns, ((line, [_with_point(cell) for cell in cells]) for line, cells in whole)


def text_of(path: Path) -> tuple[str, str]:
    """Return the text of a table as programs for tables write it, and what is between its cells.

    That is a comma, a semicolon or a tab, whichever the first line has most of.

    Raises:
        UnicodeDecodeError: if it is neither UTF-8 nor, with a byte order mark, UTF-16.
    """
    data = read_file(path)
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if is_utf16 else "utf-8-sig")
    first = re.sub('"[^"]*"', "", text.lstrip().partition("\n")[0])
    return text, max(",;\t", key=first.count)


def _with_point(cell: str) -> str:
    return cell.replace(",", ".") if DECIMAL_COMMA.fullmatch(cell) else cell


def _whole(
    rows: Iterator[tuple[int, list[str]]], n_columns: int, problems: Problems
) -> Iterator[tuple[int, list[str]]]:
    for line, fields in rows:
        if len(fields) == n_columns:
            yield line, fields
        elif not _is_blank(fields):
            problems.add(f"line {line}: expected {n_columns} fields, got {len(fields)}")


def _is_blank(fields: Sequence[str]) -> bool:
    return len(fields) == 1 and not fields[0].strip()


def _as_numbers(cells: pd.Series[str], problems: Problems) -> list[float]:
    numbers = []
    for line, cell in cells.items():
        try:
            if "_" in cell:  # 1_000 is a number to Python alone
                raise ValueError
            numbers.append(float(cell.strip() or "nan"))
        except ValueError:
            problems.add(f"line {line}: {cells.name} {cell!r} is not a number")
            numbers.append(float("nan"))
    return numbers
