"""A metric: an object that whoever judges, chooses or prints asks.

It is a function of sums over groups (a confusion matrix, or moments of targets), so that its
value, its interval and its test are the same arithmetic and can't come to other digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Parts = Callable[[Any, Any, Codes, int], Numbers]
SEVERAL = "several"


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        name: as recipes and challenge specs call it.
        title: as tables print it.
        task: the kind of task that it judges.
        limits: the smallest and largest value.
        is_higher_better: its direction.
        is_percent: usually printed times 100.
        of_sums: of ``(..., *shape)`` sums of parts, their ``(...)`` values; NaN where undefined.
        parts: of (y_true, y_pred, group of each clip, number of labels), one part per group; None
            for a metric that doesn't add up, which ``function`` then computes.
        function: of (y_true, y_pred); ValueError where it is undefined.
        no_interval: why there is none, for a metric that doesn't add up.
        within: the metric of which this is the mean over clips, where answers are asked for step by
            step; without any other way to compute it.
        terms: metrics of single answers, and how much each adds, of a metric of several answers.
        is_of_shares: whether it judges several answers that are shares of 100, not labels.

    Examples:
        >>> from emotiw.evaluation.metrics import metric_named
        >>> metric_named("accuracy")(["a", "a", "b", "b"], ["a", "a", "b", "a"])
        0.75
        >>> metric_named("accuracy").shown(0.75), metric_named("ccc").shown(0.75)
        ('75.00 %', '0.7500')
    """

    name: str
    title: str
    task: str
    limits: tuple[float, float]
    is_higher_better: bool = True
    is_percent: bool = True
    of_sums: Callable[[Numbers], Numbers] | None = None
    parts: Parts | None = None
    function: Callable[[Any, Any], float] | None = None
    no_interval: str = ""
    within: Metric | None = None
    terms: tuple[tuple[Metric, float], ...] = ()
    is_of_shares: bool = False

    def __repr__(self) -> str:
        return f"<Metric {self.name}>"

    def __call__(self, y_true: Sequence[Any], y_pred: Sequence[Any]) -> float:
        """Return the metric of labels, class indices or numbers.

        Raises:
            ValueError: if there are no clips, not as many predictions, or it is undefined.
        """
        truth, predicted, n_labels = np.asarray(y_true), np.asarray(y_pred), 0
        if truth.ndim != 1 + (self.task == SEVERAL) or truth.shape != predicted.shape:
            shapes = f"shape {truth.shape}, predictions of shape {predicted.shape}"
            raise ValueError(f"expected as many predictions as true values, got {shapes}")
        if not len(truth):
            raise ValueError("no clips to judge")
        if self.task == "classification":
            labels, codes = np.unique([*y_true, *y_pred], return_inverse=True)
            truth, predicted, n_labels = *np.split(codes, 2), len(labels)
        value = self.value(truth, predicted, n_labels)
        if not np.isfinite(value):
            raise ValueError(f"{self.title} is not defined for these {len(y_true)} clips")
        return value

    def value(self, y_true: Any, y_pred: Any, n_labels: int) -> float:
        """Return the metric of ``(n,)`` class indices or targets; NaN where it is undefined.

        A mean over clips is that of all rows as if they were of one clip.
        """
        if self.within is not None:
            return self.within.value(y_true, y_pred, n_labels)
        if self.parts is None or self.of_sums is None:
            assert self.function is not None
            try:
                return float(self.function(y_true, y_pred))
            except ValueError:
                return float("nan")
        everyone = np.zeros(len(y_true), dtype=np.intp)
        return float(self.of_sums(self.parts(y_true, y_pred, everyone, n_labels)[0]))

    def signed(self, value: float) -> float:
        """Return a value of which more is always better."""
        return value if self.is_higher_better else -value

    @property
    def scale(self) -> float:
        """What values are multiplied by where they are printed."""
        return 100.0 if self.is_percent else 1.0

    @property
    def heading(self) -> str:
        """The title with its unit, above a column of numbers."""
        return f"{self.title} (%)" if self.is_percent else self.title

    def number(self, value: float, *, sign: bool = False) -> str:
        """Return a value as every table prints it, without its unit; nothing where it is NaN."""
        if not np.isfinite(value):
            return ""
        plus, digits = "+" if sign else "", 2 if self.is_percent else 4
        return f"{self.scale * value:{plus}.{digits}f}"

    def shown(self, value: float, *, sign: bool = False) -> str:
        """Return the same with its unit."""
        number = self.number(value, sign=sign)
        return f"{number} %" if number and self.is_percent else number

    def span(self, low: float, high: float) -> str:
        """Return an interval as every table prints it; nothing where there is none."""
        ends = [self.number(low), self.number(high)]
        return "–".join(ends) if all(ends) else ""
