"""The figures of a run: every score table against the answers, on every clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.metrics import METRICS, Metric

NO_ANSWER = ""


@dataclass(frozen=True)
class Figure:
    """One figure of one score table on one split.

    Attributes:
        modality: the model, or ``fused``.
        split: ``train`` (out-of-fold), ``val`` or ``test``.
        metric: by name.
        value: the figure, as the metric defines it.
        n: clips judged: all that have an answer.
        n_scored: clips among them that have scores.
    """

    modality: str
    split: str
    metric: str
    value: float
    n: int
    n_scored: int


def evaluate(
    table: ScoreTable,
    answers: Mapping[str, str | float],
    *,
    splits: Mapping[str, str] | None = None,
    metrics: Sequence[str] = (),
) -> list[Figure]:
    """Return the figures of a table on every split of which it scores any clip with an answer.

    In classification a clip without scores counts as wrong, whether its row is empty or lacks: a
    figure over the easy clips alone would flatter. In regression it is left out. ``n_scored``
    tells either way.

    Args:
        table: the scores.
        answers: label or target by clip id; clips without one are not judged.
        splits: by clip id, of every clip of the challenge, so that clips that the table does not
            list are judged too; without it only those that it lists.
        metrics: by name; all that suit the task by default.
    """
    chosen = [
        metric
        for metric in METRICS.values()
        if metric.task == table.task and (not metrics or metric.name in metrics)
    ]
    split_of = {**(splits or {}), **dict(zip(table.clip_ids, table.split, strict=True))}
    figures = []
    for split in ("train", "val", "test"):
        judged = [c for c in sorted(split_of) if split_of[c] == split and c in answers]
        scores = table.aligned_to(judged)
        scored = ~np.isnan(scores).any(axis=1)
        if not scored.any():
            continue
        for metric in chosen:
            value = _value(metric, table, judged, scores, answers)
            figures.append(
                Figure(table.name, split, metric.name, value, len(judged), int(scored.sum()))
            )
    return figures


def figures_frame(figures: Sequence[Figure]) -> pd.DataFrame:
    """Return figures in pandas, one row each."""
    columns = ["modality", "split", "metric", "value", "n", "n_scored"]
    return pd.DataFrame([vars(figure) for figure in figures], columns=columns)


def _value(
    metric: Metric,
    table: ScoreTable,
    judged: Sequence[str],
    scores: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    answers: Mapping[str, str | float],
) -> float:
    if table.task == "classification":
        predicted = table.predictions()
        truth = [str(answers[clip_id]) for clip_id in judged]
        return metric.function(truth, [predicted.get(c, NO_ANSWER) for c in judged])
    rows = np.flatnonzero(~np.isnan(scores).any(axis=1)).tolist()
    targets = [float(answers[judged[row]]) for row in rows]
    return metric.function(targets, scores[rows, 0])
