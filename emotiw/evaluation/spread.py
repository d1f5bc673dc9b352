"""How far a figure can be trusted: fold by fold, and over other speakers of the same kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.metrics import Metric, metric_named

NO_ANSWER = ""
N_DRAWS = 500
LEVEL = 0.95
Answers = Mapping[str, str | float]


@dataclass(frozen=True)
class Spread:
    """One figure of one score table on out-of-fold clips.

    Attributes:
        modality: the model, or ``fused``.
        metric: by name.
        value: over all clips together.
        by_fold: the same figure in each fold.
        low: lower end of the 95 % interval over groups.
        high: its upper end.
        n_groups: speakers or source videos that were drawn from.
    """

    modality: str
    metric: str
    value: float
    by_fold: dict[int, float]
    low: float
    high: float
    n_groups: int


def spread_of(
    table: ScoreTable,
    answers: Answers,
    *,
    groups: Mapping[str, str],
    folds: Mapping[str, int],
    metric: str,
    seed: int = 0,
) -> Spread | None:
    """Return a figure with its folds and its interval; None where there is nothing to judge.

    The interval is a bootstrap over whole groups: clips of one speaker are no independent
    witnesses, so speakers are drawn with replacement, each with all their clips. A clip without
    scores counts as wrong in classification and is left out in regression.

    Args:
        table: the scores.
        answers: label or target by clip id; clips without one are not judged.
        groups: the group of every clip.
        folds: the fold of every clip that is scored out of fold.
        metric: by name.
        seed: of the draws.

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, percentile intervals, with
        groups as the units that are drawn.
    """
    judge = metric_named(metric)
    predicted = _predictions(table)
    judged = [
        clip_id
        for clip_id in sorted(folds)
        if clip_id in answers and (table.task == "classification" or clip_id in predicted)
    ]
    if not judged or not predicted.keys() & set(judged):
        return None
    by_fold: dict[int, list[str]] = defaultdict(list)
    by_group: dict[str, list[str]] = defaultdict(list)
    for clip_id in judged:
        by_fold[folds[clip_id]].append(clip_id)
        by_group[groups[clip_id]].append(clip_id)
    members = [by_group[group] for group in sorted(by_group)]
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(members), size=(N_DRAWS, len(members)))
    if metric in {"accuracy", "uar"}:
        drawn = _drawn_recalls(metric, draws, members, answers, predicted)
    else:
        samples = ([c for row in draw for c in members[row]] for draw in draws)
        drawn = np.array([_figure(judge, sample, answers, predicted) for sample in samples])
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Spread(
        modality=table.name,
        metric=metric,
        value=_figure(judge, judged, answers, predicted),
        by_fold={f: _figure(judge, by_fold[f], answers, predicted) for f in sorted(by_fold)},
        low=float(low),
        high=float(high),
        n_groups=len(members),
    )


def spread_frame(spreads: Sequence[Spread]) -> pd.DataFrame:
    """Return one row per modality, metric and fold; fold ``all`` carries the interval."""
    rows: list[dict[str, str | float]] = []
    for spread in spreads:
        key: dict[str, str | float] = {"modality": spread.modality, "metric": spread.metric}
        for fold, value in spread.by_fold.items():
            rows.append(key | {"fold": str(fold), "value": value})
        whole: dict[str, str | float] = {
            "low": spread.low,
            "high": spread.high,
            "n_groups": spread.n_groups,
        }
        rows.append(key | {"fold": "all", "value": spread.value} | whole)
    columns = ["modality", "metric", "fold", "value", "low", "high", "n_groups"]
    return pd.DataFrame(rows, columns=columns).astype({"n_groups": "Int64"})


def _predictions(table: ScoreTable) -> Answers:
    if table.task == "classification":
        return table.predictions()
    present = np.flatnonzero(table.present)
    return {table.clip_ids[row]: float(table.scores[row, 0]) for row in present}


def _figure(metric: Metric, clip_ids: Sequence[str], answers: Answers, predicted: Answers) -> float:
    if metric.task == "classification":
        truth = [str(answers[clip_id]) for clip_id in clip_ids]
        return metric.function(truth, [predicted.get(c, NO_ANSWER) for c in clip_ids])
    return metric.function(
        [float(answers[clip_id]) for clip_id in clip_ids],
        [float(predicted[clip_id]) for clip_id in clip_ids],
    )


def _drawn_recalls(
    metric: str,
    draws: npt.NDArray[np.int64],
    members: Sequence[Sequence[str]],
    answers: Answers,
    predicted: Answers,
) -> npt.NDArray[np.float64]:
    """Return accuracy or UAR of every draw, from counts per group instead of clip by clip."""
    labels = sorted({str(answers[clip_id]) for group in members for clip_id in group})
    code = {label: number for number, label in enumerate(labels)}
    right, asked = np.zeros((2, len(members), len(labels)))
    for row, group in enumerate(members):
        for clip_id in group:
            asked[row, code[str(answers[clip_id])]] += 1
            right[row, code[str(answers[clip_id])]] += predicted.get(clip_id) == answers[clip_id]
    right, asked = right[draws].sum(axis=1), asked[draws].sum(axis=1)  # (draws, labels)
    if metric == "accuracy":
        return np.asarray(right.sum(axis=1) / asked.sum(axis=1))
    recall = np.divide(right, asked, out=np.full_like(right, np.nan), where=asked > 0)
    return np.asarray(np.nanmean(recall, axis=1))
