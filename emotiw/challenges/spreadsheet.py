"""The first sheet of an Excel file as rows of text; needs ``pip install emotiw[excel]``."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from emotiw.core.csv_rows import Note
from emotiw.core.files import read_file

SUFFIXES = (".xlsx", ".xlsm")
MOST_BYTES = 256 * 2**20  # of the sheets, unpacked


def read_sheet(path: Path, note: Note) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of every row that isn't empty, as a person reads them.

    Args:
        path: of the file; formulas count as what they came to when it was saved.
        note: told the row and the reason where it can't be read.
    """
    try:
        from openpyxl import load_workbook
    except ImportError:
        note(1, "reading Excel needs openpyxl: pip install 'emotiw[excel]', or save it as .csv")
        return
    try:
        data = io.BytesIO(read_file(path))
        with zipfile.ZipFile(data) as archive:
            if sum(info.file_size for info in archive.infolist()) > MOST_BYTES:
                note(1, "far too large for a table of labels")
                return
        book = load_workbook(data, read_only=True, data_only=True)
        for number, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1):
            fields = [_text(cell) for cell in cells]
            if any(fields):
                yield number, fields
    except Exception as error:  # whatever a library of file formats stumbles over
        note(1, f"can't be read as an Excel file ({error})")


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # Excel knows no whole numbers
    return str(cell).strip()
