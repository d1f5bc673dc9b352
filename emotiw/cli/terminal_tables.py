"""Tables for a person at a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from emotiw.cli.stage import print_table
from emotiw.evaluation.results import UNKNOWN_GROUPS, Result
from emotiw.evaluation.sample import TITLES
from emotiw.models.tabular.tabular_model import TabularOptions

if TYPE_CHECKING:
    import pandas as pd

    from emotiw.runs.pipeline import Summary
    from emotiw.runs.recipe import Recipe
    from emotiw.runs.run import Run

MOST_FOLDS_SHOWN = 6


def results_table(results: Sequence[Result]) -> None:
    """Print one row per modality and split; the first metric, the challenge's own, with interval.

    Where groups are unknown a line says so.
    """
    if not results:
        print("no clip has both scores and a label or target: nothing to judge")
        return
    metrics = list(dict.fromkeys(result.metric for result in results))
    table = Table("modality", "judged on", "clips", "scored")
    for metric in metrics:
        table.add_column(metric.heading, justify="right", no_wrap=True)
        if metric is metrics[0]:
            table.add_column("95 %", no_wrap=True)
    for (name, split), part in groupby(results, key=lambda one: (one.name, one.split)):
        found = {result.metric: result for result in part}
        first = next(iter(found.values()))
        cells = []
        for metric in metrics:
            result = found.get(metric)
            cells.append("" if result is None else metric.number(result.value))
            if metric is metrics[0]:
                cells.append("" if result is None else metric.span(result.low, result.high))
        table.add_row(name, TITLES.get(split, split), str(first.n), str(first.n_scored), *cells)
    Console().print(table)
    for note in dict.fromkeys(r.note for r in results if r.note and r.metric is metrics[0]):
        print(note)
    if not results[0].knows_groups:
        print(UNKNOWN_GROUPS)


def summary_tables(run: Run, summary: Summary) -> None:
    """Print what a run came to: results, clips that could not be read, the submission."""
    if summary.results is not None:
        results_table(summary.results)
        folds_table(summary.results)
        print(standardisation_note(run.recipe), end="")
        print(run.summary_path.read_text(encoding="utf-8"))
    if summary.failures:
        first = {row.clip_id: row.reason for row in reversed(summary.failures)}
        print_table(("clip", "could not be read because"), sorted(first.items()))
    if summary.check is not None:
        print(summary.check)
    print(f"everything is in {run.folder}")


def folds_table(results: Sequence[Result]) -> None:
    """Print what was judged out of fold, fold by fold, with 95 % intervals over groups."""
    rows = []
    for result in (one for one in results if one.by_fold):
        metric = result.metric
        values = [metric.number(value) for value in result.by_fold.values()]
        if len(values) > MOST_FOLDS_SHOWN:
            mean, sd = fmean(result.by_fold.values()), stdev(result.by_fold.values())
            values = [f"{len(values)} folds: {metric.number(mean)} ± {metric.number(sd)}"]
        whole = metric.number(result.value)
        span = metric.span(result.low, result.high)
        rows.append((result.name, metric.heading, "  ".join(values), whole, span))
    if rows:
        print_table(("modality", "metric", "fold by fold", "all", "95 % over groups"), rows)


def ablation_table(frame: pd.DataFrame, axes: Sequence[str]) -> None:
    """Print the rows of an ablation; those that differ from the reference are marked."""
    from emotiw.analysis.ablation.outputs import cells

    header, rows = cells(frame, axes)
    header = [name.replace(" (", "\n(") for name in header[:-1]]  # sizes are in the files
    columns = [Column(name, overflow="fold") for name in header]
    for figure in columns[len(axes) :]:
        figure.justify, figure.no_wrap = "right", True
    print_table(columns, (row[:-1] for row in rows), box=SIMPLE_HEAD, padding=(0, 1, 0, 0))


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
