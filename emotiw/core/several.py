"""Several answers at once: valence and arousal, action units, a label and a number.

A task of several answers is the single ones side by side. Its score table has the columns of all
of them, its truth and its predictions have one entry per answer, and what nobody annotated is NaN:
an answer can be missing while the one beside it is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import Problems, TableError
from emotiw.core.task import Classification, Decisions, Regression, Scores, Task

Truth = str | float | tuple[str | float | None, ...]
THRESHOLD = 0.5
LABEL = "label"  # the name of an answer that is a label


class Presence(Regression):
    """Whether something is there: an action unit, one of several labels.

    Its score is the probability that it is, and so is its prediction, so that a metric of ranks
    can be asked for as well as one of decisions.

    Examples:
        >>> task = Presence(("AU12",))
        >>> task.decide(np.array([[0.7], [0.2]])).tolist()
        [0.7, 0.2]
        >>> task.name_of(0.7), task.name_of(0.2)
        (1.0, 0.0)
    """

    kind = "presence"
    counts_missing = True
    main_metric = "f1"

    def encode(self, truth: Mapping[str, Any], where: str = "labels") -> Decisions:
        """Return ``(n,)`` float64 of 0 and 1.

        Raises:
            TableError: naming every clip whose value is neither.
        """
        values = super().encode(truth, where)
        problems = Problems(where)
        for clip_id, value in zip(truth, values, strict=True):
            if value not in (0.0, 1.0) and not np.isnan(value):
                problems.add(f"clip {clip_id!r}: {self.labels[0]} is {value:g}, expected 0 or 1")
        problems.raise_if_any(TableError)
        return values

    def name_of(self, decision: Any) -> float:
        """Return 1 where it is there, else 0."""
        return decision if np.isnan(decision) else float(decision >= THRESHOLD)

    def check(self, scores: Scores, problems: Problems) -> None:
        """Note what is no probability."""
        if ((scores < 0) | (scores > 1)).any():
            problems.add(f"scores of {self.labels[0]!r} outside 0 to 1; these are no probabilities")

    def from_logits(self, raw: Scores, temperature: float = 1.0) -> Scores:
        """Return the logistic function of raw / temperature."""
        return np.asarray(1 / (1 + np.exp(-np.clip(raw / temperature, -500, 500))))

    @property
    def as_labels(self) -> Classification:
        """The same as a choice of two labels, for whatever can only do that."""
        name = self.labels[0]
        return Classification((f"no {name}", name))


class Several(Task):
    """Several answers side by side.

    Args:
        answers: the single ones, in the order of the columns; at most one of them is a label.

    Examples:
        >>> task = Several((Regression(("valence",), (-1, 1)), Regression(("arousal",), (-1, 1))))
        >>> task.labels
        ('valence', 'arousal')
        >>> task.encode({"a": (0.5, None)}).tolist()
        [[0.5, nan]]
        >>> mixed = Several((Classification(("Happy", "Sad")), Presence(("speech",))))
        >>> mixed.names, mixed.encode({"a": ("Sad", 1.0)}).tolist()
        (('label', 'speech'), [[1.0, 1.0]])
        >>> mixed.decide(np.array([[0.9, 0.1, 0.3]])).tolist()
        [[0.0, 0.3]]
    """

    kind = "several"
    is_label = False

    def __init__(self, answers: Sequence[Task]) -> None:
        labels = tuple(label for answer in answers for label in answer.labels)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "target_range", None)
        object.__setattr__(self, "_answers", tuple(answers))
        if sum(answer.is_label for answer in answers) > 1:
            raise TableError("several answers: at most one of them can be a label")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Several) and self.answers == other.answers

    def __hash__(self) -> int:
        return hash((self.kind, self.answers))

    @property
    def answers(self) -> tuple[Task, ...]:
        """The single answers."""
        return self._answers  # type: ignore[attr-defined,no-any-return]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What each answer is called: its target, or ``label``."""
        return tuple(LABEL if answer.is_label else answer.labels[0] for answer in self.answers)

    @cached_property
    def columns(self) -> tuple[slice, ...]:
        """Which columns of the scores belong to each answer."""
        ends = np.cumsum([len(answer.labels) for answer in self.answers]).tolist()
        return tuple(
            slice(end - len(a.labels), end) for a, end in zip(self.answers, ends, strict=True)
        )

    @property
    def counts_missing(self) -> bool:  # type: ignore[override]
        """Whether no answer is a wrong one: where any of them is no number."""
        return any(answer.counts_missing for answer in self.answers)

    @property
    def main_metric(self) -> str:  # type: ignore[override]
        """That of the first answer, over all where it suits all."""
        main = self.answers[0].main_metric
        is_shared = len({answer.kind for answer in self.answers}) == 1
        return main if is_shared else f"{main}.{self.names[0]}"

    def encode(self, truth: Mapping[str, Any], where: str = "labels") -> Decisions:
        """Return ``(n, n_answers)`` float64: class indices and numbers; NaN where unknown.

        Raises:
            TableError: naming every clip that has another number of answers, or a wrong one.
        """
        problems, n_answers = Problems(where), len(self.answers)
        for clip_id, value in truth.items():
            if not isinstance(value, tuple) or len(value) != n_answers:
                problems.add(f"clip {clip_id!r}: {value!r}, expected {', '.join(self.names)}")
        problems.raise_if_any(TableError)
        found = np.full((len(truth), n_answers), np.nan)
        columns = zip(*truth.values(), strict=True)  # none, of no clips
        for place, (answer, values) in enumerate(zip(self.answers, columns, strict=False)):
            known = [value is not None and value == value for value in values]  # NaN is not itself
            own = dict(zip(compress(truth, known), compress(values, known), strict=True))
            found[known, place] = answer.encode(own, where)
        return found

    def decide(self, scores: Scores) -> Decisions:
        """Return ``(n, n_answers)``: class indices and numbers."""
        own = zip(self.answers, self.columns, strict=True)
        return np.column_stack([answer.decide(scores[:, c]).astype(float) for answer, c in own])

    def is_decided(self, decisions: Decisions) -> npt.NDArray[np.bool_]:
        """Return ``(n,)``: where every answer is there."""
        own = zip(self.answers, decisions.T, strict=True)
        return np.asarray(np.all([answer.is_decided(values) for answer, values in own], axis=0))

    def shared(self, *decisions: Decisions) -> tuple[Decisions, ...]:
        """Return predictions without the numbers that not all of them have."""
        told = [not answer.counts_missing for answer in self.answers]
        lacking = np.any([np.isnan(each) for each in decisions], axis=0) & told
        return tuple(np.where(lacking, np.nan, each) for each in decisions)

    def name_of(self, decision: Any) -> tuple[str | float, ...]:  # type: ignore[override]
        """Return the answers as people write them."""
        own = zip(self.answers, decision, strict=True)
        return tuple(
            "" if answer.is_label and np.isnan(value) else answer.name_of(value)
            for answer, value in own
        )

    def check(self, scores: Scores, problems: Problems) -> None:
        """Note what is wrong with any of the answers."""
        for answer, columns in zip(self.answers, self.columns, strict=True):
            answer.check(scores[:, columns], problems)

    def from_logits(self, raw: Scores, temperature: float = 1.0) -> Scores:
        """Return the scores of each answer, side by side."""
        own = zip(self.answers, self.columns, strict=True)
        return np.column_stack([answer.from_logits(raw[:, c], temperature) for answer, c in own])

    def columns_of(self, targets: Decisions) -> Scores:
        """Return the columns of each answer, side by side."""
        own = zip(self.answers, targets.T, strict=True)
        return np.column_stack([answer.columns_of(values) for answer, values in own])

    def prior_scores(self, targets: Decisions) -> Scores:
        """Return what is said of each answer by those who know nothing but its known targets."""
        found = []
        for answer, values in zip(self.answers, targets.T, strict=True):
            known = values[~np.isnan(values)]
            if not len(known):
                known = np.zeros(1)
            found.append(answer.prior_scores(known.astype(np.intp) if answer.is_label else known))
        return np.concatenate(found)

    def renormalised(self, scores: Scores) -> Scores:
        """Undo what printing rounded away."""
        own = zip(self.answers, self.columns, strict=True)
        return np.column_stack([answer.renormalised(scores[:, c]) for answer, c in own])

    def to_dict(self) -> dict[str, Any]:
        """Return the task for JSON."""
        told = [answer.to_dict() for answer in self.answers]
        return {"task": self.kind, "labels": self.labels, "target_range": None, "answers": told}


def is_known(value: Any) -> bool:
    """Return whether an answer is there: neither None nor NaN.

    Examples:
        >>> is_known("Sad"), is_known(0.0), is_known(float("nan")), is_known(None)
        (True, True, False, False)
    """
    return value is not None and not (isinstance(value, float) and math.isnan(value))
