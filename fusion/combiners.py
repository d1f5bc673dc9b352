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
from fusion.per_answer import PerAnswer
from fusion.pools import REGRESSION_RULES, RULES, arithmetic_pool, geometric_pool
from fusion.pulled_weights import pulled_weights
from fusion.registry import COMBINERS
from fusion.single_answers import is_plain
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
    """One weight per modality, fitted by log loss or squared error, close to a centre.

    The centre is equal weights, or those that the setting gives: what is known to be good before
    any clip is seen. It decides where clips are few, and means nothing where they are many.
    """

    tasks = ANY
    version = "3"

    def __init__(self, setting: Setting) -> None:
        # of targets there is nothing but the mean
        super().__init__(setting if setting.task.is_label else replace(setting, pool="arithmetic"))
        self.centre = typed_weights(setting) if setting.weights else equal_weights(setting)
        self.weights = self.centre
        self.sharpness = 1.0

    def fit(self, rows: TrainingRows) -> Self:
        """Find the weights."""
        self.weights, self.sharpness = pulled_weights(rows, self.setting.pool, self.centre)
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

    version = "1"

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.weights = typed_weights(setting)

    def fit(self, rows: TrainingRows) -> Self:
        """Keep the weights."""
        return self


def combiner_for(setting: Setting) -> Combiner:
    """Return an unfitted combiner for the setting's method; of several answers, one for each.

    Raises:
        ConfigError: if there is none, or it doesn't suit the task.
    """
    kind = COMBINERS.resolve(setting.method)
    if setting.task.kind not in kind.tasks and not is_plain(setting.task):
        return PerAnswer(setting, combiner_for)
    if setting.task.kind not in kind.tasks:
        raise ConfigError(
            f"method {setting.method!r} is for {' and '.join(sorted(kind.tasks))}; "
            f"{setting.task.kind} has 'weighted'"
        )
    return kind(setting)


def equal_weights(setting: Setting) -> npt.NDArray[np.float64]:
    """Return the same weight for every modality, sum 1."""
    return np.full(len(setting.names), 1.0 / len(setting.names))


def typed_weights(setting: Setting) -> npt.NDArray[np.float64]:
    """Return the setting's weights, scaled to sum to 1.

    Raises:
        ConfigError: if a modality has none, or one has a weight that is no modality.
    """
    given = setting.weights or {}
    problems = Problems(f"weights of method {setting.method!r}")
    for name in given:
        if name not in setting.names:
            problems.add(f"no modality {name!r}{suggest(name, setting.names)}")
    for name in setting.names:
        if name not in given:
            problems.add(f"modality {name!r} has no weight (0 leaves it out)")
    problems.raise_if_any(ConfigError)
    typed = np.array([given[name] for name in setting.names], float)
    return np.asarray(typed / typed.sum())


def named(names: Sequence[str], values: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return numbers by name, for YAML."""
    return {name: float(value) for name, value in zip(names, values, strict=True)}
