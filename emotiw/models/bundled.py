"""Scores that a feature has already, as a modality: nothing is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.config import Strict
from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureSpec
from emotiw.core.label_names import translated
from emotiw.core.task import Task
from emotiw.models.model import Examples, Model

SCORE = "score_"
Scores = npt.NDArray[np.float64]


class BundledOptions(Strict):
    """Options of :class:`Bundled`.

    Attributes:
        means: the label that each label of the feature stands for; by default the one of the same
            meaning. What stands for none is left out, and labels that nothing stands for keep
            their even share.
    """

    means: dict[str, str] | None = None


class Bundled(Model):
    """The bundled networks' own scores, averaged over a clip and translated by name.

    For features of ``{extractor: frames, values: scores}`` and ``{extractor: voice}``.
    """

    Options = BundledOptions
    version = "1"

    def __init__(self, options: Any, *, spec: FeatureSpec, task: Task, seed: int) -> None:
        super().__init__(options, spec=spec, task=task, seed=seed)
        names = list(spec.columns or ()) if len(spec.shape) == 1 else []
        self._columns = [n for n, name in enumerate(names) if name.startswith(SCORE)]
        known = [names[n].removeprefix(SCORE) for n in self._columns]
        if not known:
            raise ConfigError(
                f"feature {spec.name!r} holds no scores: {{extractor: frames, values: scores}} "
                "or {extractor: voice}"
            )
        if not task.is_label:
            raise ConfigError("bundled: its scores are of labels, and a number is asked for")
        self._table = self._translation(known)  # (n_known, n_labels)

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        """Learn nothing."""

    def predict(self, examples: Examples) -> Scores:
        """Return the mean over the rows of each clip, of the labels of the task."""
        n_labels = len(self.task.labels)
        found = np.zeros((len(examples), n_labels))
        is_said = self._table.any(axis=0)
        for number, array in enumerate(examples.arrays()):
            rows = array.values[array.present][:, self._columns].astype(np.float64)
            said = (rows.mean(axis=0) @ self._table)[is_said]
            total = said.sum()
            share = is_said.sum() / n_labels
            found[number] = 1 / n_labels
            found[number, is_said] = share * (said / total if total > 0 else 1 / is_said.sum())
        return found

    def _translation(self, known: list[str]) -> Scores:
        labels = self.task.labels
        means = self.options.means
        if means is None:
            means = {n: label for n in known if (label := translated(n, labels)) is not None}
        unknown = [n for n in means if n not in known] + [
            m for m in means.values() if m not in labels
        ]
        if unknown or not means:
            raise ConfigError(
                f"means: {', '.join(unknown) or 'nothing stands for a label'}; the feature scores "
                f"{', '.join(known)}, labels are {', '.join(labels)}"
            )
        return np.array([[float(means.get(n) == label) for label in labels] for n in known])
