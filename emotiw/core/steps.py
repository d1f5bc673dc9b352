"""When a clip is asked about, step by step, and what was annotated there.

A step is a frame or a segment. It is a row of its own wherever scores are kept, fused, judged and
handed in (:attr:`emotiw.core.cohort.Cohort.rows`), with an id made of the clip's and the step's
name; whatever looks into media or learns from sequences works clip by clip.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.several import LABEL, Several, Truth
from emotiw.core.task import Task

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Steps:
    """The steps of one clip, in time order.

    Attributes:
        names: what the challenge calls each of them; never two alike.
        time_sec: ``(n,)`` float64, on the clip's own clock: the middle of what is asked about.
        answers: ``(n, n_answers)`` float64: numbers, and labels as class indices; NaN where nobody
            annotated.

    Examples:
        >>> from emotiw.core.task import Regression
        >>> steps = Steps(("0", "1"), np.array([0.0, 0.5]), np.array([[0.25], [np.nan]]))
        >>> steps.summary(Regression(("arousal",))), steps.row_ids("a")
        (0.25, ('a/0', 'a/1'))
    """

    names: tuple[str, ...]
    time_sec: Numbers
    answers: Numbers

    def __len__(self) -> int:
        return len(self.names)

    @property
    def is_annotated(self) -> npt.NDArray[np.bool_]:
        """``(n,)``: where any answer is known."""
        return np.asarray(~np.isnan(self.answers).all(axis=1))

    def row_ids(self, clip_id: str) -> tuple[str, ...]:
        """Return the id of each step's row."""
        return tuple(f"{clip_id}/{name}" for name in self.names)

    def hidden(self) -> Steps:
        """Return the same steps without any answer."""
        return Steps(self.names, self.time_sec, np.full_like(self.answers, np.nan))

    def summary(self, task: Task) -> Truth | None:
        """Return one answer for the whole clip: the mean of numbers, the most frequent label."""
        told: list[Any] = []
        for answer, values in zip(task.answers, self.answers.T, strict=True):
            known = values[~np.isnan(values)]
            if not len(known):
                told.append(None)
            elif answer.is_label:
                told.append(answer.name_of(np.bincount(known.astype(np.intp)).argmax()))
            else:
                told.append(answer.name_of(known.mean()))
        if all(one is None for one in told):
            return None
        truth: Truth = tuple(told) if isinstance(task, Several) else told[0]
        return truth

    def truths(self, task: Task) -> list[Truth | None]:
        """Return the answer of each step, as a clip would have it; None where none is known.

        Examples:
            >>> from emotiw.core.task import Regression
            >>> steps = Steps(("0", "1"), np.array([0.0, 0.5]), np.array([[0.25], [np.nan]]))
            >>> steps.truths(Regression(("arousal",)))
            [0.25, None]
        """
        columns: list[list[Any]] = []
        for answer, values in zip(task.answers, self.answers.T.tolist(), strict=True):
            names = answer.labels if answer.is_label else None
            columns.append(
                [None if v != v else v if names is None else names[int(v)] for v in values]
            )
        if not isinstance(task, Several):
            return columns[0]
        told = zip(*columns, strict=True)
        return [None if all(one is None for one in row) else row for row in told]


def answer_names(task: Task) -> tuple[str, ...]:
    """Return the column of each answer in a table of them."""
    if isinstance(task, Several):
        return task.names
    return (LABEL,) if task.is_label else task.labels
