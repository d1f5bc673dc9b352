"""Frames and segments that nothing scored, between others that something did.

A number, or a probability, is interpolated over time within its clip, and held beyond the first
and the last; a label is that of the nearest step. A clip without any scored step stays empty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Task


def filled_over_time(
    scores: ScoreTable, wanted: Iterable[str], owners: Mapping[str, str], times: Mapping[str, float]
) -> tuple[ScoreTable, tuple[str, ...]]:
    """Return a table with the rows that could be filled in, and their ids.

    Args:
        scores: a row per step.
        wanted: ids of the rows that should have scores.
        owners: the clip of every row.
        times: the seconds of every row.
    """
    known: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero(scores.present).tolist():
        known[owners.get(scores.clip_ids[row], "")].append(row)
    scored = {scores.clip_ids[row] for row in np.flatnonzero(scores.present)}
    empty: dict[str, list[str]] = defaultdict(list)
    for row_id in wanted:
        if row_id not in scored and owners.get(row_id) in known:
            empty[owners[row_id]].append(row_id)
    if not empty:
        return scores, ()
    new_ids, values, split, fold = [], [], list[str](), []
    for clip_id, row_ids in empty.items():
        rows = sorted(known[clip_id], key=lambda row: times[scores.clip_ids[row]])
        when = np.array([times[scores.clip_ids[row]] for row in rows])
        asked = np.array([times[row_id] for row_id in row_ids])
        values.append(_between(scores.task, scores.scores[rows], when, asked))
        new_ids += row_ids
        split += [scores.split[rows[0]]] * len(row_ids)
        fold += [scores.fold[rows[0]]] * len(row_ids)
    kept = scores.select(scored)
    return replace(
        kept,
        clip_ids=(*kept.clip_ids, *new_ids),
        scores=np.concatenate([kept.scores, *values]),
        split=(*kept.split, *split),
        fold=(*kept.fold, *fold),
        owners=(*(owners[c] for c in kept.clip_ids), *(owners[c] for c in new_ids)),
        time_sec=np.array([times[c] for c in (*kept.clip_ids, *new_ids)]),
    ), tuple(new_ids)


def _between(task: Task, scores: np.ndarray, when: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return ``(n_asked, n_columns)`` scores at other times."""
    nearest = np.abs(asked[:, None] - when).argmin(axis=1)
    found, begin = np.empty((len(asked), scores.shape[1])), 0
    for answer in task.answers:
        end = begin + len(answer.labels)
        if answer.is_label:
            found[:, begin:end] = scores[nearest, begin:end]
        else:
            found[:, begin] = np.interp(asked, when, scores[:, begin])
        begin = end
    return found
