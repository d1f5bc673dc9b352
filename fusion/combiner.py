"""What every fusion rule promises: a clip's fused scores follow from that clip's scores alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from emotiw.core.part import Part
from emotiw.core.task import Task

if TYPE_CHECKING:
    from fusion.aligned import Scores
    from fusion.training_rows import TrainingRows

ANY = frozenset({"classification", "regression"})


@dataclass(frozen=True)
class Setting:
    """What a combiner is told before it is fitted.

    Attributes:
        names: the modalities, in the order of the scores' second axis.
        task: what is asked.
        method: as in the options, like all but the seed.
        seed: of everything random.
    """

    names: tuple[str, ...]
    task: Task
    method: str
    pool: str = "arithmetic"
    weights: Mapping[str, float] | None = None
    metric: str = "accuracy"
    candidates: tuple[str, ...] = ()
    seed: int = 0

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in class order, or the name of the target."""
        return self.task.labels


class Combiner(Part):
    """Fuses ``(n, n_modalities, n_labels)`` scores into ``(n, n_labels)``.

    Attributes:
        tasks: the kinds of task that it suits.
    """

    tasks: ClassVar[frozenset[str]] = frozenset({"classification"})

    def __init__(self, setting: Setting) -> None:
        """Prepare; raise ConfigError where the setting makes no sense."""
        self.setting = setting

    def fit(self, rows: TrainingRows) -> Self:
        """Learn from calibrated scores whose models have not seen the clips; nothing, here."""
        return self

    def combine(self, scores: Scores) -> Scores:
        """Return fused scores; a row's result depends on that row alone."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Return what was learnt, as plain numbers and lists; nothing, here.

        Under ``estimators`` it may hold fitted scikit-learn estimators, which go to a file of
        their own.
        """
        return {}

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over what :meth:`to_dict` returned."""
        return self
