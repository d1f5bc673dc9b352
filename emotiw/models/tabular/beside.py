"""What clips without labels are to a model of one vector per clip: statistics, and guesses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotiw.models.model import Examples
from emotiw.models.tabular.preparation import Preparation, Vectors


@dataclass(frozen=True)
class Beside:
    """Clips without labels beside those that a model learns from.

    Attributes:
        vectors: ``(n, dim)``.
        groups: of each.
        corpora: of each.
        learnt: ``(n_guessed,)`` positions of those whose guessed label is learnt from.
        guesses: ``(n_guessed,)`` class indices.
        weights: ``(n_guessed,)`` how much each counts beside a label.
    """

    vectors: Vectors
    groups: tuple[str, ...]
    corpora: tuple[str, ...]
    learnt: npt.NDArray[np.intp]
    guesses: npt.NDArray[np.intp]
    weights: npt.NDArray[np.float64]

    @classmethod
    def of(cls, examples: Examples, vectors_of: Callable[[Examples], Vectors]) -> Beside | None:
        """Return those of some examples; None where there are none."""
        found = examples.unlabelled
        if found is None or not len(found):
            return None
        learnt, clips = found.learnt, found.clips
        guesses = np.zeros(0, dtype=int) if found.guesses is None else found.guesses[learnt]
        weights = np.zeros(0) if found.weights is None else found.weights[learnt]
        corpora = clips.corpora or ("",) * len(clips)
        return cls(vectors_of(clips), clips.groups, corpora, learnt, guesses, weights)

    def prepared(self, preparation: Preparation) -> Vectors:
        """Return ``(n_guessed, dim)``: those that are learnt from, prepared as any other clip."""
        # all together: a speaker may be standardised by all of his clips
        return preparation.apply(self.vectors, self.groups, self.corpora)[self.learnt]
