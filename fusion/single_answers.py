"""Single answers as fusion takes them: a number as a number, a presence as two labels.

Whoever fits a weight or a calibration knows labels and numbers alone. So a task of several answers
is taken apart here and put together again, and each answer is fitted where it is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotiw.core.several import LABEL, Presence, Several
from emotiw.core.task import Decisions, Task
from fusion.aligned import Scores

Known = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Answer:
    """One answer of a task.

    Attributes:
        name: what it is called: its target, or ``label``.
        asked: it alone, as a task.
        columns: that it has among the scores of all.
        place: of its column among the targets of all; None where it is the only one.
    """

    name: str
    asked: Task
    columns: slice
    place: int | None = None

    @property
    def task(self) -> Task:
        """As what it is fused: a presence is a choice of two labels."""
        return self.asked.as_labels if isinstance(self.asked, Presence) else self.asked

    def scores(self, scores: Scores) -> Scores:
        """Return ``(…, n_labels)`` own scores from ``(…, n_columns)`` of all answers.

        Examples:
            >>> blink = Answer("blink", Presence(("blink",)), slice(1, 2), 1)
            >>> blink.scores(np.array([[0.5, 0.75]])).tolist()
            [[0.25, 0.75]]
        """
        own = scores[..., self.columns]
        return np.concatenate([1 - own, own], axis=-1) if self.task is not self.asked else own

    def back(self, own: Scores) -> Scores:
        """Return the columns that :meth:`scores` took."""
        return own[..., 1:] if self.task is not self.asked else own

    def targets(self, targets: Decisions) -> Decisions:
        """Return ``(n,)`` of the targets of all; float64 with NaN where several are asked for."""
        return targets if self.place is None else targets[:, self.place]

    def known(self, targets: Decisions) -> tuple[Known, Decisions]:
        """Return ``(n,)`` where the answer is known, and its class indices or numbers there."""
        own = self.targets(targets)
        known = ~np.isnan(own)
        return known, own[known].astype(np.intp if self.task.is_label else np.float64)


def answers_of(task: Task) -> tuple[Answer, ...]:
    """Return the single answers of a task; one of all its columns, mostly."""
    if isinstance(task, Several):
        each = zip(task.names, task.answers, task.columns, range(len(task.names)), strict=True)
        return tuple(Answer(*one) for one in each)
    name = LABEL if task.is_label else task.labels[0]
    return (Answer(name, task, slice(0, len(task.labels))),)


def is_plain(task: Task) -> bool:
    """Return whether a task is one label or one number, which needs no taking apart."""
    return not isinstance(task, Several | Presence)


def within_ranges(scores: Scores, task: Task, limits: tuple[float, float] | None = None) -> Scores:
    """Return ``(n, n_columns)`` scores with every number held within its range.

    Args:
        scores: of all answers.
        task: what is asked; of several answers each number has a range of its own.
        limits: of the only number.
    """
    if not isinstance(task, Several):
        return scores if task.is_label or limits is None else np.clip(scores, *limits)
    held = scores.copy()
    for answer in answers_of(task):
        if answer.asked.target_range is not None and not answer.task.is_label:
            np.clip(
                held[:, answer.columns], *answer.asked.target_range, out=held[:, answer.columns]
            )
    return held
