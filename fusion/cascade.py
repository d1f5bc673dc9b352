"""Deep forest: levels of forests that read the scores and the level before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from fusion.aligned import Scores
from fusion.combiner import Setting
from fusion.cross_fit_folds import deal_groups
from fusion.pools import only_present
from fusion.stack_inputs import StackCombiner
from fusion.training_rows import TrainingRows

INNER_FOLDS = 3
N_TREES = 50
MAX_LEVELS = 6

Design = npt.NDArray[np.float64]


class CascadeForest(StackCombiner):
    """Levels of two random and two extremely randomised forests each.

    The forests of a level are fitted per inner fold of groups; what they say of the clips held out
    is added to the inputs of the next level, so that no level ever learns from what the one before
    says of its own training rows. Levels are added while the accuracy on held-out clips grows. In
    prediction the forests of all inner folds are averaged.

    Source:
        Zhou & Feng 2017, "Deep Forest", section 2.1. Differs: folds keep groups together.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.levels: list[list[list[Any]]] = []  # level, inner fold, forest
        self.held_out_accuracy: list[float] = []

    def fit(self, rows: TrainingRows) -> Self:
        """Grow levels while they help."""
        base = self.learn_inputs(rows.scores)
        folds = deal_groups(rows.units, INNER_FOLDS, rows.targets)
        design, self.levels, self.held_out_accuracy = base, [], []
        for level in range(MAX_LEVELS):
            forests: list[list[Any]] = []
            said = np.zeros((len(base), 4 * len(self.setting.labels)))
            for fold in np.unique(folds):
                inside, outside = folds != fold, folds == fold
                fitted = [f.fit(design[inside], rows.targets[inside]) for f in self._forests(level)]
                said[outside] = self._say(fitted, design[outside])
                forests.append(fitted)
            accuracy = float((self._mean(said).argmax(axis=1) == rows.targets).mean())
            if self.held_out_accuracy and accuracy <= self.held_out_accuracy[-1]:
                break
            self.levels.append(forests)
            self.held_out_accuracy.append(accuracy)
            design = np.concatenate([base, said], axis=1)
        return self

    def combine(self, scores: Scores) -> Scores:
        """Return the mean of what the forests of the last level say."""
        base = self.inputs(scores)
        design, said = base, np.zeros((len(base), 4 * len(self.setting.labels)))
        for forests in self.levels:
            said = np.zeros_like(said)
            for fitted in forests:
                said = said + self._say(fitted, design) / len(forests)
            design = np.concatenate([base, said], axis=1)
        return only_present(self._mean(said), scores)

    def to_dict(self) -> dict[str, Any]:
        """Return the shape of the cascade, and its forests."""
        return {
            "masks": self.masked,
            "held_out_accuracy": self.held_out_accuracy,
            "estimators": self.levels,
        }

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over what was learnt."""
        self.masked = state["masks"]
        self.held_out_accuracy = list(state["held_out_accuracy"])
        self.levels = state["estimators"]
        return self

    def _forests(self, level: int) -> list[Any]:
        from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

        seed = self.setting.seed + 10 * level
        options: dict[str, Any] = {"n_estimators": N_TREES, "min_samples_leaf": 2}
        return [
            RandomForestClassifier(random_state=seed, **options),
            RandomForestClassifier(random_state=seed + 1, **options),
            ExtraTreesClassifier(random_state=seed + 2, max_features=1, **options),
            ExtraTreesClassifier(random_state=seed + 3, max_features=1, **options),
        ]

    def _say(self, fitted: list[Any], design: Design) -> Design:
        said = np.zeros((len(design), len(fitted), len(self.setting.labels)))
        for position, forest in enumerate(fitted):
            if len(design):
                said[:, position, forest.classes_] = forest.predict_proba(design)
        return said.reshape(len(design), -1)

    def _mean(self, said: Design) -> Design:
        by_forest = said.reshape(len(said), 4, -1)
        total = by_forest[:, 0] + by_forest[:, 1] + by_forest[:, 2] + by_forest[:, 3]
        return np.asarray(total / 4)
