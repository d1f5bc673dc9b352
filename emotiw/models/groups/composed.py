"""Models with another model inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError

from emotiw.core.config import Strict
from emotiw.core.device import Movable
from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureSpec
from emotiw.core.renames import checked
from emotiw.core.task import Task
from emotiw.models.model import Model
from emotiw.models.model_card import Card
from emotiw.models.nested_parts import LearnerPart, full_version, part_options
from emotiw.models.registry import MODELS

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
        self.kind: type[Model] = MODELS.resolve(options.learner["model"])
        inside = part_options(MODELS, "model", options.learner)
        self.learner = self.kind(inside, spec=self.inner_spec(), task=self.inner_task(), seed=seed)

    def check(self) -> None:
        """Raise ConfigError if the feature or the options are none that this model can use."""

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
        options = self.options.model_dump(mode="json")
        version = full_version(type(self), self.options)
        Card(options, self.spec, self.task, self.seed, version).write(folder)
        self.learner.save(folder / INSIDE)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the model that :meth:`save` wrote.

        Raises:
            ConfigError: if there is none, or one of another version.
        """
        card = Card.read(folder, version=None)
        try:
            options = checked(cls.Options, card.options)
        except ValidationError as error:
            raise ConfigError(f"{folder}: can't be loaded: {error}") from error
        model = cls(options, spec=card.spec, task=card.task, seed=card.seed)
        expected = full_version(cls, options)
        if card.version != expected:
            raise ConfigError(f"{folder}: written by version {card.version}, this is {expected}")
        model.learner = model.kind.load(folder / INSIDE)
        return model
