"""Tables for a person at a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table

from emotiw.evaluation.metrics import METRICS
from emotiw.models.tabular.tabular_model import TabularOptions

if TYPE_CHECKING:
    import pandas as pd

    from emotiw.runs.pipeline import Summary
    from emotiw.runs.recipe import Recipe
    from emotiw.runs.run import Run

MOST_FOLDS_SHOWN = 6
SHORT = {"accuracy": "accuracy", "uar": "UAR", "weighted_f1": "WF1", "macro_f1": "F1"}


def figures_table(figures: pd.DataFrame, main_metric: str) -> None:
    """Print one row per modality and split; the challenge's own metric comes first."""
    if figures.empty:
        print("no clip has both scores and a label or target: nothing to evaluate")
        return
    names = sorted(figures["metric"].unique(), key=lambda name: (name != main_metric, name))
    table = Table("modality", "judged on", "clips", "scored")
    for name in names:
        table.add_column(SHORT.get(name, name), justify="right", no_wrap=True)
    for (modality, split), rows in figures.groupby(["modality", "split"], sort=False):
        value_of = dict(zip(rows["metric"], rows["value"], strict=True))
        shown = [_shown(name, value_of.get(name)) for name in names]
        counts = [str(rows[column].iloc[0]) for column in ("n", "n_scored")]
        table.add_row(str(modality), _told(str(split)), *counts, *shown)
    Console().print(table)


def summary_tables(run: Run, summary: Summary) -> None:
    """Print what a run came to: metrics, clips that could not be read, the submission."""
    if summary.figures is not None:
        figures_table(summary.figures, run.recipe.spec.metric)
        folds_table(run)
        print(standardisation_note(run.recipe), end="")
        print(run.summary_path.read_text(encoding="utf-8"))
    if summary.failures:
        table = Table("clip", "could not be read because")
        first = {row.clip_id: row.reason for row in reversed(summary.failures)}
        for clip_id in sorted(first):
            table.add_row(clip_id, first[clip_id])
        Console().print(table)
    if summary.check is not None:
        print(summary.check)
    print(f"everything is in {run.folder}")


def folds_table(run: Run) -> None:
    """Print the metrics fold by fold, each with its 95 % interval over groups."""
    import pandas as pd

    if not run.folds_path.is_file():
        return
    frame = pd.read_csv(run.folds_path, dtype={"fold": str})
    if frame.empty:
        return
    table = Table("modality", "metric", "fold by fold", "all", "95 % over groups")
    for (metric, modality), rows in frame.groupby(["metric", "modality"], sort=False):
        folds, whole = rows[rows["fold"] != "all"], rows[rows["fold"] == "all"].iloc[0]
        values = [_shown(str(metric), value) for value in folds["value"]]
        if len(values) > MOST_FOLDS_SHOWN:
            mean, sd = (
                _shown(str(metric), f) for f in (folds["value"].mean(), folds["value"].std())
            )
            values = [f"{len(values)} folds: {mean} ± {sd}"]
        ends = [_shown(str(metric), whole[end]) for end in ("low", "high")]
        shown = [SHORT.get(str(metric), str(metric)), "  ".join(values)]
        table.add_row(str(modality), *shown, _shown(str(metric), whole["value"]), " to ".join(ends))
    Console().print(table)


def ablation_table(frame: pd.DataFrame, axes: Sequence[str]) -> None:
    """Print the rows of an ablation; those that differ from the reference are marked."""
    from emotiw.analysis.ablation.render import cells

    header, rows = cells(frame, axes)
    header = [name.replace(" (", "\n(") for name in header[:-1]]  # sizes are in the files
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for place, name in enumerate(header):
        is_axis = place < len(axes)
        justify: JustifyMethod = "left" if is_axis else "right"
        table.add_column(name, justify=justify, no_wrap=not is_axis, overflow="fold")
    for row in rows:
        table.add_row(*row[:-1])
    Console().print(table)


def standardisation_note(recipe: Recipe) -> str:
    """Return a line that names the models which see the clips of a judged speaker together."""
    names = [
        name
        for name, entry in recipe.models.items()
        if isinstance(entry.options, TabularOptions)
        and entry.options.preparation.standardise == "speaker"
    ]
    if not names:
        return ""
    return (
        f"standardised per speaker, by the unlabelled clips of whoever is judged, taken together: "
        f"{', '.join(names)}. Compare only with scores of those who do the same.\n"
    )


def _told(split: str) -> str:
    return "train, out of fold" if split == "train" else split


def _shown(metric: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{100 * value:.2f} %" if METRICS[metric].is_percent else f"{value:.4f}"
