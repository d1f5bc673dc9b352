"""The rows that fusion may be fitted on, and the refusal of all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from emotiw.core.errors import Problems, TableError, suggest
from emotiw.core.score_table import ScoreTable, Task
from fusion.aligned import Joined, Scores, content_order

Answers = npt.NDArray[Any]  # class indices (intp) or targets (float64)
MIN_CLIPS = 2


@dataclass(frozen=True)
class TrainingRows:
    """Clips with scores and answers, in an order of content, not of names.

    Attributes:
        names: the modalities.
        labels: in class order.
        task: classification or regression.
        clip_ids: one per row.
        scores: ``(n, n_modalities, n_labels)``; NaN where a modality is missing.
        answers: ``(n,)``.
        groups: ``(n,)`` group of each row as a number, counted in the order of first appearance.
        group_names: the group that each number stands for.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    task: Task
    clip_ids: tuple[str, ...]
    scores: Scores
    answers: Answers
    groups: npt.NDArray[np.intp]
    group_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.clip_ids)

    @property
    def seen(self) -> frozenset[str]:
        """The groups that a fit on these rows sees."""
        return frozenset(self.group_names[code] for code in np.unique(self.groups))

    def subset(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> TrainingRows:
        """Return some of the rows, in the same order."""
        positions = np.arange(len(self))[rows]
        return replace(
            self,
            clip_ids=tuple(self.clip_ids[row] for row in positions),
            scores=self.scores[positions],
            answers=self.answers[positions],
            groups=self.groups[positions],
        )

    def only(self, modalities: Sequence[int]) -> TrainingRows:
        """Return the same clips with some of the modalities."""
        return replace(
            self,
            names=tuple(self.names[position] for position in modalities),
            scores=self.scores[:, list(modalities)],
        )


def training_rows(
    tables: Mapping[str, ScoreTable],
    joined: Joined,
    answers: Mapping[str, str | float],
    groups: Mapping[str, str],
    *,
    splits: Sequence[str] = ("train", "val"),
) -> TrainingRows:
    """Choose the clips to fit on, and check that no model has seen the group of its clip.

    A clip is chosen if its split is asked for, it has an answer, and some modality has scores.
    Answers of test clips are never looked at.

    Raises:
        LeakageError: naming every row whose model has seen its group, or might have.
        TableError: if an answer is no label of the task, a clip has no group, or too few remain.
    """
    wanted = np.isin(np.array(joined.split, dtype=object), [s for s in splits if s != "test"])
    wanted &= joined.present.any(axis=1)
    wanted &= np.array([clip_id in answers for clip_id in joined.clip_ids], dtype=bool)
    chosen = np.flatnonzero(wanted)
    ids = [joined.clip_ids[row] for row in chosen]

    problems = Problems("fusion can't be fitted")
    values = _answer_values(ids, answers, joined, problems)
    for clip_id in ids:
        if clip_id not in groups:
            problems.add(f"clip {clip_id!r} has no group")
    if len(ids) < MIN_CLIPS:
        problems.add(
            f"{len(ids)} clips in {' and '.join(splits)} have an answer and scores; "
            f"at least {MIN_CLIPS} are needed"
        )
    problems.raise_if_any(TableError)
    group_of = {clip_id: groups[clip_id] for clip_id in ids}
    present = joined.present[chosen]
    for position, name in enumerate(joined.names):
        if name in tables:
            absent = {ids[row] for row in np.flatnonzero(~present[:, position])}
            tables[name].require_unseen({c: g for c, g in group_of.items() if c not in absent})

    order = content_order(joined.scores[chosen], values)
    ids = [ids[row] for row in order]
    codes, names = pd.factorize(np.array([group_of[clip_id] for clip_id in ids], dtype=object))
    return TrainingRows(
        names=joined.names,
        labels=joined.labels,
        task=joined.task,
        clip_ids=tuple(ids),
        scores=joined.scores[chosen[order]],
        answers=values[order],
        groups=codes.astype(np.intp),
        group_names=tuple(names),
    )


def _answer_values(
    ids: Sequence[str], answers: Mapping[str, str | float], joined: Joined, problems: Problems
) -> Answers:
    if joined.task == "regression":
        if len(joined.labels) != 1:
            problems.add(f"regression has one target, these scores have {joined.labels}")
        for clip_id in ids:
            if isinstance(answers[clip_id], str):
                problems.add(f"clip {clip_id!r}: answer {answers[clip_id]!r} is not a number")
        problems.raise_if_any(TableError)
        return np.array([answers[clip_id] for clip_id in ids], dtype=np.float64)
    index = {label: position for position, label in enumerate(joined.labels)}
    for clip_id in ids:
        answer = answers[clip_id]
        if answer not in index:
            hint = suggest(str(answer), joined.labels)
            problems.add(f"clip {clip_id!r}: answer {answer!r} is no label of the scores{hint}")
    problems.raise_if_any(TableError)
    return np.array([index[str(answers[clip_id])] for clip_id in ids], dtype=np.intp)
