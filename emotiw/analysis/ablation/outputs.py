"""Table and plot of an ablation on disk, made from what it left in its folder and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from emotiw.analysis.ablation.ablation_table import (
    DESCRIPTION,
    LEVEL,
    Ablation,
    Description,
    judge_rows,
    least_p,
    read_table,
)
from emotiw.analysis.ablation.plot import plot_table
from emotiw.analysis.text_tables import as_latex, as_markdown
from emotiw.core.files import atomic_write
from emotiw.evaluation.differences import p_text
from emotiw.evaluation.metric import Metric
from emotiw.evaluation.notes import SAME, groups_notes, over

FILES = ("ablation.csv", "ablation.md", "ablation.tex", "ablation.svg")


def remake(folder: Path) -> Ablation:
    """Make table and plot from what an ablation left in its folder, and nothing else.

    Raises:
        ConfigError: if that is no folder of an ablation.
        TableError: if scores are missing or damaged.
    """
    folder = _own_folder(folder)
    description = Description.read(folder)
    table = judge_rows(folder, description)
    axes = tuple(description.axes)
    note = note_of(table)
    header, rows = cells(table, axes, description.judged_by)
    align = "l" * len(axes) + "r" * (len(header) - len(axes))
    markdown, latex = as_markdown(header, rows, align), as_latex(header, rows, align)
    atomic_write(folder / "ablation.csv", to_csv(table).encode())
    atomic_write(folder / "ablation.md", f"{markdown}\n{note}\n".encode())
    # a table that is moved should say what it shows
    atomic_write(folder / "ablation.tex", f"% {note}\n{latex}".encode())
    if table["value"].notna().any():
        plot_table(table, description.title, folder / "ablation.svg", description.judged_by)
    return Ablation(folder, description, table)


def load_ablation(folder: Path | str) -> Ablation:
    """Return an ablation from the folder of its run, or its own.

    Raises:
        ConfigError: if nothing has been ablated there.
        TableError: if its table is damaged.
    """
    folder = _own_folder(Path(folder))
    description = Description.read(folder)
    return Ablation(folder, description, read_table(folder / FILES[0], tuple(description.axes)))


def _own_folder(folder: Path) -> Path:
    is_run = not (folder / DESCRIPTION).is_file() and (folder / "ablation").is_dir()
    return folder / "ablation" if is_run else folder


def note_of(table: pd.DataFrame) -> str:
    """Return what a reader has to know of the table, in one line."""
    n, n_groups = table["n"].max(), table["n_groups"].max()
    is_known = not table["knows_groups"].eq(False).any()
    note = (
        f"{n} {table['split'].iloc[0]} clips{f' of {n_groups} groups' if is_known else ''}. "
        f"Intervals and p, of the paired permutation test against the reference, are "
        f"{over(is_known)}; p is Holm-corrected over {len(table) - 1} rows; * marks p <= {LEVEL}."
    )
    note = " ".join([*groups_notes(is_known), note])
    adapted = table[table["adapted_on"] != ""].groupby("adapted_on", sort=False)["row"]
    for clips, rows in adapted:
        note += f" Adapted on {clips}: {', '.join(rows)}; {SAME}."
    least = least_p(table)
    if least > LEVEL:
        note += (
            f" With {n_groups} {'groups' if is_known else 'clips'} no difference can reach "
            f"p <= {LEVEL} here (the smallest possible is {least:.2g}): too few for this many rows."
        )
    return note


def to_csv(table: pd.DataFrame) -> str:
    """Return the whole table as CSV."""
    names = ("is_significant", "is_reference")
    flags = {name: table[name].map({True: "true", False: "false"}) for name in names}
    return table.assign(**flags).to_csv(index=False, float_format="%.6g", lineterminator="\n")


def cells(
    table: pd.DataFrame, axes: Sequence[str], metric: Metric
) -> tuple[list[str], list[list[str]]]:
    """Return header and rows as text: figures in percent where that is usual."""
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
