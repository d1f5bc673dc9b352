"""What fuses calibrated scores: rules and weights here, the rest in modules of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError, Problems, suggest
from emotiw.core.part import Part
from emotiw.core.task import Task
from fusion.aligned import Scores
from fusion.modality_weights import log_linear_weights, mixture_weights, squared_error_weights
from fusion.pools import REGRESSION_RULES, RULES, arithmetic_pool, geometric_pool
from fusion.registry import COMBINERS
from fusion.training_rows import TrainingRows

ANY = frozenset({"classification", "regression"})


@dataclass(frozen=True)
class Setting:
    """What a combiner is told before it is fitted.

    Attributes:
        names: the modalities, in the order of the scores' second axis.
        task: what is asked.
        method: as in the options.
        pool: arithmetic or geometric.
        weights: typed in, by modality.
        metric: what metric-driven weights and the choice between methods look at.
        candidates: the methods to choose between.
        seed: of everything random.
    """

    names: tuple[str, ...]
    task: Task
    method: str
    pool: str = "arithmetic"
    weights: Mapping[str, float] | None = None
    metric: str = "accuracy"
    candidates: tuple[str, ...] = ()
    seed: int = 0

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in class order, or the name of the target."""
        return self.task.labels


class Combiner(Part):
    """Fuses ``(n, n_modalities, n_labels)`` scores into ``(n, n_labels)``.

    Attributes:
        tasks: the kinds of task that it suits.
    """

    tasks: ClassVar[frozenset[str]] = frozenset({"classification"})

    def __init__(self, setting: Setting) -> None:
        """Prepare; raise ConfigError where the setting makes no sense."""
        self._setting = setting

    def fit(self, rows: TrainingRows) -> Self:
        """Learn from calibrated scores whose models have not seen the clips; nothing, here."""
        return self

    def combine(self, scores: Scores) -> Scores:
        """Return fused scores; a row's result depends on that row alone."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Return what was learnt, as plain numbers and lists; nothing, here.

        Under ``estimators`` it may hold fitted scikit-learn estimators, which go to a file of
        their own.
        """
        return {}

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over what :meth:`to_dict` returned."""
        return self


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
        elif self._setting.pool == "arithmetic":
            self.weights = mixture_weights(rows.scores, rows.targets)
        else:
            self.weights, self.sharpness = log_linear_weights(rows.scores, rows.targets)
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
