"""Tables of attributes and relations, as Weka and the AVEC challenges write them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emotiw.core.csv_rows import Note, numbered

SUFFIX = ".arff"
ATTRIBUTE = re.compile(r"@attribute\s+(?:'([^']*)'|\"([^\"]*)\"|(\S+))\s", re.IGNORECASE)
DATA = re.compile(r"^[ \t]*@data[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


def arff_lines(text: str, note: Note) -> Iterator[tuple[int, list[str]]]:
    r"""Yield the names of the attributes, then every row, with their lines; ``?`` is nothing.

    Strings and dates are texts like any other.

    Examples:
        >>> text = "@attribute name string\n@attribute x numeric\n@data\n'a b',?\n"
        >>> list(arff_lines(text, print))
        [(1, ['name', 'x']), (4, ['a b', ''])]
    """
    begin = DATA.search(text)
    head = text[: begin.start()] if begin else text
    columns = ["".join(found) for found in ATTRIBUTE.findall(head)]
    if begin is None or not columns:
        note(1, "no @attribute above a line @data")
        return
    yield 1, columns
    n_above = text.count("\n", 0, begin.end())
    style = {"delimiter": ",", "quotechar": "'", "skipinitialspace": True}
    for line, fields in numbered(
        text[begin.end() :], lambda line, why: note(n_above + line, why), **style
    ):
        cells = [field.strip() for field in fields]
        if any(cells) and not cells[0].startswith("%"):
            yield n_above + line, ["" if cell == "?" else cell for cell in cells]
