"""What every step of post-processing promises: one answer's scores, changed clip by clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from emotiw.core.part import Part
from emotiw.core.probabilities import normalised
from emotiw.core.task import Task
from emotiw.evaluation.metric import Metric
from fusion.traces import Codes, Numbers, Traces

NUMBERS = frozenset({"regression"})
PRESENCES = frozenset({"presence"})
ANY_ANSWER = NUMBERS | PRESENCES | {"classification"}


@dataclass(frozen=True)
class HeldOut:
    """One answer's scores by fusions that have not seen the rows' groups, and what is true.

    Attributes:
        task: the answer.
        scores: ``(n, n_labels)``.
        targets: ``(n,)`` class indices or numbers.
        groups: ``(n,)`` group of each row as a number.
        traces: which rows follow each other.
        metric: what they are judged by.
    """

    task: Task
    scores: Numbers
    targets: npt.NDArray[Any]
    groups: Codes
    traces: Traces
    metric: Metric

    def subset(self, rows: npt.NDArray[np.bool_]) -> HeldOut:
        """Return some of the rows."""
        return replace(
            self,
            scores=self.scores[rows],
            targets=self.targets[rows],
            groups=self.groups[rows],
            traces=self.traces.subset(rows),
        )

    def worth(self, scores: Numbers | None = None) -> float:
        """Return the metric of these or of other scores, more being better; NaN if undefined."""
        decided = self.task.decide(self.scores if scores is None else scores)
        n_labels, metric = len(self.task.labels), self.metric
        if metric.within is None:
            return metric.signed(metric.value(self.targets, decided, n_labels))
        assert metric.within.parts is not None
        assert metric.within.of_sums is not None
        clips = np.unique(self.traces.clips, return_inverse=True)[1]
        values = metric.within.of_sums(metric.within.parts(self.targets, decided, clips, n_labels))
        known = values[np.isfinite(values)]
        return metric.signed(float(known.mean())) if len(known) else float("nan")


class PostStep(Part):
    """Changes the fused scores of one answer; a clip's result depends on that clip alone.

    Attributes:
        kinds: the kinds of answer that it suits.
    """

    kinds: ClassVar[frozenset[str]] = ANY_ANSWER

    def __init__(self, task: Task, options: BaseModel) -> None:
        self.task = task
        self.options: Any = options

    def fit(self, rows: HeldOut) -> Self:
        """Learn from held-out scores; whether it is used at all is decided elsewhere."""
        return self

    def apply(self, scores: Numbers, traces: Traces) -> Numbers:
        """Return changed ``(n, n_labels)`` scores within their range; there are no holes in them.

        Shares are held within 0 and 1, those of labels to a sum of 1.
        """
        changed = self.change(scores, traces)
        if self.task.is_label:
            return normalised(changed.clip(0.0, 1.0))
        limits = (0.0, 1.0) if self.task.kind == "presence" else self.task.target_range
        return changed if limits is None else changed.clip(*limits)

    def change(self, scores: Numbers, traces: Traces) -> Numbers:
        """Return the scores as the step wants them."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Return what was learnt, as plain numbers and texts."""
        return {}

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over what :meth:`to_dict` returned."""
        return self
