"""Scores moved in time: annotators react some seconds late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from emotiw.core.config import Strict
from fusion.post.post_step import HeldOut, PostStep
from fusion.traces import Numbers, Traces

N_COARSE = 8  # lags to either side that are tried first


class ShiftOptions(Strict):
    """How far is searched.

    Attributes:
        max_lag_sec: the longest delay that is tried, and the longest head start.
    """

    max_lag_sec: float = Field(default=4.0, gt=0)


class Shift(PostStep):
    """The delay that is best by the metric on held-out scores, in whole steps.

    What is said at a time is what the fusion said so many seconds before. Delays far apart are
    tried first, then their neighbours, closer and closer.
    """

    Options = ShiftOptions

    def __init__(self, task: Any, options: Any) -> None:
        super().__init__(task, options)
        self.lag_sec = 0.0

    def fit(self, rows: HeldOut) -> Self:
        """Find the delay; none where nothing is better."""
        step_sec = rows.traces.usual_sec
        n_most = int(self.options.max_lag_sec / step_sec) if step_sec > 0 else 0
        best, chosen = rows.worth(), 0
        stride = max(1, n_most // N_COARSE)
        tried = {0}
        todo = sorted(range(-n_most, n_most + 1, stride), key=abs) if n_most else []
        while todo:
            for lag in todo:
                tried.add(lag)
                worth = rows.worth(rows.traces.delayed(rows.scores, lag * step_sec))
                if worth > best:
                    best, chosen = worth, lag
            if stride == 1:
                break
            stride = max(1, stride // 2)
            near = (chosen - stride, chosen + stride)
            todo = [lag for lag in near if abs(lag) <= n_most and lag not in tried]
            todo = todo or [chosen]
        self.lag_sec = chosen * step_sec
        return self

    def change(self, scores: Numbers, traces: Traces) -> Numbers:
        """Let every clip say what it said before."""
        return traces.delayed(scores, self.lag_sec) if self.lag_sec else scores

    def to_dict(self) -> dict[str, Any]:
        """Return the delay."""
        return {"lag_sec": self.lag_sec}

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over the delay."""
        self.lag_sec = float(state["lag_sec"])
        return self
