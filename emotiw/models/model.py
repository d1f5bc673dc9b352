"""What every model is asked to do, whatever it is inside."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError, LeakageError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.part import Part, full_version
from emotiw.core.renames import checked
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Task
from emotiw.models.model_card import Card

if TYPE_CHECKING:
    from torch import Tensor

Joins = Literal["early", "joint"]
EVERY_KIND = ("classification", "regression", "presence", "several")


@dataclass(frozen=True)
class Examples:
    """Clips with the rows of one feature, or of several, and in fitting their targets.

    Only clips with at least one present row are ever handed to a model.

    Attributes:
        table: the feature; its arrays may be read from disk as they are asked for.
        clip_ids: which clips, in an order that does not depend on their names.
        groups: per clip, the speaker or source video (what per-speaker options go by).
        targets: per clip, the class index (int64), the target (float64) or ``(n_answers,)`` several
            answers (float64, NaN where unknown); None in prediction.
        corpora: per clip, which of several corpora it comes from; nothing where none is told.
        unlabelled: clips without labels to learn from, where the recipe has some for a model that
            :meth:`~Model.reads_unlabelled`; a part of the examples has all of them.
        n_steps: per clip, how many steps it is asked about, where the answers are those of steps:
            its rows are its steps then, and the targets ``(n, n_answers)`` of all steps of all
            clips one after the other. Nothing where a clip has one answer.
    """

    table: FeatureTable
    clip_ids: tuple[str, ...]
    groups: tuple[str, ...]
    targets: npt.NDArray[Any] | None = None
    corpora: tuple[str, ...] = ()
    n_steps: tuple[int, ...] = ()
    unlabelled: Unlabelled | None = None

    def __len__(self) -> int:
        return len(self.clip_ids)

    def arrays(self) -> Iterator[FeatureArray]:
        """Yield the rows of each clip in turn."""
        return (self.table[clip_id] for clip_id in self.clip_ids)

    def target_tensor(self) -> Tensor:
        """Return the targets as a loss wants them; zeros, which nobody looks at, in prediction."""
        import torch

        return torch.from_numpy(np.zeros(len(self)) if self.targets is None else self.targets)

    def subset(self, rows: Sequence[int] | npt.NDArray[np.intp]) -> Examples:
        """Return the examples at these positions."""
        return replace(
            self,
            clip_ids=tuple(self.clip_ids[row] for row in rows),
            groups=tuple(self.groups[row] for row in rows),
            targets=None if self.targets is None else self.targets[self.target_rows(rows)],
            corpora=tuple(self.corpora[row] for row in rows) if self.corpora else (),
            n_steps=tuple(self.n_steps[row] for row in rows) if self.n_steps else (),
        )

    def target_rows(self, rows: Sequence[int] | npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Return which of the targets, or of the scores, belong to the examples at these positions.

        Examples:
            >>> table = FeatureTable(FeatureSpec("toy", (1,), "frame"), {})
            >>> Examples(table, ("a", "b"), ("", ""), n_steps=(2, 3)).target_rows([1, 0]).tolist()
            [2, 3, 4, 0, 1]
        """
        if not self.n_steps:
            return np.asarray(rows, dtype=int)
        ends = np.cumsum(self.n_steps)
        parts = [np.arange(ends[row] - self.n_steps[row], ends[row]) for row in rows]
        return np.concatenate([np.zeros(0, dtype=int), *parts])


@dataclass(frozen=True)
class Unlabelled:
    """Clips without labels, of groups that the model which learns from them is not judged on.

    A guessed label is as good as whoever guessed it: one who was trained on a held-out speaker
    carries that speaker's labels into the model that is judged on them. So guesses know what those
    who made them were trained on.

    Attributes:
        clips: their rows; they have no targets.
        held_out: the groups that the model is judged on.
        guesses: ``(n,)`` class indices that somebody guessed (pseudo-labels); None for none.
        weights: ``(n,)``, how much each guess counts beside a label, 0 for not at all.
        taught_by: the groups that those who guessed were trained on.

    Raises:
        LeakageError: if a clip, or who guessed its label, is of a held-out group or has seen one.

    Examples:
        >>> from emotiw.core.feature_table import FeatureSpec, FeatureTable
        >>> clips = Examples(FeatureTable(FeatureSpec("toy", (1,), "clip"), {}), ("a",), ("ann",))
        >>> known = Unlabelled(clips, held_out=frozenset({"bob"}))
        >>> known.guessed(np.array([1]), np.array([0.5]), taught_by={"ann", "bob"})
        Traceback (most recent call last):
        emotiw.core.errors.LeakageError: pseudo-labels were guessed by models that were trained on \
1 groups that the model which learns from them is judged on, e.g. 'bob'
    """

    clips: Examples
    held_out: frozenset[str] = frozenset()
    guesses: npt.NDArray[np.intp] | None = None
    weights: npt.NDArray[np.float64] | None = None
    taught_by: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for groups, what in (
            (self.clips.groups, "unlabelled clips are of"),
            (self.taught_by, "pseudo-labels were guessed by models that were trained on"),
        ):
            leaked = self.held_out.intersection(groups)
            if leaked:
                raise LeakageError(
                    f"{what} {len(leaked)} groups that the model which learns from them is judged "
                    f"on, e.g. {min(leaked)!r}"
                )

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def learnt(self) -> npt.NDArray[np.intp]:
        """The positions of the clips whose guess is learnt from."""
        return np.zeros(0, dtype=int) if self.weights is None else np.flatnonzero(self.weights)

    def holding_out(self, groups: Collection[str]) -> Unlabelled:
        """Return the clips that may be learnt from where these groups are held out, too.

        Guesses are left behind: whoever made them may have seen these groups.
        """
        hidden = self.held_out.union(groups)
        rows = [row for row, group in enumerate(self.clips.groups) if group not in hidden]
        return Unlabelled(self.clips.subset(rows), hidden)

    def guessed(
        self,
        guesses: npt.NDArray[np.intp],
        weights: npt.NDArray[np.float64],
        *,
        taught_by: Collection[str],
    ) -> Unlabelled:
        """Return the same clips with labels that models guessed which were trained on some groups.

        Args:
            guesses: ``(n,)`` class indices.
            weights: ``(n,)``; 0 for clips whose guess is not learnt from.
            taught_by: the groups that these models were trained on.
        """
        return replace(self, guesses=guesses, weights=weights, taught_by=frozenset(taught_by))


class Model(Part):
    """Scores for clips from the features of one modality, or of several.

    One that computes with torch has a method ``to(device)`` beside these
    (:class:`emotiw.core.device.OnDevice`), which is called before it learns or is asked.

    Attributes:
        is_fitted_here: False for one whose scores are there already; it reads no feature.
        task_kinds: what it can be asked; one that can do all of them says :data:`EVERY_KIND`.

    Args:
        options: checked ``Options``.
        spec: of the feature; ConfigError if it is none that this model can read.
        task: what is asked.
        seed: of everything random.
    """

    is_fitted_here: ClassVar[bool] = True
    task_kinds: ClassVar[tuple[str, ...]] = ("classification", "regression")

    def __init__(self, options: Any, *, spec: FeatureSpec, task: Task, seed: int) -> None:
        # a class of the user's own may load itself without asking anything
        if task is not None and task.kind not in self.task_kinds:
            raise ConfigError(
                f"{type(self).__name__} answers with one label or one number; it can't be asked "
                f"for {', '.join(task.labels)} ({task.kind})"
            )
        self.options = options
        self.spec = spec
        self.task = task
        self.seed = seed

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        """Learn from examples with targets.

        Args:
            folder: where checkpoints go, so that a fit that is stopped can go on; None for none.
        """
        raise NotImplementedError

    def predict(self, examples: Examples) -> npt.NDArray[np.float64]:
        """Return ``(n, n_labels)`` probabilities, or ``(n, 1)`` targets, in the given order.

        The answer for a clip is the same whichever clips are beside it. Of clips with steps there
        is a row per step, of NaN where the step's row is not present.
        """
        raise NotImplementedError

    @classmethod
    def reads_steps(cls, options: Any) -> bool:
        """Return whether it reads a clip step by step, and answers every step of it.

        One that doesn't is shown the window around each step as if that were a clip.
        """
        return False

    @classmethod
    def reads_unlabelled(cls, options: Any) -> bool:
        """Return whether it learns from clips without labels, as its options stand."""
        return False

    @classmethod
    def learns_guesses(cls, options: Any) -> bool:
        """Return whether it learns from what others guessed of unlabelled clips."""
        return False

    @classmethod
    def takes_together(cls, options: Any) -> Literal["", "group", "corpus"]:
        """Return which of the clips that are judged together change what is said of each other.

        Clips of one ``group``, or those of one ``corpus`` of which it has learnt from no clip.
        """
        return ""

    @classmethod
    def joins(cls, options: Any) -> Joins | None:
        """Return where it joins several features; None of a model that reads one.

        ``early`` is before anything is learnt, ``joint`` within a network. Such a model is shown
        clips by :mod:`emotiw.core.joined_features`, and scores one that has any of the features.
        """
        return None

    @classmethod
    def ready_scores(cls, name: str, options: Any, cohort: Cohort, root: Path) -> ScoreTable:
        """Return scores that are there already, where nothing is fitted here."""
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        """Write a readable card; a kind of model adds what it has learnt, without pickle."""
        version = full_version(type(self), self.options)
        options = self.options.model_dump(mode="json")
        Card(options, self.spec, self.task, self.seed, version).write(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return a model as the card says; a kind of model adds what it has learnt.

        Raises:
            ConfigError: if there is no readable card, or one of another version or options.
        """
        card = Card.read(folder)
        try:
            options = checked(cls.Options, card.options)
        except ValidationError as error:
            raise ConfigError(f"{folder}: can't be loaded: {error}") from error
        version = full_version(cls, options)
        if card.version != version:
            raise ConfigError(
                f"{folder}: written by version {card.version} of this model, this is {version}"
            )
        return cls(options, spec=card.spec, task=card.task, seed=card.seed)
