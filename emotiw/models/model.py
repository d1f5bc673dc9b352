"""What every model of one modality is asked to do, whatever it is inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.score_table import Task


@dataclass(frozen=True)
class Examples:
    """Clips with the rows of one feature, and in fitting their answers.

    Only clips with at least one present row are ever handed to a model.

    Attributes:
        table: the feature; its arrays may be read from disk as they are asked for.
        clip_ids: which clips, in an order that does not depend on their names.
        groups: per clip, the speaker or source video (what per-speaker options go by).
        answers: per clip, the class index (int64) or the target (float64); None in prediction.
    """

    table: FeatureTable
    clip_ids: tuple[str, ...]
    groups: tuple[str, ...]
    answers: npt.NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.clip_ids)

    def arrays(self) -> Iterator[FeatureArray]:
        """Yield the rows of each clip in turn."""
        return (self.table[clip_id] for clip_id in self.clip_ids)

    def subset(self, rows: Sequence[int] | npt.NDArray[np.intp]) -> Examples:
        """Return the examples at these positions."""
        return replace(
            self,
            clip_ids=tuple(self.clip_ids[row] for row in rows),
            groups=tuple(self.groups[row] for row in rows),
            answers=None if self.answers is None else self.answers[np.asarray(rows, dtype=int)],
        )


@dataclass(frozen=True)
class Goal:
    """What a model is to predict.

    Attributes:
        task: ``classification`` or ``regression``.
        labels: the labels in class order, or the name of the one target.
        target_range: the smallest and largest target that the challenge allows, in regression.
    """

    task: Task
    labels: tuple[str, ...]
    target_range: tuple[float, float] | None = None


class Model(Protocol):
    """Scores for clips from the features of one modality.

    One that computes with torch has a method ``to(device)`` beside these
    (:class:`emotiw.core.device.OnDevice`), which is called before it learns or is asked.

    Attributes:
        Options: pydantic model of what a recipe may set.
        version: raised whenever the same input would give other scores than before.
    """

    Options: ClassVar[type[BaseModel]]
    version: ClassVar[str]

    def __init__(self, options: Any, *, spec: FeatureSpec, goal: Goal, seed: int) -> None:
        """Prepare to learn; raise ConfigError if the feature is none that this model can read."""

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        """Learn from examples with answers.

        Args:
            folder: where checkpoints go, so that a fit that is stopped can go on; None for none.
        """

    def predict(self, examples: Examples) -> npt.NDArray[np.float64]:
        """Return ``(n, n_labels)`` probabilities, or ``(n, 1)`` targets, in the given order.

        The answer for a clip is the same whichever clips are beside it.
        """

    def save(self, folder: Path) -> None:
        """Write everything that :meth:`load` needs, without pickle."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the model that :meth:`save` wrote."""
