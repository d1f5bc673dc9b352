"""Tables for a person at a terminal, also of 80 columns: words wrap, and nothing is cut."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import isfinite
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

from emotiw.cli.stage import print_table, show
from emotiw.evaluation.metric import Metric
from emotiw.evaluation.notes import notes_of
from emotiw.evaluation.results import Result
from emotiw.runs.run import FUSED

if TYPE_CHECKING:
    import pandas as pd

    from emotiw.runs.pipeline import Summary
    from emotiw.runs.run import Run

MOST_FOLDS_SHOWN = 6


def results_table(results: Sequence[Result], *, told: str = "") -> None:
    """Print one row per modality and split: the first metric with its interval, then the others.

    What has to be known of them is told below, but for what ``told``, printed as well, says.
    """
    if not results:
        print("no clip has both scores and a label or target: nothing to judge")
        return
    main, *others = dict.fromkeys(result.metric for result in results)
    table = _table(("modality", "judged on"), ("clips", "scored", main.heading, "95 %"))
    beside = _table(("modality", "judged on"), [metric.heading for metric in others])
    for place, part in groupby(results, key=lambda one: (one.name, one.judged_on)):
        found = {result.metric: result for result in part}
        first = found[main]
        counts = (str(first.n), str(first.n_scored))
        table.add_row(*place, *counts, main.number(first.value), main.span(first.low, first.high))
        beside.add_row(*place, *(metric.number(found[metric].value) for metric in others))
    show(table)
    if others:
        show(beside)
    for note in notes_of([result for result in results if result.metric is main]):
        if note not in told:
            print(note)


def summary_tables(run: Run, summary: Summary) -> None:
    """Print what a run came to: results, clips that could not be read, the submission."""
    if summary.results is not None:
        told = run.summary_path.read_text(encoding="utf-8")
        results = without_twin(summary.results)
        is_alone = len(results) < len(summary.results)
        results_table(results, told="" if is_alone else told)
        folds_table(results)
        print(f"one model alone: its calibration is in {run.summary_path}" if is_alone else told)
    if summary.failures:
        first = {row.clip_id: row.reason for row in reversed(summary.failures)}
        print_table(("clip", "could not be read because"), sorted(first.items()))
        print("--force tries them again")
    for edit in summary.edits:
        print(edit)
    if summary.check is not None:
        print(summary.check)
    print(f"everything is in {run.folder}")


def without_twin(results: Sequence[Result]) -> list[Result]:
    """Return the results without those of a fusion of one modality that is no other than it."""

    def values(name: str) -> dict[tuple[str, str], tuple[float, ...]]:
        own = (result for result in results if result.name == name)
        return {(r.judged_on, r.metric.name): (r.value, r.low, r.high) for r in own}

    names = list(dict.fromkeys(result.name for result in results))
    others = [name for name in names if name != FUSED]
    if len(others) == 1 and repr(values(FUSED)) == repr(values(others[0])):  # NaN is NaN
        return [result for result in results if result.name != FUSED]
    return list(results)


def folds_table(results: Sequence[Result]) -> None:
    """Print what was judged out of fold, fold by fold, with 95 % intervals."""
    table = _table(("modality", "metric", "fold by fold"), ("all", "95 %"))
    for result in (one for one in results if one.by_fold):
        metric = result.metric
        whole = metric.number(result.value)
        span = metric.span(result.low, result.high)
        table.add_row(result.name, metric.heading, _by_fold(result), whole, span)
    if table.row_count:
        show(table)


def _by_fold(result: Result) -> str:
    """Return the values of all folds, or of many their mean ± standard deviation."""
    number, values = result.metric.number, result.by_fold.values()
    known = [value for value in values if isfinite(value)]
    if len(values) <= MOST_FOLDS_SHOWN or len(known) < 2:
        return "  ".join(number(value) or "–" for value in values)
    counted = f"{len(known)} of {len(values)}" if len(known) < len(values) else len(values)
    return f"{counted} folds: {number(fmean(known))} ± {number(stdev(known))}"


def ablation_table(frame: pd.DataFrame, axes: Sequence[str], metric: Metric) -> None:
    """Print the rows of an ablation; those that differ from the reference are marked."""
    from emotiw.analysis.ablation.outputs import cells

    header, rows = cells(frame, axes, metric)
    header = [name.replace(" (", "\n(") for name in header[:-1]]  # sizes are in the files
    table = _table(header[: len(axes)], header[len(axes) :])
    for row in rows:
        table.add_row(*row[:-1])
    show(table)


def _table(texts: Sequence[str], numbers: Sequence[str] = ()) -> Table:
    """Return a table whose texts wrap to what its numbers leave of the width."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in texts:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table
