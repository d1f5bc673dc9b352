"""A table of rows as CSV, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from emotiw.analysis.leaderboard import latex_text
from emotiw.evaluation.differences import p_text
from emotiw.evaluation.metrics import metric_named


def to_csv(table: pd.DataFrame) -> str:
    """Return the whole table as CSV."""
    flags = {name: table[name].map({True: "true", False: "false"}) for name in _flags(table)}
    return table.assign(**flags).to_csv(index=False, float_format="%.6g", lineterminator="\n")


def to_markdown(table: pd.DataFrame, axes: Sequence[str], note: str) -> str:
    """Return what a reader wants to see of the table, as Markdown."""
    header, rows = cells(table, axes)
    body = [[cell.replace("|", "\\|") for cell in row] for row in [header, *rows]]
    rule = ["---" if place < len(axes) else "--:" for place in range(len(header))]
    lines = [body[0], rule, *body[1:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + f"\n{note}\n"


def to_latex(table: pd.DataFrame, axes: Sequence[str], note: str) -> str:
    """Return the same as LaTeX; it needs the package booktabs."""
    header, rows = cells(table, axes)
    columns = "l" * len(axes) + "r" * (len(header) - len(axes))
    lines = [
        f"% {note}",  # a table that is moved should say what it shows
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(map(_latex, header)) + r" \\",
        r"\midrule",
        *(" & ".join(map(_latex, row)) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def cells(table: pd.DataFrame, axes: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows as text: figures in percent where that is usual."""
    metric = metric_named(str(table["metric"].iloc[0]))
    header = [*axes, metric.heading, "95 %", "Difference", "p (Holm)", "Time (s)", "MB"]
    rows = []
    for _, row in table.iterrows():
        interval = metric.span(row["low"], row["high"])
        is_marked = not pd.isna(row["is_significant"]) and bool(row["is_significant"])
        difference = metric.number(row["difference"], sign=True)
        difference = "reference" if row["is_reference"] else difference
        difference += " *" if is_marked else ""
        p = p_text(row["p_holm"])
        took = "" if pd.isna(row["seconds"]) else f"{row['seconds']:.1f}"
        size = "" if pd.isna(row["megabytes"]) else f"{row['megabytes']:.2g}"
        chosen = [str(row[axis]) for axis in axes]
        rows.append([*chosen, metric.number(row["value"]), interval, difference, p, took, size])
    return header, rows


def _flags(table: pd.DataFrame) -> list[str]:
    return [name for name in ("is_significant", "is_reference") if name in table]


def _latex(text: str) -> str:
    if text.startswith("-") and text[1:2].isdigit():
        return f"$-${latex_text(text[1:])}"
    return latex_text(text).replace("< ", "$<$ ").replace("–", "--")
