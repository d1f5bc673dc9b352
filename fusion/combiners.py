"""What fuses calibrated scores: rules and weights here, the rest in modules of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError, Problems, suggest
from emotiw.core.registry import Registry
from emotiw.core.score_table import Task
from fusion.aligned import Indices, Scores
from fusion.modality_weights import log_linear_weights, mixture_weights, squared_error_weights
from fusion.pools import REGRESSION_RULES, RULES, arithmetic_pool, geometric_pool

Answers = npt.NDArray[Any]  # (n,) class indices, or float targets


@dataclass(frozen=True)
class Setting:
    """What a combiner is told before it is fitted.

    Attributes:
        names: the modalities, in the order of the scores' second axis.
        labels: in class order.
        task: classification or regression.
        method: as in the options.
        pool: arithmetic or geometric.
        weights: typed in, by modality.
        metric: what metric-driven weights and the choice between methods look at.
        candidates: the methods to choose between.
        seed: of everything random.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    task: Task
    method: str
    pool: str = "arithmetic"
    weights: Mapping[str, float] | None = None
    metric: str = "accuracy"
    candidates: tuple[str, ...] = ()
    seed: int = 0


class Combiner(Protocol):
    """Fuses ``(n, n_modalities, n_labels)`` scores into ``(n, n_labels)``."""

    def __init__(self, setting: Setting) -> None:
        """Prepare; raise ConfigError where the setting makes no sense."""

    def fit(self, scores: Scores, answers: Answers, groups: Indices) -> Self:
        """Learn from scores whose models have not seen the clips, in an order of content."""

    def combine(self, scores: Scores) -> Scores:
        """Return fused scores; a row's result depends on that row alone."""

    def to_dict(self) -> dict[str, Any]:
        """Return what was learnt, as plain numbers and lists.

        Under ``estimators`` it may hold fitted scikit-learn estimators, which go to a file of
        their own.
        """

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over what :meth:`to_dict` returned."""


class Rule:
    """A rule that learns nothing: mean, geometric, product, max, median, majority or rank."""

    def __init__(self, setting: Setting) -> None:
        if setting.task == "regression" and setting.method not in REGRESSION_RULES:
            raise ConfigError(
                f"method {setting.method!r} needs probabilities; "
                f"regression has {', '.join(REGRESSION_RULES)}, weighted and fixed"
            )
        self._rule = RULES[setting.method]

    def fit(self, scores: Scores, answers: Answers, groups: Indices) -> Self:
        """Learn nothing."""
        return self

    def combine(self, scores: Scores) -> Scores:
        """Apply the rule."""
        return self._rule(scores)

    def to_dict(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over nothing."""
        return self


class WeightedPool:
    """One weight per modality, fitted by log loss or squared error."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        if setting.task == "regression":  # there is nothing else to take the mean of
            self._setting = replace(setting, pool="arithmetic")
        self.weights = np.full(len(setting.names), 1.0 / len(setting.names))
        self.sharpness = 1.0

    def fit(self, scores: Scores, answers: Answers, groups: Indices) -> Self:
        """Find the weights with the smallest loss."""
        if self._setting.task == "regression":
            self.weights = squared_error_weights(scores, answers)
        elif self._setting.pool == "arithmetic":
            self.weights = mixture_weights(scores, answers)
        else:
            self.weights, self.sharpness = log_linear_weights(scores, answers)
        return self

    def combine(self, scores: Scores) -> Scores:
        """Pool the scores, weights renormalised over what is there."""
        if self._setting.pool == "arithmetic":
            return arithmetic_pool(scores, self.weights)
        return geometric_pool(scores, self.weights, self.sharpness)

    def to_dict(self) -> dict[str, Any]:
        """Return the weight of each modality."""
        weights = named(self._setting.names, self.weights)
        return {"weights": weights, "sharpness": self.sharpness}

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over the weights."""
        self.weights = np.array([state["weights"][name] for name in self._setting.names], float)
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

    def fit(self, scores: Scores, answers: Answers, groups: Indices) -> Self:
        """Keep the weights."""
        return self


COMBINERS: Registry[type[Combiner]] = Registry(
    "fusion method",
    {
        "weighted": "fusion.combiners:WeightedPool",
        "metric_weighted": "fusion.metric_weights:MetricWeights",
        "class_weighted": "fusion.class_weights:ClassWeights",
        "fixed": "fusion.combiners:FixedWeights",
        "logistic": "fusion.logistic_stack:LogisticStack",
        "svm": "fusion.stackers:SvmStack",
        "boosting": "fusion.stackers:BoostingStack",
        "cascade": "fusion.cascade:CascadeForest",
        "auto": "fusion.choice:Choice",
        **dict.fromkeys(RULES, "fusion.combiners:Rule"),
    },
)


def combiner_for(setting: Setting) -> Combiner:
    """Return an unfitted combiner for the setting's method."""
    return COMBINERS.resolve(setting.method)(setting)


def named(names: Sequence[str], values: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return numbers by name, for YAML."""
    return {name: float(value) for name, value in zip(names, values, strict=True)}
