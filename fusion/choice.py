"""Choose between fusion methods inside the fit, so that the choice is judged as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np

from emotiw.core.errors import ConfigError
from emotiw.evaluation.confusions import FIGURES, confusion_counts
from emotiw.evaluation.metrics import metric_named
from fusion.aligned import Indices, Scores
from fusion.combiners import Answers, Combiner, Setting, combiner_for
from fusion.cross_fit_folds import deal_groups

INNER_FOLDS = 4


class Choice:
    """Takes the candidate that is best over inner folds of groups, and fits it on everything.

    Labels are judged by the metric, regression by the squared error. Of candidates that are
    equally good the first is taken.
    """

    def __init__(self, setting: Setting) -> None:
        if not setting.candidates:
            raise ConfigError("method 'auto' needs candidates")
        self._setting = setting
        self.chosen = setting.candidates[0]
        self.inner_figures: dict[str, float] = {}
        self._combiner: Combiner | None = None

    def fit(self, scores: Scores, answers: Answers, groups: Indices) -> Self:
        """Judge every candidate on clips it has not seen, and fit the best."""
        is_label = self._setting.task == "classification"
        folds = deal_groups(groups, INNER_FOLDS, answers if is_label else None)
        for candidate in self._setting.candidates:
            unseen = np.zeros((len(scores), len(self._setting.labels)))
            for fold in np.unique(folds):
                inside = folds != fold
                inner = self._new(candidate).fit(scores[inside], answers[inside], groups[inside])
                unseen[~inside] = inner.combine(scores[~inside])
            self.inner_figures[candidate] = self._figure(unseen, answers)
        sign = 1 if is_label else -1
        self.chosen = max(self.inner_figures, key=lambda name: sign * self.inner_figures[name])
        self._combiner = self._new(self.chosen).fit(scores, answers, groups)
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

    def _new(self, method: str) -> Combiner:
        return combiner_for(replace(self._setting, method=method))

    def _figure(self, scores: Scores, answers: Answers) -> float:
        if self._setting.task == "regression":
            return metric_named("mse").function(answers, scores[:, 0])
        counts = confusion_counts(answers, scores.argmax(axis=1), scores.shape[1])
        return float(FIGURES[self._setting.metric](counts))
