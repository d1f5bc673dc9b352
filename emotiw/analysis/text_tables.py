"""Tables of text for papers and files: CSV, Markdown, LaTeX, and plain columns."""

from __future__ import annotations

from collections.abc import Sequence

from emotiw.core.csv_rows import rows_as_csv

Row = Sequence[str]


def as_csv(header: Row, rows: Sequence[Row]) -> str:
    """Return a table as CSV."""
    return rows_as_csv([header, *rows]).decode()


def as_markdown(header: Row, rows: Sequence[Row], align: str) -> str:
    r"""Return a table as Markdown; ``align`` has a letter per column, ``l`` or ``r``.

    Examples:
        >>> as_markdown(["who", "value"], [["a|b", "1.00"]], "lr")
        '| who | value |\n| --- | --: |\n| a\\|b | 1.00 |\n'
    """
    cells = [[cell.replace("|", "\\|") for cell in row] for row in [header, *rows]]
    rule = ["---" if side == "l" else "--:" for side in align]
    return "".join(f"| {' | '.join(row)} |\n" for row in [cells[0], rule, *cells[1:]])


def as_latex(header: Row, rows: Sequence[Row], align: str) -> str:
    """Return a table as LaTeX; it needs the package booktabs."""
    body = [" & ".join(map(_escaped, row)) + r" \\" for row in [header, *rows]]
    begin = rf"\begin{{tabular}}{{{align}}}"
    lines = [begin, r"\toprule", body[0], r"\midrule", *body[1:], r"\bottomrule"]
    return "\n".join([*lines, r"\end{tabular}", ""])


def as_columns(header: Row, rows: Sequence[Row], align: str = "") -> str:
    r"""Return a table in columns of equal width; ``align`` as in :func:`as_markdown`.

    Examples:
        >>> as_columns(["who", "n"], [["ours", "7"]], "lr")
        'who   n\nours  7\n'
        >>> as_columns(["n"], [["7"], ["10"]], "r")
        ' n\n 7\n10\n'
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    sides = align or "l" * len(widths)

    def padded(cell: str, width: int, side: str) -> str:
        return cell.rjust(width) if side == "r" else cell.ljust(width)

    lines = (map(padded, row, widths, sides) for row in [header, *rows])
    return "".join("  ".join(line).rstrip() + "\n" for line in lines)


def _escaped(text: str) -> str:
    if text.startswith("-") and text[1:2].isdigit():
        return f"$-${_escaped(text[1:])}"
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special |= {character: "\\" + character for character in "&%$#_{}"}
    special |= {"<": "$<$", "–": "--"}
    return "".join(special.get(character, character) for character in text)
