"""Scores that nobody has learnt, of every kind of answer."""

from __future__ import annotations

import numpy as np

from emotiw.core.cohort import Cohort
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Task


def made_up(task: Task, n_rows: int, rng: np.random.Generator) -> np.ndarray:
    """``(n_rows, n_columns)`` scores of every kind of answer."""
    columns = []
    for answer in task.answers:
        if answer.is_label:
            columns.append(rng.dirichlet(np.ones(len(answer.labels)), n_rows))
        else:
            columns.append(rng.random((n_rows, 1)))
    return np.hstack(columns)


def table_of(cohort: Cohort, row_ids: list[str], scores: np.ndarray) -> ScoreTable:
    rows = cohort.rows
    by_step = cohort.has_steps
    return ScoreTable(
        "fused", cohort.task, tuple(row_ids), scores, tuple(rows[r].split for r in row_ids),
        (None,) * len(row_ids), owners=tuple(rows.owners[r] for r in row_ids) if by_step else (),
        time_sec=np.array([rows.times[r] for r in row_ids]) if by_step else None,
    )  # fmt: skip
