"""Several score tables side by side, aligned by clip id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from emotiw.core.errors import Problems, TableError
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Decisions, Task
from fusion.traces import Traces

Scores = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class AlignedScores:
    """The scores of every modality for every clip that any of them knows.

    Attributes:
        names: the modalities, sorted.
        task: what is asked.
        clip_ids: sorted as text.
        split: per clip.
        scores: ``(n_clips, n_modalities, n_labels)``; NaN where a modality has nothing to say.
        owners: the clip that each row is of: the row itself but for steps.
        time_sec: ``(n_clips,)`` when each step is; zeros where a row is a whole clip.
    """

    names: tuple[str, ...]
    task: Task
    clip_ids: tuple[str, ...]
    split: tuple[str, ...]
    scores: Scores
    owners: tuple[str, ...]
    time_sec: Scores

    @cached_property
    def traces(self) -> Traces:
        """Which rows follow each other in time."""
        return Traces(pd.factorize(np.array(self.owners, dtype=object))[0], self.time_sec)

    @property
    def is_by_step(self) -> bool:
        """Whether a row is a step of a clip."""
        return self.owners != self.clip_ids

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """``(n_clips, n_modalities)``: which modality has scores for which clip."""
        return ~np.isnan(self.scores[:, :, 0])


def align(tables: Mapping[str, ScoreTable], names: Sequence[str] | None = None) -> AlignedScores:
    """Put tables side by side by clip id; the order of tables and of their rows means nothing.

    Args:
        tables: by modality; all of one task, with the same labels in the same order.
        names: the modalities to take; all of them by default. One that is not among the tables
            counts as missing from every clip.

    Raises:
        TableError: if tables disagree on task, labels or the split of a clip, or there is none.
    """
    taken = tuple(sorted(tables)) if names is None else tuple(names)
    known = [name for name in taken if name in tables]
    if not known:
        raise TableError(f"no score tables of {', '.join(taken) or 'any modality'} to fuse")
    problems = Problems("score tables can't be fused")
    for name in known:
        if not isinstance(tables[name], ScoreTable):
            problems.add(
                f"{name!r} is a {type(tables[name]).__name__}, not a ScoreTable; "
                "emotiw.core.imported_scores.table_from_frame makes one of a table in pandas"
            )
    problems.raise_if_any(TableError)
    first = tables[known[0]]
    for name in known[1:]:
        table = tables[name]
        if table.task.kind != first.task.kind:
            problems.add(f"{name!r} is {table.task.kind}, {known[0]!r} is {first.task.kind}")
        if table.labels != first.labels:
            problems.add(f"{name!r} has labels {table.labels}, {known[0]!r} has {first.labels}")
        elif _kinds(table.task) != _kinds(first.task):
            told = ", ".join(_kinds(first.task))
            problems.add(f"{name!r} has a {', '.join(_kinds(table.task))}, {known[0]!r} a {told}")
    problems.raise_if_any(TableError)

    clip_ids = tuple(sorted(set().union(*(tables[name].clip_ids for name in known))))
    index = pd.Index(clip_ids, dtype=object)
    scores = np.full((len(clip_ids), len(taken), len(first.labels)), np.nan)
    split = np.full(len(clip_ids), "", dtype=object)
    owners, time_sec = np.array(clip_ids, dtype=object), np.zeros(len(clip_ids))
    for name in known:
        table = tables[name]
        rows = index.get_indexer(pd.Index(table.clip_ids, dtype=object))
        scores[rows, taken.index(name)] = table.scores
        theirs = np.asarray(table.split, dtype=object)
        for row in rows[(split[rows] != "") & (split[rows] != theirs)]:
            problems.add(f"clip {clip_ids[row]!r}: {name!r} has it in another split")
        split[rows] = theirs
        if table.is_by_step:
            owners[rows], time_sec[rows] = table.owners, table.times
    problems.raise_if_any(TableError)
    return AlignedScores(taken, first.task, clip_ids, tuple(split), scores, tuple(owners), time_sec)


def _kinds(task: Task) -> list[str]:
    return [answer.kind for answer in task.answers]


def content_order(scores: Scores, targets: Decisions) -> Indices:
    """Return an order of the rows that depends on what they hold, not on where they stand.

    Rows are sorted by the bytes of their scores and target, so neither the names of clips nor
    the order of rows can change what is fitted on them, down to the last bit.

    Examples:
        >>> scores = np.array([[[0.2, 0.8]], [[0.9, 0.1]], [[0.2, 0.8]]])
        >>> order = content_order(scores, np.array([1, 0, 0]))
        >>> shuffled = [2, 1, 0]
        >>> again = content_order(scores[shuffled], np.array([0, 0, 1]))
        >>> np.array_equal(scores[order], scores[shuffled][again])
        True
    """
    flat = np.column_stack([scores.reshape(len(scores), -1), targets]).astype(np.float64)
    flat = np.where(np.isnan(flat), np.nan, flat) + 0.0  # one NaN and one zero
    rows = np.ascontiguousarray(flat).view(np.dtype((np.void, flat.itemsize * flat.shape[1])))
    return np.argsort(rows.ravel(), kind="stable")
