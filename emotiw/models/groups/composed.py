"""Models with another model inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureSpec
from emotiw.core.renames import checked
from emotiw.models.model import Goal, Model
from emotiw.models.model_card import Card
from emotiw.models.nested_parts import LearnerPart, full_version, part_options
from emotiw.models.registry import MODELS

INSIDE = "learner"


class ComposedOptions(BaseModel):
    """Options of every model with another one inside.

    Attributes:
        learner: the model inside, by name, or as ``{model: NAME, …}`` with its options.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    learner: LearnerPart = {"model": "svm"}


class Composed:
    """Prepares what another model learns from, or changes what it says.

    A kind says what the model inside reads (:meth:`inner_spec`) and is to predict
    (:meth:`inner_goal`); it has its own ``fit`` and ``predict``.
    """

    Options: ClassVar[type[BaseModel]] = ComposedOptions
    version: ClassVar[str]

    def __init__(self, options: Any, *, spec: FeatureSpec, goal: Goal, seed: int) -> None:
        self.options = options
        self.spec = spec
        self.goal = goal
        self.seed = seed
        self.check()
        self.kind: type[Model] = MODELS.resolve(options.learner["model"])
        inside = part_options(MODELS, "model", options.learner)
        self.learner = self.kind(inside, spec=self.inner_spec(), goal=self.inner_goal(), seed=seed)

    def check(self) -> None:
        """Raise ConfigError if the feature or the options are none that this model can use."""

    def inner_spec(self) -> FeatureSpec:
        """Return what the model inside reads."""
        return self.spec

    def inner_goal(self) -> Goal:
        """Return what the model inside predicts."""
        return self.goal

    def save(self, folder: Path) -> None:
        """Write a readable card, and the model inside in a folder of its own."""
        options = self.options.model_dump(mode="json")
        version = full_version(type(self), self.options)
        Card(options, self.spec, self.goal, self.seed, version).write(folder)
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
        model = cls(options, spec=card.spec, goal=card.goal, seed=card.seed)
        expected = full_version(cls, options)
        if card.version != expected:
            raise ConfigError(f"{folder}: written by version {card.version}, this is {expected}")
        model.learner = model.kind.load(folder / INSIDE)
        return model
