"""The table of an ablation to look at: every row with its interval, the reference as a line."""

from __future__ import annotations

import io
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd

from emotiw.core.files import atomic_write
from emotiw.evaluation.metric import Metric

ROW_INCHES, MOST_INCHES = 0.28, 60.0
TITLE_LETTERS = 60  # in a line
PLAIN, MARKED, REFERENCE = "#5b7083", "#b3261e", "#111111"


def plot_table(table: pd.DataFrame, title: str, path: Path, metric: Metric) -> None:
    """Write the plot of an ablation's table as SVG: the same bytes for the same table."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "emotiw", "svg.fonttype": "none", "font.size": 9}):
        height = min(MOST_INCHES, 1.7 + ROW_INCHES * len(table))
        figure = Figure(figsize=(8.0, height), layout="constrained")
        FigureCanvasSVG(figure)
        draw_table(figure.subplots(), table, title, metric)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    atomic_write(path, buffer.getvalue())


def draw_table(axes: Any, table: pd.DataFrame, title: str, metric: Metric) -> None:
    """Draw the table on matplotlib axes: one row per variant, in the order of the table."""
    scale = metric.scale
    drawn = table[table["value"].notna()]
    places = [len(table) - 1 - place for place in drawn.index]
    for place, (_, row) in zip(places, drawn.iterrows(), strict=True):
        is_marked = not pd.isna(row["is_significant"]) and bool(row["is_significant"])
        colour = REFERENCE if row["is_reference"] else MARKED if is_marked else PLAIN
        value = scale * row["value"]
        if not pd.isna(row["low"]):
            axes.plot([scale * row["low"], scale * row["high"]], [place, place], color=colour, lw=2)
        marker = "D" if row["is_reference"] else "o"
        axes.plot([value], [place], marker=marker, color=colour, ms=6, linestyle="none")
        if row["is_reference"]:
            axes.axvline(value, color=colour, lw=0.8, linestyle=":")
    names = [name if len(name) < 60 else f"{name[:57]}…" for name in map(str, table["row"])]
    axes.set_yticks(range(len(table)), names[::-1])
    axes.set_ylim(-0.7, len(table) - 0.3)
    n_clips, n_groups = drawn["n"].max(), drawn["n_groups"].max()
    split = {"train": "training clips, out of fold", "val": "validation clips"}
    judged = split.get(str(table["split"].iloc[0]), f"{table['split'].iloc[0]} clips")
    is_known = not drawn["knows_groups"].eq(False).any()
    spread = f"over {n_groups} groups" if is_known else "over clips; speakers are unknown"
    axes.set_xlabel(f"{metric.heading} on {n_clips} {judged}; bars: 95 % interval {spread}")
    columns = [str(column) for column in table.columns]
    axes.set_ylabel(", ".join(columns[1 : columns.index("metric")]))
    n_marked = int(table["is_significant"].fillna(value=False).sum())
    found = f"{n_marked} of {len(table) - 1} rows differ" if n_marked else "No row differs"
    wrapped = textwrap.fill(title, TITLE_LETTERS)
    axes.set_title(f"{wrapped}\n{found} from the reference\n(diamond; red: p ≤ 0.05 after Holm)")
    axes.grid(axis="x", color="#dddddd", lw=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
