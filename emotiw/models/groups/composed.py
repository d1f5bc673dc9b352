"""Models with another model inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field

from emotiw.core.config import Strict
from emotiw.core.device import Movable
from emotiw.core.feature_table import FeatureSpec
from emotiw.core.task import Task
from emotiw.core.weights import WeightsCard
from emotiw.models.model import Model
from emotiw.models.nested_parts import LEARNER, LearnerPart

INSIDE = "learner"


class ComposedOptions(Strict):
    """Options of every model with another one inside.

    Attributes:
        learner: the model inside, by name, or as ``{model: NAME, …}`` with its options.
    """

    learner: LearnerPart = Field(default={"model": "svm"}, validate_default=True)


class Composed(Model):
    """Prepares what another model learns from, or changes what it says.

    A kind says what the model inside reads (:meth:`inner_spec`) and is to predict
    (:meth:`inner_task`); it has its own ``fit`` and ``predict``.
    """

    Options = ComposedOptions

    def __init__(self, options: Any, *, spec: FeatureSpec, task: Task, seed: int) -> None:
        super().__init__(options, spec=spec, task=task, seed=seed)
        self.check()
        kind, inside = LEARNER.resolved(options.learner)
        self.learner: Model = kind(
            inside, spec=self.inner_spec(), task=self.inner_task(), seed=seed
        )

    @classmethod
    def takes_together(cls, options: Any) -> Literal["", "group", "corpus"]:
        """Return what the model inside does."""
        kind, inside = LEARNER.resolved(options.learner)
        found: Literal["", "group", "corpus"] = kind.takes_together(inside)
        return found

    def check(self) -> None:
        """Raise ConfigError if the feature or the options are none that this model can use."""

    @property
    def card(self) -> WeightsCard | None:
        """The card of the weights that the model inside starts from, if any."""
        found: WeightsCard | None = getattr(self.learner, "card", None)
        return found

    def inner_spec(self) -> FeatureSpec:
        """Return what the model inside reads."""
        return self.spec

    def inner_task(self) -> Task:
        """Return what the model inside predicts."""
        return self.task

    def to(self, device: str) -> None:
        """Let the model inside compute there, if it can be told."""
        if isinstance(self.learner, Movable):
            self.learner.to(device)

    def save(self, folder: Path) -> None:
        """Write a readable card, and the model inside in a folder of its own."""
        super().save(folder)
        self.learner.save(folder / INSIDE)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the model that :meth:`save` wrote; ConfigError as in any model."""
        model = super().load(folder)
        model.learner = type(model.learner).load(folder / INSIDE)
        return model
