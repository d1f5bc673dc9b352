"""Rules and weights; what learns more than a weight per modality has a module of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError, Problems, suggest
from fusion.aligned import Scores
from fusion.combiner import ANY, Combiner, Setting
from fusion.modality_weights import log_linear_weights, mixture_weights, squared_error_weights
from fusion.pools import REGRESSION_RULES, RULES, arithmetic_pool, geometric_pool
from fusion.registry import COMBINERS
from fusion.training_rows import TrainingRows


class Rule(Combiner):
    """A rule that learns nothing: mean, geometric, product, max, median, majority or rank."""

    tasks = ANY

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        if not setting.task.is_label and setting.method not in REGRESSION_RULES:
            raise ConfigError(
                f"method {setting.method!r} needs probabilities; "
                f"regression has {', '.join(REGRESSION_RULES)}, weighted and fixed"
            )
        self._rule = RULES[setting.method]

    def combine(self, scores: Scores) -> Scores:
        """Apply the rule."""
        return self._rule(scores)


class WeightedPool(Combiner):
    """One weight per modality, fitted by log loss or squared error."""

    tasks = ANY

    def __init__(self, setting: Setting) -> None:
        # of targets there is nothing but the mean
        super().__init__(setting if setting.task.is_label else replace(setting, pool="arithmetic"))
        self.weights = np.full(len(setting.names), 1.0 / len(setting.names))
        self.sharpness = 1.0

    def fit(self, rows: TrainingRows) -> Self:
        """Find the weights with the smallest loss."""
        if not rows.task.is_label:
            self.weights = squared_error_weights(rows.scores, rows.targets)
        elif self.setting.pool == "arithmetic":
            self.weights = mixture_weights(rows.scores, rows.targets)
        else:
            self.weights, self.sharpness = log_linear_weights(rows.scores, rows.targets)
        return self

    def combine(self, scores: Scores) -> Scores:
        """Pool the scores, weights renormalised over what is there."""
        if self.setting.pool == "arithmetic":
            return arithmetic_pool(scores, self.weights)
        return geometric_pool(scores, self.weights, self.sharpness)

    def to_dict(self) -> dict[str, Any]:
        """Return the weight of each modality."""
        weights = named(self.setting.names, self.weights)
        return {"weights": weights, "sharpness": self.sharpness}

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over the weights."""
        self.weights = np.array([state["weights"][name] for name in self.setting.names], float)
        self.sharpness = float(state["sharpness"])
        return self


class FixedWeights(WeightedPool):
    """Weights that were typed in, scaled to sum to 1."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        given = setting.weights or {}
        problems = Problems("fixed weights")
        for name in given:
            if name not in setting.names:
                problems.add(f"no modality {name!r}{suggest(name, setting.names)}")
        for name in setting.names:
            if name not in given:
                problems.add(f"modality {name!r} has no weight (0 leaves it out)")
        problems.raise_if_any(ConfigError)
        typed = np.array([given[name] for name in setting.names], float)
        self.weights = typed / typed.sum()

    def fit(self, rows: TrainingRows) -> Self:
        """Keep the weights."""
        return self


def combiner_for(setting: Setting) -> Combiner:
    """Return an unfitted combiner for the setting's method.

    Raises:
        ConfigError: if there is none, or it doesn't suit the task.
    """
    kind = COMBINERS.resolve(setting.method)
    if setting.task.kind not in kind.tasks:
        raise ConfigError(
            f"method {setting.method!r} is for {' and '.join(sorted(kind.tasks))}; "
            f"{setting.task.kind} has 'weighted'"
        )
    return kind(setting)


def named(names: Sequence[str], values: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return numbers by name, for YAML."""
    return {name: float(value) for name, value in zip(names, values, strict=True)}
