"""The table of an ablation, made from its folder alone: intervals, differences, corrected tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from emotiw.core.cohort import Cohort
from emotiw.core.cohort_table import read_manifest
from emotiw.core.errors import ConfigError, TableError
from emotiw.core.files import atomic_write
from emotiw.core.notebook_views import AsTable
from emotiw.core.score_table import ScoreTable
from emotiw.core.task_kinds import task_of
from emotiw.evaluation.differences import compare, holm, smallest_p
from emotiw.evaluation.metric import Metric
from emotiw.evaluation.metrics import metric_named
from emotiw.evaluation.results import evaluate

LEVEL = 0.05
FORMAT = 1
DESCRIPTION = "ablation.json"
CLIPS = "clips.csv"
OF_RESULT = ("value", "low", "high", "n", "n_scored", "n_groups", "knows_groups")
AFTER_AXES = (
    "metric", "split", "value", "low", "high", "n", "n_scored", "n_groups",
    "knows_groups", "difference", "difference_low", "difference_high", "p", "p_holm",
    "is_significant", "is_reference", "seconds", "megabytes", "adapted_on",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row as ``ablation.json`` keeps it.

    Attributes:
        name: unique.
        choice: the setting of every axis.
        models: what is fused.
        scores: the file of fused scores, below the folder.
        seconds: what it takes from scratch; None where some part was not measured.
        megabytes: of its trained models; None where they were not kept.
        failed: why there are no scores; empty where there are.
    """

    name: str
    choice: Mapping[str, str]
    models: Sequence[str]
    scores: str
    seconds: float | None = None
    megabytes: float | None = None
    failed: str = ""


@dataclass(frozen=True)
class Description:
    """What an ablation's folder holds.

    Attributes:
        title: of the run and its challenge.
        task: what is asked, as :func:`~emotiw.core.task_kinds.told_of` tells it.
        metric: what is judged.
        split: on which clips.
        seed: of the run.
        reference: the row that others are compared with.
        axes: the names of the settings of every axis.
        rows: in the order of the table.
    """

    title: str
    task: Mapping[str, Any]
    metric: str
    split: str
    seed: int
    reference: str
    axes: Mapping[str, Sequence[str]]
    rows: Sequence[Row]

    @property
    def judged_by(self) -> Metric:
        """The metric, as it judges what is asked."""
        return metric_named(self.metric, task_of(self.task))

    def write(self, folder: Path) -> None:
        """Write ``ablation.json``."""
        shown = {**vars(self), "rows": [vars(row) for row in self.rows], "format": FORMAT}
        text = json.dumps(shown, indent=1, ensure_ascii=False) + "\n"
        atomic_write(folder / DESCRIPTION, text.encode())

    @classmethod
    def read(cls, folder: Path) -> Description:
        """Read ``ablation.json``.

        Raises:
            ConfigError: if there is none, or it is damaged.
        """
        path = folder / DESCRIPTION
        try:
            written = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(
                f"{path} is not there yet: run `emotiw ablate` with a recipe"
            ) from None
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path}: can't be read ({error})") from error
        try:
            if written.pop("format") != FORMAT:
                raise ConfigError(f"{path}: written by another version of this toolkit")
            rows = [Row(**row) for row in written.pop("rows")]
            return cls(**written, rows=rows)
        except (KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"{path}: not the description of an ablation ({error})") from error


@dataclass(frozen=True, repr=False)
class Ablation(AsTable):
    """An ablation that was carried out.

    Attributes:
        folder: where everything is.
        description: what the rows are.
        table: one line per row, as :mod:`emotiw.analysis.ablation` lists the columns.
    """

    folder: Path
    description: Description
    table: pd.DataFrame = field(repr=False)

    def __repr__(self) -> str:
        """Return what was varied in one line."""
        axes = ", ".join(self.description.axes)
        return f"<Ablation of {self.description.title}: {len(self.table)} rows along {axes}>"

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    @property
    def failures(self) -> dict[str, str]:
        """Why rows have no scores, by row."""
        return {row.name: row.failed for row in self.description.rows if row.failed}

    def scores(self, row: str) -> ScoreTable:
        """Return the fused scores of a row."""
        wanted = next((r for r in self.description.rows if r.name == row), None)
        if wanted is None:
            raise ConfigError(f"no row {row!r} in {self.folder}")
        return ScoreTable.read_csv(self.folder / wanted.scores)


def judge_rows(folder: Path, description: Description) -> pd.DataFrame:
    """Return the table of the rows whose scores are in the folder.

    Raises:
        TableError: if scores are missing or damaged.
        ConfigError: if the reference has none.
    """
    task = task_of(description.task)
    cohort = read_manifest(folder / CLIPS, root=folder, task=task).rows
    tables = {
        row.name: ScoreTable.read_csv(folder / row.scores)
        for row in description.rows
        if not row.failed
    }
    return compared(cohort, description, tables)


def compared(
    cohort: Cohort, description: Description, tables: Mapping[str, ScoreTable]
) -> pd.DataFrame:
    """Return the table of rows from their scores; a row without any is left empty.

    Raises:
        ConfigError: if the reference has none.
    """
    if tables and description.reference not in tables:
        why = next(r.failed for r in description.rows if r.name == description.reference)
        raise ConfigError(f"the reference, {description.reference!r}, has no scores: {why}")
    metric, split = description.judged_by, description.split
    others = [name for name in tables if name != description.reference]
    differences = {
        name: compare(tables[name], tables[description.reference], cohort, metric, split=split)
        for name in others
    }
    corrected = dict(zip(others, holm([differences[n].p for n in others]), strict=True))
    lines: list[dict[str, Any]] = []
    for row in description.rows:
        is_reference = row.name == description.reference
        line: dict[str, Any] = {"row": row.name, **row.choice, "metric": metric.name}
        line |= {"split": split, "is_reference": is_reference}
        line |= {"seconds": row.seconds, "megabytes": row.megabytes}
        if row.name in tables:
            result = evaluate(tables[row.name], cohort, metric, split=split)
            line |= {name: getattr(result, name) for name in OF_RESULT}
            line["adapted_on"] = " and ".join(result.adapted_on)
        if row.name in differences:
            found = differences[row.name]
            line |= {"difference": found.value, "difference_low": found.low}
            line |= {"difference_high": found.high, "p": found.p, "p_holm": corrected[row.name]}
            line["is_significant"] = corrected[row.name] <= LEVEL
        lines.append(line)
    return as_frame(lines, tuple(description.axes))


def as_frame(lines: Sequence[Mapping[Any, Any]], axes: Sequence[str]) -> pd.DataFrame:
    """Return the lines of a table with all its columns, typed."""
    frame = pd.DataFrame(lines, columns=["row", *axes, *AFTER_AXES])
    kinds = dict.fromkeys(AFTER_AXES, "float64")
    kinds |= dict.fromkeys(("row", *axes, "metric", "split", "adapted_on"), "str")
    frame["adapted_on"] = frame["adapted_on"].fillna("")
    kinds |= dict.fromkeys(("n", "n_scored", "n_groups"), "Int64")
    kinds |= dict.fromkeys(("is_significant", "knows_groups"), "boolean")
    return frame.astype({**kinds, "is_reference": "bool"})


def least_p(table: pd.DataFrame) -> float:
    """Return the smallest corrected p-value that any row of the table could reach."""
    return min(1.0, smallest_p(int(table["n_groups"].max())) * max(1, len(table) - 1))


def read_table(path: Path, axes: Sequence[str]) -> pd.DataFrame:
    """Read ``ablation.csv``.

    Raises:
        TableError: if it is missing or damaged.
    """
    try:
        frame = pd.read_csv(path, dtype=dict.fromkeys(("row", *axes), str))
        return as_frame(frame.to_dict("records"), axes)
    except (OSError, ValueError, KeyError) as error:
        raise TableError(f"{path}: missing or damaged ({error})") from error
