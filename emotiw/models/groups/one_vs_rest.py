"""Faces tell happy groups from others, and not how unhappy those are."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError, suggest
from emotiw.models.groups.composed import Composed, ComposedOptions
from emotiw.models.groups.individuals import Judge, judge_of
from emotiw.models.model import Examples


class OneVsRestOptions(ComposedOptions):
    """Options of :class:`OneVsRest`.

    Attributes:
        positive: the label that the model inside is trusted to tell from the rest.
        style: ``soft`` keeps its probability; ``hard`` makes it 1 where it is the most probable
            label and 0 elsewhere, as the authors did.
    """

    positive: str = "Positive"
    style: Literal["soft", "hard"] = "soft"


class OneVsRest(Composed):
    """Keeps what the model inside says of one label, and is undecided among all others.

    In a fusion, other modalities then decide between neutral and negative.

    Source:
        Guo et al. 2018, the winner of the group-level challenge of that year ("unpositive").
    """

    Options = OneVsRestOptions
    options: OneVsRestOptions

    def check(self) -> None:
        """Accept classification into labels of which one is the positive one."""
        labels = self.task.labels
        if not self.task.is_label or self.options.positive not in labels:
            hint = suggest(self.options.positive, labels)
            raise ConfigError(
                f"one_vs_rest: no label {self.options.positive!r}{hint} "
                f"(labels: {', '.join(labels) if self.task.is_label else 'none'})"
            )

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        """Let the model inside learn."""
        self.learner.fit(examples, folder=folder)

    def predict(self, examples: Examples) -> npt.NDArray[np.float64]:
        """Return the scores of the model inside, even over all labels but the positive one."""
        scores = self.learner.predict(examples)
        place = self.task.labels.index(self.options.positive)
        kept = scores[:, place]
        if self.options.style == "hard":
            kept = (scores.argmax(axis=1) == place).astype(np.float64)
        evened = np.repeat((1 - kept)[:, None] / (scores.shape[1] - 1), scores.shape[1], axis=1)
        evened[:, place] = kept
        return np.asarray(evened)

    @property
    def individuals(self) -> Judge | None:
        """What the model inside says of each person; None if it judges nobody."""
        return judge_of(self.learner)
