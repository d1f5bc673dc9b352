"""Table and plot of an ablation on disk, made from what it left in its folder and nothing else."""

from __future__ import annotations

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
from emotiw.analysis.ablation.render import to_csv, to_latex, to_markdown
from emotiw.core.files import atomic_write

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
    atomic_write(folder / "ablation.csv", to_csv(table).encode())
    atomic_write(folder / "ablation.md", to_markdown(table, axes, note).encode())
    atomic_write(folder / "ablation.tex", to_latex(table, axes, note).encode())
    if table["value"].notna().any():
        plot_table(table, description.title, folder / "ablation.svg")
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
    note = (
        f"{n} {table['split'].iloc[0]} clips of {n_groups} groups. Intervals: bootstrap over "
        "groups. p: paired permutation test over groups against the reference, Holm-corrected "
        f"over {len(table) - 1} rows; * marks p <= {LEVEL}."
    )
    least = least_p(table)
    if least > LEVEL:
        note += (
            f" With {n_groups} groups no difference can reach p <= {LEVEL} here "
            f"(the smallest possible is {least:.2g}): too few groups for this many rows."
        )
    return note
