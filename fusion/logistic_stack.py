"""Multinomial logistic regression on log-probabilities, close to a weighted mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from emotiw.core.probabilities import softmax
from fusion.aligned import Scores
from fusion.combiner import Setting
from fusion.combiners import named
from fusion.pools import only_present
from fusion.pulled_weights import pulled_weights
from fusion.ridge import LinearLogits
from fusion.stack_inputs import StackCombiner
from fusion.training_rows import TrainingRows


class LogisticStack(StackCombiner):
    """Every label's logit may listen to every label of every modality.

    A ridge pulls the coefficients toward the log-linear weights, where a label listens to
    itself alone; its strength is chosen over inner folds of groups. The biases are free.
    """

    version = "3"

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        n_labels = len(setting.labels)
        self.coefficients = np.zeros((len(setting.names) * n_labels, n_labels))
        self.bias = np.zeros(n_labels)
        self.ridge = 0.0

    def fit(self, rows: TrainingRows) -> Self:
        """Find the coefficients."""
        n_labels = rows.scores.shape[2]
        design = self.learn_inputs(rows.scores)
        weights, sharpness = pulled_weights(rows, "geometric")
        alone = np.vstack([weight * sharpness * np.eye(n_labels) for weight in weights])
        masks = np.zeros((len(self.masked), n_labels))
        centre = np.vstack([alone, masks, np.zeros((1, n_labels))])  # the last row is the bias
        penalty = np.ones_like(centre)
        penalty[-1] = 1e-3

        def logits(designed: Scores, parameters: Scores) -> Scores:
            matrix = parameters.reshape(centre.shape)
            return np.asarray(designed @ matrix[:-1] + matrix[-1])

        def pull_back(designed: Scores, residuals: Scores) -> Scores:
            return np.vstack([designed.T @ residuals, residuals.sum(axis=0)]).ravel()

        family = LinearLogits(logits, pull_back, centre.ravel(), penalty.ravel())
        found, self.ridge = family.fit_by_groups(design, rows.targets, rows.units)
        matrix = found.reshape(centre.shape)
        self.coefficients, self.bias = matrix[:-1], matrix[-1]
        return self

    def combine(self, scores: Scores) -> Scores:
        """Return the probabilities of the regression."""
        design = self.inputs(scores)
        logits = np.zeros((len(design), len(self.bias))) + self.bias
        for column in range(design.shape[1]):  # in a fixed order: a row never depends on the batch
            logits = logits + design[:, column, None] * self.coefficients[column]
        return only_present(softmax(logits), scores)

    def to_dict(self) -> dict[str, Any]:
        """Return the coefficients: per modality, from each of its labels to each label."""
        labels = self.setting.labels
        rows = iter(self.coefficients)
        table = {
            name: {label: named(labels, next(rows)) for label in labels}
            for name in self.setting.names
        }
        return {
            "coefficients": table,
            "if_missing": {name: named(labels, next(rows)) for name in self.masked},
            "bias": named(labels, self.bias),
            "ridge": self.ridge,
        }

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over the coefficients."""
        names, labels = self.setting.names, self.setting.labels
        table, missing = state["coefficients"], state["if_missing"]
        rows = [[table[name][own][to] for to in labels] for name in names for own in labels]
        rows += [[missing[name][to] for to in labels] for name in names if name in missing]
        self.coefficients = np.array(rows, float)
        self.masked = missing
        self.bias = np.array([state["bias"][label] for label in labels], float)
        self.ridge = float(state["ridge"])
        return self
