"""One weight per modality and label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from emotiw.core.errors import ConfigError
from emotiw.core.probabilities import log_probabilities
from fusion.aligned import Scores
from fusion.combiner import Combiner, Setting
from fusion.combiners import named
from fusion.pools import geometric_pool
from fusion.pulled_weights import pulled_weights
from fusion.ridge import LinearLogits
from fusion.training_rows import TrainingRows


class ClassWeights(Combiner):
    """Weighs log-probabilities per modality and label, close to one weight per modality.

    Weights are at least 0 and have the smallest log loss plus a ridge toward the log-linear
    weights that all labels share; its strength is chosen over inner folds of groups. Where a
    modality is missing it says what the others say.
    """

    version = "3"

    def __init__(self, setting: Setting) -> None:
        if setting.pool != "geometric":
            raise ConfigError(
                "method 'class_weighted' weighs log-probabilities: it needs the geometric pool, "
                "where its loss is convex"
            )
        super().__init__(setting)
        shape = (len(setting.names), len(setting.labels))
        self.weights = np.full(shape, 1.0 / shape[0])  # each column sums to 1
        self.sharpness = np.ones(shape[1])
        self.ridge = 0.0

    def fit(self, rows: TrainingRows) -> Self:
        """Find the weights."""
        shared, sharpness = pulled_weights(rows, "geometric")
        others = geometric_pool(rows.scores, shared)
        logs = log_probabilities(np.where(np.isnan(rows.scores), others[:, None, :], rows.scores))
        shape = logs.shape[1:]

        def logits(design: Scores, parameters: Scores) -> Scores:
            return np.asarray((design * parameters.reshape(shape)).sum(axis=1))

        def pull_back(design: Scores, residuals: Scores) -> Scores:
            return np.asarray(np.einsum("nmc,nc->mc", design, residuals).ravel())

        centre = np.repeat(shared * sharpness, shape[1])
        family = LinearLogits(logits, pull_back, centre, np.ones_like(centre), is_positive=True)
        found, self.ridge = family.fit_by_groups(logs, rows.targets, rows.units)
        matrix = found.reshape(shape)
        self.sharpness = matrix.sum(axis=0)
        even = np.full(shape, 1.0 / shape[0])
        total = np.where(self.sharpness > 0, self.sharpness, 1.0)
        self.weights = np.where(self.sharpness > 0, matrix / total, even)
        return self

    def combine(self, scores: Scores) -> Scores:
        """Pool the scores, weights renormalised over what is there."""
        return geometric_pool(scores, self.weights, self.sharpness)

    def to_dict(self) -> dict[str, Any]:
        """Return the weight of each modality for each label."""
        labels = self.setting.labels
        return {
            "weights": {
                name: named(labels, row)
                for name, row in zip(self.setting.names, self.weights, strict=True)
            },
            "sharpness": named(labels, self.sharpness),
            "ridge": self.ridge,
        }

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over the weights."""
        names, labels = self.setting.names, self.setting.labels
        self.weights = np.array([[state["weights"][n][k] for k in labels] for n in names], float)
        self.sharpness = np.array([state["sharpness"][label] for label in labels], float)
        self.ridge = float(state["ridge"])
        return self
