"""Scores at the times that a challenge asks about, from those of a model with times of its own.

The rule: between two of the model's steps a score is interpolated linearly, which keeps numbers
within their range and probabilities at a sum of 1. Beyond its first and last step, and in gaps,
the nearest step's score counts as far as the tolerance reaches, and past that the model has said
nothing. A gap is more than twice the tolerance. Unless it is given, the tolerance is the model's
own usual step: the median time from one of its rows to the next.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.cohort import Cohort
from emotiw.core.errors import Problems, TableError
from emotiw.core.score_table import ScoreTable

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
ALIKE_SEC = 1e-6  # times nearer than this are the same, after a way through text


def on_steps(table: ScoreTable, rows: Cohort, tolerance_sec: float | None = None) -> ScoreTable:
    """Return a table with the steps of a cohort, joined by row id, or by clip and time.

    Rows are taken by their ids where their times are those of the cohort. Where they are not, the
    scores are resampled clip by clip. A table with a row per clip says the same at every step.

    Args:
        table: the scores.
        rows: the cohort of steps, :attr:`~emotiw.core.cohort.Cohort.rows`; of one without steps
            the table comes back as it is.
        tolerance_sec: how far from a step of the model its score may be used.

    Raises:
        TableError: if a clip has two rows at one time, or rows of several folds or splits.
    """
    if not rows.owners:
        return table
    if not table.is_by_step:
        if any(clip_id in rows for clip_id in table.clip_ids):
            return _with_times(table, rows)
        if not set(rows.owners.values()) & set(table.clip_ids):
            return table
        table = replace(table, owners=table.clip_ids, time_sec=np.zeros(len(table)))
        tolerance_sec = np.inf
    elif _has_its_times(table, rows):
        return table
    return _resampled(table, rows, tolerance_sec)


def _with_times(table: ScoreTable, rows: Cohort) -> ScoreTable:
    """Return the rows that are steps of the cohort, with their clips and times."""
    own = table.select(rows.clip_ids)
    times = np.array([rows.times[row_id] for row_id in own.clip_ids])
    return replace(own, owners=tuple(rows.owners[one] for one in own.clip_ids), time_sec=times)


def _has_its_times(table: ScoreTable, rows: Cohort) -> bool:
    """Return whether the table's rows of known clips are steps of the cohort, at their times."""
    clips = set(rows.owners.values())
    times = np.array([rows.times.get(row_id, np.nan) for row_id in table.clip_ids])
    is_known = np.array([owner in clips for owner in table.owners], dtype=bool)
    return bool((np.abs(times - table.times)[is_known] <= ALIKE_SEC).all())


def _resampled(table: ScoreTable, rows: Cohort, tolerance_sec: float | None) -> ScoreTable:
    import pandas as pd

    clips = pd.Index(sorted(set(rows.owners.values())), dtype=object)
    theirs = clips.get_indexer(pd.Index(table.owners, dtype=object)).astype(np.intp)
    order = np.lexsort((table.times, theirs))
    order = order[theirs[order] >= 0]
    clip, time_sec = theirs[order], table.times[order]
    _check(table, order, clip, time_sec)
    if tolerance_sec is None:
        apart = np.diff(time_sec)[np.diff(clip) == 0]
        tolerance_sec = float(np.median(apart)) if len(apart) else 0.0
    said = table.present[order]
    order, clip, time_sec = order[said], clip[said], time_sec[said]
    asked = rows.clip_ids
    asked_clip = clips.get_indexer(pd.Index([rows.owners[one] for one in asked], dtype=object))
    asked_sec = np.array([rows.times[one] for one in asked])
    before, after, share = _neighbours(
        (clip, time_sec), (asked_clip.astype(np.intp), asked_sec), tolerance_sec + ALIKE_SEC
    )
    there = before >= 0
    before, after, share = order[before[there]], order[after[there]], share[there, None]
    return replace(
        table,
        clip_ids=tuple(np.array(asked, dtype=object)[there]),
        scores=(1 - share) * table.scores[before] + share * table.scores[after],
        split=tuple(np.array(table.split, dtype=object)[before]),
        fold=tuple(np.array([*table.fold, None], dtype=object)[before]),
        owners=tuple(clips[asked_clip[there]]),
        time_sec=asked_sec[there],
    )


def _neighbours(
    said: tuple[Codes, Numbers], asked: tuple[Codes, Numbers], tolerance_sec: float
) -> tuple[Codes, Codes, Numbers]:
    """Return the rows before and after each time that is asked for, and how much the later counts.

    Both are the same row where only one counts, and -1 where none does.
    """
    (clip, time_sec), (asked_clip, asked_sec) = said, asked
    if not len(clip):
        nothing = np.full(len(asked_clip), -1, dtype=np.intp)
        return nothing, nothing, np.zeros(len(asked_clip))
    place = _places(clip, time_sec, asked_clip, asked_sec)
    sides = (place - 1).clip(min=0), place.clip(max=len(clip) - 1)
    away: list[Any] = []
    for side, is_inside in zip(sides, (place > 0, place < len(clip)), strict=True):
        is_own = is_inside & (clip[side] == asked_clip)
        away.append(np.where(is_own, np.abs(asked_sec - time_sec[side]), np.inf))
    gap = away[0] + away[1]
    is_between = np.isfinite(gap) & (gap <= 2 * tolerance_sec)
    nearest = np.where(away[0] <= away[1], *sides)
    is_near = np.minimum(*away) <= tolerance_sec
    alone = np.where(is_near, nearest, -1)
    before, after = (np.where(is_between, side, alone) for side in sides)
    share = np.divide(away[0], gap, out=np.zeros(len(gap)), where=is_between & (gap > 0))
    return before, after, share


def _places(clip: Codes, time_sec: Numbers, asked_clip: Codes, asked_sec: Numbers) -> Codes:
    """Return how many rows are before or at each time: earlier clips, or the clip's own rows."""
    keys = np.concatenate([clip, asked_clip])
    times = np.concatenate([time_sec, asked_sec])
    is_asked = np.arange(len(keys)) >= len(clip)
    order = np.lexsort((is_asked, times, keys))
    counted = np.cumsum(~is_asked[order])
    places = np.empty(len(keys), dtype=np.intp)
    places[order] = counted
    return places[len(clip) :]


def _check(table: ScoreTable, order: Codes, clip: Codes, time_sec: Numbers) -> None:
    import pandas as pd

    problems = Problems(f"scores of {table.name!r} can't be taken to other times")
    is_same = np.diff(clip) == 0
    for row in np.flatnonzero(is_same & (np.diff(time_sec) <= 0)):
        problems.add(f"clip {table.owners[order[row]]!r} has two rows at {time_sec[row]:g} s")
    for what, codes in (
        ("folds", table.models[1]),
        ("splits", pd.factorize(np.array(table.split))[0]),
    ):
        for row in np.flatnonzero(is_same & (np.diff(codes[order]) != 0)):
            problems.add(f"clip {table.owners[order[row]]!r} has rows of several {what}")
    problems.raise_if_any(TableError)
