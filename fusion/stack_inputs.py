"""What stackers see: log-probabilities of every modality, and which of them are there."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from emotiw.core.probabilities import log_probabilities
from fusion.aligned import Scores
from fusion.combiner import Combiner, Setting
from fusion.pools import geometric_pool


def stack_inputs(scores: Scores, has_holes: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return one row of numbers per clip: log-probabilities, then the mask of modalities.

    A missing modality says what the others say (their geometric mean), and the mask tells a
    stacker that it was missing; where nothing is there, everything says nothing.

    Args:
        scores: ``(n, n_modalities, n_labels)`` probabilities; NaN where missing.
        has_holes: ``(n_modalities,)`` which modalities get a column in the mask: those that were
            missing somewhere in the fit.

    Returns:
        ``(n, n_modalities * n_labels + n_masks)``; log-probabilities with a mean of 0 per
        modality, so that saying nothing is 0.

    Examples:
        >>> scores = np.array([[[0.8, 0.2], [np.nan, np.nan]]])
        >>> stack_inputs(scores, np.array([False, True])).round(2).tolist()
        [[0.69, -0.69, 0.69, -0.69, 1.0]]
    """
    missing = np.isnan(scores)
    others = geometric_pool(scores, np.ones(scores.shape[1]))
    others = np.where(np.isnan(others), 1.0 / scores.shape[2], others)
    logs = log_probabilities(np.where(missing, others[:, None, :], scores))
    logs = logs - logs.mean(axis=2, keepdims=True)
    mask = missing[:, has_holes, 0].astype(np.float64)
    return np.concatenate([logs.reshape(len(logs), -1), mask], axis=1)


class StackCombiner(Combiner):
    """What learns from :func:`stack_inputs`, and remembers which modalities the mask has."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._holes = np.zeros(len(setting.names), dtype=bool)

    @property
    def masked(self) -> list[str]:
        """The modalities in the mask: those that were missing somewhere in the fit."""
        return [n for n, has in zip(self.setting.names, self._holes, strict=True) if has]

    @masked.setter
    def masked(self, names: Collection[str]) -> None:
        self._holes = np.array([name in names for name in self.setting.names], dtype=bool)

    def learn_inputs(self, scores: Scores) -> Scores:
        """Note where the scores of a fit have holes, and return its design."""
        self._holes = np.asarray(np.isnan(scores).any(axis=(0, 2)))
        return self.inputs(scores)

    def inputs(self, scores: Scores) -> Scores:
        """Return the design of any scores, as in the fit."""
        return stack_inputs(scores, self._holes)
