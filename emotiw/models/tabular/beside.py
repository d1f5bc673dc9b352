"""What clips without labels are to a model of one vector per clip: statistics, and guesses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.models.model import Examples
from emotiw.models.tabular.preparation import Vectors


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

    def added_to(
        self, prepared: Any, targets: npt.NDArray[Any], preparation: Any
    ) -> tuple[Any, npt.NDArray[Any], npt.NDArray[np.float64]]:
        """Return vectors, answers and weights of labelled clips and of those with a guess.

        Args:
            prepared: ``(n, dim)`` of the labelled ones; counts of terms are sparse.
            targets: ``(n,)`` of these.
            preparation: what prepared them, and now the others alike.
        """
        # all together: a speaker may be standardised by all of his clips
        others = preparation.apply(self.vectors, self.groups, self.corpora)[self.learnt]
        if isinstance(prepared, np.ndarray):
            both = np.concatenate([prepared, others])
        else:
            from scipy.sparse import vstack

            both = vstack([prepared, others], format="csr")
        weights = np.concatenate([np.ones(len(targets)), self.weights])
        return both, np.concatenate([targets, self.guesses]), weights
