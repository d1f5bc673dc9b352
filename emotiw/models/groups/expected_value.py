"""A number as the expected value over classes: what a classifier makes of an ordinal scale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.errors import ConfigError
from emotiw.core.task import Classification, Task
from emotiw.models.groups.composed import Composed, ComposedOptions
from emotiw.models.groups.individuals import IndividualScores, Judge, judge_of
from emotiw.models.model import Examples


class ExpectedValueOptions(ComposedOptions):
    """Options of :class:`ExpectedValue`.

    Attributes:
        n_levels: classes, at equal steps from the smallest to the largest target; by default one
            for every whole number.
    """

    n_levels: int | None = Field(default=None, ge=2)


class ExpectedValue(Composed):
    """Lets a classifier learn the nearest level of a target, and predicts their expected value.

    Source:
        Cerekovic 2016: happiness intensity as the expectation over a softmax of six classes.
    """

    Options = ExpectedValueOptions
    options: ExpectedValueOptions

    def check(self) -> None:
        """Accept targets whose range is known."""
        low, high = self.task.target_range or (-np.inf, np.inf)
        if self.task.is_label or not np.isfinite([low, high]).all():
            raise ConfigError(
                f"expected_value: needs a target between two known limits; {self.task.labels} is a "
                f"{self.task.kind} with the limits {low} and {high}"
            )
        n_levels = self.options.n_levels or max(2, round(high - low) + 1)
        self.levels = np.linspace(low, high, n_levels)

    def inner_task(self) -> Task:
        """Return the levels as labels."""
        return Classification(tuple(f"{level:g}" for level in self.levels))

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        """Let the model inside learn the nearest level of every target."""
        assert examples.targets is not None
        nearest = np.abs(examples.targets[:, None] - self.levels).argmin(axis=1)
        self.learner.fit(replace(examples, targets=nearest), folder=folder)

    def predict(self, examples: Examples) -> npt.NDArray[np.float64]:
        """Return ``(n, 1)`` expectations, within the range of the levels."""
        return self._expected(self.learner.predict(examples))

    @property
    def individuals(self) -> Judge | None:
        """The expectation for each person; None if the model inside judges nobody."""
        judge = judge_of(self.learner)
        if judge is None:
            return None

        def expected(examples: Examples) -> IndividualScores:
            found = judge(examples)
            return replace(found, scores=self._expected(found.scores))

        return expected

    def _expected(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        # a sum of shares may miss the end of the range by its last digit
        return (scores @ self.levels[:, None]).clip(self.levels[0], self.levels[-1])
