"""Whether some clips come out worse than the others: a metric on both, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotiw.core.task import Decisions
from emotiw.evaluation.intervals import LEVEL, NOTHING, interval_between
from emotiw.evaluation.metric import Metric
from emotiw.evaluation.results import Result, results_on
from emotiw.evaluation.sample import Sample


@dataclass(frozen=True)
class Contrast:
    """A metric on some of a sample's clips against the same metric on all others.

    Attributes:
        some: the result on these clips.
        others: on all others.
        whole: on all clips together.
        value: some less others; NaN where either is undefined.
        low: lower end of the interval of that over groups; NaN where there is none.
        high: its upper end.
    """

    some: Result
    others: Result
    whole: Result
    value: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """Whether the difference is beyond its interval; never where there is none."""
        return bool(self.low > 0 or self.high < 0)

    @property
    def cost(self) -> float:
        """By how much all clips together come out worse than the others alone, in the metric.

        It is what there is to gain if these clips came out like the others; negative where they
        are the better ones.
        """
        metric = self.whole.metric
        return metric.signed(self.others.value) - metric.signed(self.whole.value)


def contrast(
    sample: Sample,
    name: str,
    decisions: Decisions,
    metric: Metric,
    rows: npt.NDArray[np.bool_],
    *,
    n_looked_at: int = 1,
) -> Contrast:
    """Judge some clips apart from the others; both from three groups at least, for an interval.

    The same groups may be on both sides: each is left out of both at once. There are as many
    degrees of freedom as the smaller side's groups allow.

    Args:
        sample: the clips.
        name: of what gave the predictions.
        decisions: ``(n,)`` held-out predictions of all clips.
        metric: that judges them.
        rows: ``(n,)``: which clips are the ones in question.
        n_looked_at: of how many such sets this is one; the interval is as much wider.

    Source:
        The interval as in :mod:`emotiw.evaluation.intervals`; Bonferroni 1936 for several sets.
    """
    own, rest = (
        results_on(sample.subset(side), name, decisions[side], [metric])[0]
        for side in (rows, ~rows)
    )
    whole = results_on(sample, name, decisions, [metric])[0]
    low, high = NOTHING
    if metric.parts is not None:
        judged = sample.judged(decisions)
        chosen = [side & judged for side in (rows, ~rows)]
        some, others = (_parts(sample, metric, decisions, side) for side in chosen)
        counts = [np.bincount(sample.groups[side], minlength=sample.n_groups) for side in chosen]
        sizes = (counts[0].astype(np.float64), counts[1].astype(np.float64))
        level = 1 - (1 - LEVEL) / n_looked_at
        low, high = interval_between(metric, some, others, sizes, level=level)
    return Contrast(own, rest, whole, own.value - rest.value, low, high)


def _parts(
    sample: Sample, metric: Metric, decisions: Decisions, rows: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return what adds up to the metric on some clips, with a row for every group of the sample."""
    assert metric.parts is not None
    n_labels = len(sample.task.labels)
    found = metric.parts(sample.y_true[rows], decisions[rows], sample.groups[rows], n_labels)
    parts = np.zeros((sample.n_groups, *found.shape[1:]))
    parts[: len(found)] = found
    return parts
