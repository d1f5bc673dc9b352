"""Choose between fusion methods inside the fit, so that the choice is judged as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np

from emotiw.core.errors import ConfigError
from emotiw.evaluation.metrics import metric_named
from fusion.aligned import Scores
from fusion.combiner import ANY, Combiner, Setting
from fusion.combiners import combiner_for
from fusion.cross_fit_folds import deal_groups
from fusion.preference import is_preferred
from fusion.training_rows import TrainingRows

INNER_FOLDS = 4


class Choice(Combiner):
    """Takes the first candidate, unless inner folds of groups clearly prefer another.

    Labels are judged by the metric, regression by the squared error. Another is preferred if it is
    better over all folds by more than one standard error of the difference between folds; the best
    of these is fitted on everything. So a stacker needs evidence, and luck is not enough.
    """

    tasks = ANY
    version = "3"

    def __init__(self, setting: Setting) -> None:
        if not setting.candidates:
            raise ConfigError("method 'auto' needs candidates")
        super().__init__(setting)
        # the metric of labels says nothing of numbers
        name = setting.metric if setting.task.is_label else "mse"
        self._metric = metric_named(name, setting.task)
        self.chosen = setting.candidates[0]
        self.inner_figures: dict[str, float] = {}
        self._combiner: Combiner | None = None

    def fit(self, rows: TrainingRows) -> Self:
        """Judge every candidate on clips it has not seen, and fit the best."""
        folds = deal_groups(rows.units, INNER_FOLDS, rows.classes)
        by_fold: dict[str, list[float]] = {}
        for candidate in self.setting.candidates:
            unseen = np.zeros((len(rows), len(self.setting.labels)))
            for fold in np.unique(folds):
                inner = self._new(candidate).fit(rows.subset(folds != fold))
                unseen[folds == fold] = inner.combine(rows.scores[folds == fold])
            decided = rows.task.decide(unseen)
            self.inner_figures[candidate] = self._metric.value(
                rows.targets, decided, len(rows.labels)
            )
            by_fold[candidate] = [
                self._metric.value(
                    rows.targets[folds == fold], decided[folds == fold], len(rows.labels)
                )
                for fold in np.unique(folds)
            ]
        self.chosen = self._preferred(by_fold)
        self._combiner = self._new(self.chosen).fit(rows)
        return self

    def combine(self, scores: Scores) -> Scores:
        """Fuse with the chosen method."""
        assert self._combiner is not None
        return self._combiner.combine(scores)

    def to_dict(self) -> dict[str, Any]:
        """Return the chosen method, what it learnt, and every candidate's inner figure."""
        assert self._combiner is not None
        state = {"chosen": self.chosen, "inner_figures": self.inner_figures}
        return {**state, **self._combiner.to_dict()}

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over the chosen method and what it learnt."""
        self.chosen = state["chosen"]
        self.inner_figures = dict(state["inner_figures"])
        self._combiner = self._new(self.chosen).load_dict(state)
        return self

    def _preferred(self, by_fold: Mapping[str, list[float]]) -> str:
        first, *others = self.setting.candidates
        best, most = first, 0.0
        for name in others:
            change = self._metric.signed(1.0) * np.subtract(by_fold[name], by_fold[first])
            whole = self._metric.signed(self.inner_figures[name] - self.inner_figures[first])
            if is_preferred(whole, change.tolist(), most):
                best, most = name, whole
        return best

    def _new(self, method: str) -> Combiner:
        return combiner_for(replace(self.setting, method=method))
