"""Numbers given the mean and the spread of the annotations: a fusion is too cautious for CCC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from fusion.post.post_step import NUMBERS, HeldOut, PostStep
from fusion.traces import Numbers, Traces


class Scale(PostStep):
    """Numbers times a factor plus an offset, so that mean and deviation are the annotations'.

    Means of several modalities, and models that minimise squared errors, vary less than what they
    predict, which costs concordance. Where the scores never vary they are left alone.
    """

    kinds = NUMBERS

    def __init__(self, task: Any, options: Any) -> None:
        super().__init__(task, options)
        self.factor, self.offset = 1.0, 0.0

    def fit(self, rows: HeldOut) -> Self:
        """Learn factor and offset."""
        said = rows.scores[:, 0]
        spread = float(said.std())
        if spread > 1e-12 * max(1.0, float(abs(said).max(initial=0))):
            self.factor = float(rows.targets.std()) / spread
            self.offset = float(rows.targets.mean()) - self.factor * float(said.mean())
        return self

    def change(self, scores: Numbers, traces: Traces) -> Numbers:
        """Scale the numbers."""
        return self.factor * scores + self.offset

    def to_dict(self) -> dict[str, Any]:
        """Return factor and offset."""
        return {"factor": self.factor, "offset": self.offset}

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over factor and offset."""
        self.factor, self.offset = float(state["factor"]), float(state["offset"])
        return self
