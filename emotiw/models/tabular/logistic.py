"""Multinomial logistic regression, and ridge regression for targets."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from emotiw.models.tabular.preparation import Vectors
from emotiw.models.tabular.tabular_model import State, TabularModel, Values
from emotiw.models.tabular.tabular_options import Several, TabularOptions


class LogisticOptions(TabularOptions):
    """Options of logistic regression.

    Attributes:
        c: the inverse of the squared penalty's weight; of several values the best is chosen.
        class_weight: ``balanced`` lets every label weigh the same, however rare.
    """

    c: Several = 0.01
    class_weight: Literal["balanced"] | None = "balanced"


class Logistic(TabularModel):
    """Logistic regression with a squared penalty; targets are learned by ridge regression."""

    Options = LogisticOptions
    tried = "c"
    options: LogisticOptions

    def learn(self, vectors: Vectors, targets: npt.NDArray[Any], setting: float) -> State:
        """Fit by L-BFGS; targets in closed form."""
        from sklearn.linear_model import Ridge

        if not self.task.is_label:
            wide = vectors.astype(np.float64)
            return {"machine": Ridge(alpha=1 / setting).fit(wide, targets)}
        return self.learn_weighed(vectors, targets, np.ones(len(targets)), setting)

    def learn_weighed(
        self, vectors: Vectors, targets: npt.NDArray[Any], weights: Values, setting: float
    ) -> State:
        """Fit labels by L-BFGS."""
        from sklearn.linear_model import LogisticRegression

        wide, balance = vectors.astype(np.float64), self.options.class_weight
        machine = LogisticRegression(C=setting, class_weight=balance, max_iter=1000)
        return {"machine": machine.fit(wide, targets, sample_weight=weights)}

    def raw_scores(self, state: State, vectors: Vectors) -> Values:
        """Return log-probabilities, or targets."""
        wide = vectors.astype(np.float64)
        if not self.task.is_label:
            return np.asarray(state["machine"].predict(wide), dtype=np.float64)[:, None]
        with np.errstate(divide="ignore"):
            raw = np.asarray(state["machine"].predict_log_proba(wide), dtype=np.float64)
        if raw.shape[1] == 2:  # sure of one label, it says 0 of the other, which it never means
            margin = np.abs(state["machine"].decision_function(wide))[:, None]
            raw = np.where(np.isneginf(raw), -margin, raw)
        return raw
