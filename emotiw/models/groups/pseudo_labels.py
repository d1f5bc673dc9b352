"""A model that labels clips without labels itself, where it is sure, and learns from these, too."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.device import CPU, Movable
from emotiw.core.errors import ConfigError
from emotiw.core.notices import warn
from emotiw.core.probabilities import fit_temperature, log_probabilities, softmax
from emotiw.models.groups.composed import Composed, ComposedOptions
from emotiw.models.model import Examples, Model, Unlabelled
from emotiw.models.nested_parts import LEARNER
from emotiw.models.training.inner_part import Rows, split_inner

Scores = npt.NDArray[np.float64]


class PseudoLabelsOptions(ComposedOptions):
    """Options of :class:`PseudoLabels`.

    Attributes:
        rounds: how often clips are labelled anew, each time by models that have learnt from the
            labels of the round before.
        n: models in the ensemble; each leaves out another part of the training groups.
        confidence: from which probability on a label is taken, as held-out training clips have
            calibrated it.
        weight: how much a clip with such a label counts beside one with a label of its own.
    """

    rounds: int = Field(default=3, ge=1)
    n: int = Field(default=5, ge=2)
    confidence: float = Field(default=0.8, ge=0, le=1)
    weight: float = Field(default=0.5, gt=0, le=1)


@dataclass
class _Member:
    """One of the ensemble: what it learns from, what it is calibrated by, and what it may label."""

    learnt: Rows
    held_out: Rows
    unlabelled: Unlabelled


class PseudoLabels(Composed):
    """Fits the learner on labels, and on those that an ensemble guessed with confidence.

    The ensemble leaves out one part of the training groups after the other. What it says of the
    parts left out calibrates its confidence, so none of its models learns from guesses of another
    one, which has seen its part: in the next round each goes by guesses of its own. The learner
    itself goes by those of all. Without unlabelled clips it is the learner alone.

    Calibrated on labelled clips, confidence is too high where unlabelled ones are of another kind.

    Source:
        Lee 2013 (pseudo-labels); Xie et al. 2020 (rounds of teacher and student). Differs: hard
        labels of less weight, and confidence that held-out groups have calibrated.
    """

    Options = PseudoLabelsOptions
    task_kinds = ("classification",)
    options: PseudoLabelsOptions

    @classmethod
    def reads_unlabelled(cls, options: PseudoLabelsOptions) -> bool:
        """Return True: there is nothing else that it does."""
        return True

    def check(self) -> None:
        """Raise ConfigError if the learner can't learn from guesses."""
        kind, inside = LEARNER.resolved(self.options.learner)
        if not kind.learns_guesses(inside):
            raise ConfigError(
                f"pseudo_labels: {kind.__name__} doesn't learn from guessed labels; models of one "
                "vector per clip and of sequences do"
            )

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        """Label, learn, and label again; then fit the learner on all of it."""
        self.learner = self._made(self.seed)
        taught = self._taught(examples, folder)
        where = None if folder is None else folder / "final"
        self.learner.fit(replace(examples, unlabelled=taught), folder=where)

    def predict(self, examples: Examples) -> Scores:
        """Return what the learner says."""
        return self.learner.predict(examples)

    def to(self, device: str) -> None:
        """Let all of them compute there, if they can be told."""
        self._device = device
        super().to(device)

    def guess(
        self, unlabelled: Unlabelled, probabilities: Scores, taught_by: Collection[str]
    ) -> Unlabelled:
        """Return the clips with the labels that are taken.

        Args:
            unlabelled: the clips.
            probabilities: ``(n, n_labels)`` calibrated.
            taught_by: the groups that whoever gave them was trained on.
        """
        is_sure = probabilities.max(axis=1) >= self.options.confidence
        weights = np.where(is_sure, self.options.weight, 0.0)
        return unlabelled.guessed(probabilities.argmax(axis=1), weights, taught_by=taught_by)

    def _taught(self, examples: Examples, folder: Path | None) -> Unlabelled | None:
        """Return the unlabelled clips with what the ensemble says of them in the last round."""
        found, members = examples.unlabelled, self._ensemble(examples)
        if found is None or not len(found) or not members:
            why = "only one group to learn from" if found is not None else "no unlabelled clips"
            warn(f"pseudo_labels: {why}: it learns from labels alone")
            return found
        n_labels, targets = len(self.task.labels), examples.targets
        assert targets is not None
        for number in range(self.options.rounds):
            unseen = np.full((len(examples), n_labels), np.nan)
            said = np.zeros((len(found), n_labels))
            own = []
            for place, member in enumerate(members):
                model = self._made(self.seed + place)
                learnt = replace(examples.subset(member.learnt), unlabelled=member.unlabelled)
                where = None if folder is None else folder / f"{number}-{place}"
                model.fit(learnt, folder=where)
                asked = replace(examples, targets=None, unlabelled=None).subset(member.held_out)
                unseen[member.held_out] = model.predict(asked)
                said += model.predict(found.clips)
                own.append(model.predict(member.unlabelled.clips))
            temperature = fit_temperature(log_probabilities(unseen), targets)
            for member, scores in zip(members, own, strict=True):
                groups = {examples.groups[row] for row in member.learnt}
                sure = softmax(log_probabilities(scores) / temperature)
                member.unlabelled = self.guess(member.unlabelled, sure, groups)
            sure = softmax(log_probabilities(said / len(members)) / temperature)
        return self.guess(found, sure, set(examples.groups))

    def _ensemble(self, examples: Examples) -> list[_Member]:
        members = []
        n = min(self.options.n, len(set(examples.groups)))
        for fold in range(n):
            learnt, held_out = split_inner(examples, 1 / n, seed=self.seed, fold=fold)
            if held_out is None or examples.unlabelled is None:
                return []
            groups = {examples.groups[row] for row in held_out}
            members.append(_Member(learnt, held_out, examples.unlabelled.holding_out(groups)))
        return members

    def _made(self, seed: int) -> Model:
        kind, inside = LEARNER.resolved(self.options.learner)
        model: Model = kind(inside, spec=self.inner_spec(), task=self.inner_task(), seed=seed)
        if isinstance(model, Movable):
            model.to(self._device)
        return model

    _device = CPU
