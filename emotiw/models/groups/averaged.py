"""Several copies of a model, each from another seed and without another part of the clips."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.device import Movable
from emotiw.models.groups.composed import INSIDE, Composed, ComposedOptions
from emotiw.models.model import EVERY_KIND, Examples, Joins, Model
from emotiw.models.nested_parts import LEARNER
from emotiw.models.training.inner_part import split_inner


class EnsembleOptions(ComposedOptions):
    """Options of :class:`Ensemble`.

    Attributes:
        n: how many are fitted.
        left_out: the share of the training groups, about, that each of them does not see; 0 lets
            all of them see everything, so that they differ by their seeds alone.
    """

    n: int = Field(default=10, ge=2)
    left_out: float = Field(default=0.2, ge=0, le=0.5)


class Ensemble(Composed):
    """Averages a model over seeds and folds: the luck of one start or split cancels out.

    Probabilities and targets are averaged as they are.

    Source:
        Breiman 1996 (bagging). Differs: each member leaves out a fold of whole groups instead of
        drawing clips with replacement.
    """

    Options = EnsembleOptions
    task_kinds = EVERY_KIND
    options: EnsembleOptions

    @classmethod
    def reads_steps(cls, options: EnsembleOptions) -> bool:
        """Return what the model inside does."""
        kind, inside = LEARNER.resolved(options.learner)
        return bool(kind.reads_steps(inside))

    @classmethod
    def reads_unlabelled(cls, options: EnsembleOptions) -> bool:
        """Return what the model inside does."""
        kind, inside = LEARNER.resolved(options.learner)
        return bool(kind.reads_unlabelled(inside))

    @classmethod
    def learns_guesses(cls, options: EnsembleOptions) -> bool:
        """Return what the model inside does."""
        kind, inside = LEARNER.resolved(options.learner)
        return bool(kind.learns_guesses(inside))

    @classmethod
    def joins(cls, options: EnsembleOptions) -> Joins | None:
        """Return what the model inside does."""
        kind, inside = LEARNER.resolved(options.learner)
        joins: Joins | None = kind.joins(inside)
        return joins

    def check(self) -> None:
        """Accept whatever the model inside accepts."""
        self.members: list[Model] = []

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        """Fit all of them, one after the other."""
        kind, inside = LEARNER.resolved(self.options.learner)
        self.members = []
        for number in range(self.options.n):
            seed = self.seed + number
            member = kind(inside, spec=self.inner_spec(), task=self.inner_task(), seed=seed)
            if isinstance(member, Movable):
                member.to(self._device)
            # one fold after the other, and then the folds of another seed
            round_ = number // max(1, round(1 / max(self.options.left_out, 1e-9)))
            rows, _ = split_inner(
                examples, self.options.left_out, seed=self.seed + round_, fold=number
            )
            some = examples.subset(rows)
            if some.targets is None or (self.task.is_label and len(np.unique(some.targets)) < 2):
                some = examples
            member.fit(some, folder=None if folder is None else folder / str(number))
            self.members.append(member)

    def predict(self, examples: Examples) -> npt.NDArray[np.float64]:
        """Return the mean of what they say."""
        return np.asarray(np.mean([member.predict(examples) for member in self.members], axis=0))

    def to(self, device: str) -> None:
        """Let all of them compute there, if they can be told."""
        self._device = device
        for member in (self.learner, *self.members):
            if isinstance(member, Movable):
                member.to(device)

    def save(self, folder: Path) -> None:
        """Write a readable card, and each of them in a folder of its own."""
        Model.save(self, folder)
        for number, member in enumerate(self.members):
            member.save(folder / f"{INSIDE}{number}")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the model that :meth:`save` wrote; ConfigError as in any model."""
        model = super(Composed, cls).load(folder)
        kind = type(model.learner)
        model.members = [kind.load(folder / f"{INSIDE}{n}") for n in range(model.options.n)]
        return model

    _device = "cpu"
