"""What is asked of a clip or of a step of it: a label or a number, and all that depends on which.

Several answers at once are :class:`emotiw.core.several.Several`; whoever scores, fits or judges
asks the task and does not look at its kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import Problems, TableError, suggest
from emotiw.core.probabilities import softmax

Scores = npt.NDArray[np.float64]
Decisions = npt.NDArray[Any]  # (n,) class indices, or targets
TOLERANCE = 1e-5  # of the sum of a row of probabilities


@dataclass(frozen=True)
class Task(ABC):
    """One kind of answer.

    Attributes:
        labels: the columns of a score table: labels in class order, or the name of the target.
        target_range: the smallest and largest target that is allowed; None where any is, and for
            labels.
    """

    labels: tuple[str, ...]
    target_range: tuple[float, float] | None = None

    kind: ClassVar[str]
    is_label: ClassVar[bool]
    counts_missing: ClassVar[bool]  # whether no answer is a wrong one
    main_metric: ClassVar[str]  # where a challenge names none

    @property
    def answers(self) -> tuple[Task, ...]:
        """The single answers that it is made of; itself, mostly."""
        return (self,)

    @abstractmethod
    def encode(self, truth: Mapping[str, Any], where: str = "labels") -> Decisions:
        """Return ``(n,)``: labels as class indices, or targets as numbers, by clip id.

        Raises:
            TableError: naming every clip whose value is no label, or no number.
        """

    @abstractmethod
    def decide(self, scores: Scores) -> Decisions:
        """Return the prediction of every row of ``(n, n_labels)`` scores.

        A row of NaN has none: ``len(labels)`` stands for it, or NaN.
        """

    @abstractmethod
    def is_decided(self, decisions: Decisions) -> npt.NDArray[np.bool_]:
        """Return ``(n,)``: where there is a prediction."""

    def shared(self, *decisions: Decisions) -> tuple[Decisions, ...]:
        """Return predictions of the same clips as far as they can be compared."""
        return decisions

    @abstractmethod
    def name_of(self, decision: Any) -> str | float:
        """Return one prediction as people write it; empty, or NaN, where there is none."""

    @abstractmethod
    def check(self, scores: Scores, problems: Problems) -> None:
        """Note what is wrong with ``(n, n_labels)`` scores without holes."""

    @abstractmethod
    def from_logits(self, raw: Scores, temperature: float = 1.0) -> Scores:
        """Return scores from what a model gives: probabilities, or targets within their range."""

    @abstractmethod
    def columns_of(self, targets: Decisions) -> Scores:
        """Return ``(n, n_labels)``: the scores of somebody who knows; NaN where nobody does."""

    @abstractmethod
    def prior_scores(self, targets: Decisions) -> Scores:
        """Return ``(n_labels,)``: what somebody says who knows nothing but these targets."""

    def renormalised(self, scores: Scores) -> Scores:
        """Undo what printing rounded away."""
        return scores

    def to_dict(self) -> dict[str, Any]:
        """Return the task for JSON."""
        return {"task": self.kind, "labels": self.labels, "target_range": self.target_range}


class Classification(Task):
    """One label of several; scores are probabilities.

    Examples:
        >>> task = Classification(("Happy", "Sad"))
        >>> task.encode({"a": "Sad", "b": "Happy"}).tolist()
        [1, 0]
        >>> task.decide(np.array([[0.9, 0.1], [np.nan, np.nan]])).tolist()
        [0, 2]
        >>> task.name_of(0), task.name_of(2)
        ('Happy', '')
    """

    kind = "classification"
    is_label = True
    counts_missing = True
    main_metric = "accuracy"

    def encode(self, truth: Mapping[str, Any], where: str = "labels") -> Decisions:
        """Return ``(n,)`` class indices."""
        code = {label: index for index, label in enumerate(self.labels)}
        problems = Problems(where)
        for clip_id, value in truth.items():
            if value not in code:
                hint = suggest(str(value), self.labels)
                problems.add(f"clip {clip_id!r}: {value!r} is no label{hint}")
        problems.raise_if_any(TableError)
        return np.array([code[str(value)] for value in truth.values()], dtype=np.intp)

    def decide(self, scores: Scores) -> Decisions:
        """Return the most probable class of every row; the first, in a tie."""
        nothing = np.isnan(scores).any(axis=1)
        return np.where(nothing, len(self.labels), np.nan_to_num(scores).argmax(axis=1))

    def is_decided(self, decisions: Decisions) -> npt.NDArray[np.bool_]:
        """Return ``(n,)``: where there is a class."""
        return np.asarray(decisions < len(self.labels))

    def name_of(self, decision: Any) -> str:
        """Return the label."""
        return (*self.labels, "")[int(decision)]

    def check(self, scores: Scores, problems: Problems) -> None:
        """Note rows that are no probabilities."""
        if (scores < 0).any():
            problems.add("negative scores; these are not probabilities")
        elif not np.allclose(scores.sum(axis=1), 1.0, atol=TOLERANCE):
            worst = float(np.abs(scores.sum(axis=1) - 1).max())
            problems.add(f"rows don't sum to 1 (off by up to {worst:.3g}); logits?")

    def from_logits(self, raw: Scores, temperature: float = 1.0) -> Scores:
        """Return softmax(raw / temperature)."""
        return softmax(raw / temperature)

    def columns_of(self, targets: Decisions) -> Scores:
        """Return 1 for the label and 0 for the others; a row of NaN where a code is NaN."""
        known = ~np.isnan(np.asarray(targets, dtype=np.float64))
        columns = np.full((len(targets), len(self.labels)), np.nan)
        columns[known] = np.eye(len(self.labels))[targets[known].astype(np.intp)]
        return columns

    def prior_scores(self, targets: Decisions) -> Scores:
        """Return the share of each label."""
        counts = np.bincount(targets, minlength=len(self.labels)).astype(np.float64)
        return np.asarray(counts / len(targets))

    def renormalised(self, scores: Scores) -> Scores:
        """Scale rows that nearly sum to 1; what never was a row of probabilities stays."""
        sums = scores.sum(axis=1, keepdims=True)
        is_near = np.abs(sums - 1) < TOLERANCE
        return np.asarray(np.divide(scores, sums, out=scores.copy(), where=is_near))


class Regression(Task):
    """One number; its score is the number itself.

    Examples:
        >>> task = Regression(("engagement",), (0.0, 1.0))
        >>> task.from_logits(np.array([[1.5], [0.25]])).tolist()
        [[1.0], [0.25]]
        >>> task.decide(np.array([[0.5], [np.nan]])).tolist()
        [0.5, nan]
    """

    kind = "regression"
    is_label = False
    counts_missing = False
    main_metric = "rmse"

    def encode(self, truth: Mapping[str, Any], where: str = "targets") -> Decisions:
        """Return ``(n,)`` float64."""
        problems = Problems(where)
        for clip_id, value in truth.items():
            if isinstance(value, str):
                problems.add(f"clip {clip_id!r}: {value!r} is not a number")
        problems.raise_if_any(TableError)
        return np.array(list(truth.values()), dtype=np.float64)

    def decide(self, scores: Scores) -> Decisions:
        """Return the number of every row."""
        return scores[:, 0]

    def is_decided(self, decisions: Decisions) -> npt.NDArray[np.bool_]:
        """Return ``(n,)``: where there is a number."""
        return np.asarray(~np.isnan(decisions))

    def name_of(self, decision: Any) -> float:
        """Return the number."""
        return float(decision)

    def check(self, scores: Scores, problems: Problems) -> None:
        """Accept any number."""

    def from_logits(self, raw: Scores, temperature: float = 1.0) -> Scores:
        """Return the numbers, held within their range."""
        return raw if self.target_range is None else raw.clip(*self.target_range)

    def columns_of(self, targets: Decisions) -> Scores:
        """Return the numbers as a column."""
        return np.asarray(targets, dtype=np.float64)[:, None]

    def prior_scores(self, targets: Decisions) -> Scores:
        """Return the mean."""
        return np.array([targets.mean()])
