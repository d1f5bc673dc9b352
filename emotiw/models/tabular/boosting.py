"""Gradient-boosted trees over histograms, for labels and for targets."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.models.tabular.preparation import Vectors
from emotiw.models.tabular.tabular_model import State, TabularModel, Values
from emotiw.models.tabular.tabular_options import Several, TabularOptions


class BoostingOptions(TabularOptions):
    """Options of gradient boosting.

    Attributes:
        learning_rate: shrinkage per tree; of several values the best is chosen.
        n_trees: boosting rounds (each grows one tree per label).
        max_leaves: leaves per tree.
        min_samples_leaf: clips per leaf, at least.
        max_features: share of the columns looked at per split.
        class_weight: ``balanced`` lets every label weigh the same, however rare.
    """

    learning_rate: Several = 0.1
    n_trees: int = Field(default=100, ge=1)
    max_leaves: int = Field(default=15, ge=2)
    min_samples_leaf: int = Field(default=10, ge=1)
    max_features: float = Field(default=0.2, gt=0, le=1)
    class_weight: Literal["balanced"] | None = "balanced"


class Boosting(TabularModel):
    """Gradient boosting as LightGBM does it, in scikit-learn's implementation."""

    Options = BoostingOptions
    tried = "learning_rate"
    trusted: ClassVar[tuple[str, ...]] = (
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    )
    options: BoostingOptions

    def learn(self, vectors: Vectors, targets: npt.NDArray[Any], setting: float) -> State:
        """Grow the trees."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        shared = {
            "learning_rate": setting,
            "max_iter": self.options.n_trees,
            "max_leaf_nodes": self.options.max_leaves,
            "min_samples_leaf": self.options.min_samples_leaf,
            "max_features": self.options.max_features,
            "early_stopping": False,
            "random_state": self.seed,
        }
        if not self.task.is_label:
            return {"machine": HistGradientBoostingRegressor(**shared).fit(vectors, targets)}
        machine = HistGradientBoostingClassifier(class_weight=self.options.class_weight, **shared)
        return {"machine": machine.fit(vectors, targets)}

    def raw_scores(self, state: State, vectors: Vectors) -> Values:
        """Return log-probabilities, or targets."""
        if not self.task.is_label:
            return np.asarray(state["machine"].predict(vectors), dtype=np.float64)[:, None]
        probabilities = state["machine"].predict_proba(vectors)
        return np.asarray(np.log(np.clip(probabilities, 1e-12, None)), dtype=np.float64)
