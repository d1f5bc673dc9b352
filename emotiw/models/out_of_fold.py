"""Scores that a model gives only to clips whose group it has never seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt

from emotiw.core.device import CPU, placed
from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureTable
from emotiw.core.files import atomic_write
from emotiw.core.manifest import Clip, Manifest
from emotiw.core.score_table import Fold, ScoreTable
from emotiw.models.model import Examples, Goal, Model

MakeModel = Callable[[], Model]
MODEL = "model"
COMPLETE = "complete"  # written last; says how long the fit took


@dataclass(frozen=True)
class Fit:
    """One model to fit: all training groups but those of one fold, or all of them.

    Attributes:
        fold: the fold held out; None for the final model.
        training: the clips to learn from, in an order that does not depend on their names.
        scored: the clips to score.
    """

    fold: Fold
    training: tuple[str, ...]
    scored: tuple[str, ...]

    @property
    def name(self) -> str:
        """``fold0``, …, or ``final``."""
        return "final" if self.fold is None else f"fold{self.fold}"


def is_fitted(folder: Path) -> bool:
    """Return whether a whole model is in the folder that :meth:`OutOfFold.run` was given."""
    return (folder / MODEL / COMPLETE).is_file()


def seconds_of_fit(folder: Path) -> float | None:
    """Return how long that model took to fit; None where it was fitted before that was kept."""
    try:
        return float((folder / MODEL / COMPLETE).read_text(encoding="utf-8").split()[0])
    except (OSError, ValueError, IndexError):
        return None


class OutOfFold:
    """The fits that give every clip of a manifest a score it can be trusted with.

    Training clips are scored by the fold that held their group out; validation and test clips by
    the final model. Clips that lack the feature get no score. Byte-identical
    training clips count once, and no model learns from a copy of what it scores, whatever group
    the copy is in. Names and order of clips change nothing.

    Args:
        manifest: the clips with their answers.
        table: one feature of them.
        fingerprints: per clip, the sha256 of its bytes.
        folds: per training clip, the fold that holds it out; empty for no cross-validation,
            and then training clips get no scores at all.
        goal: what is predicted.
        device: where models compute that can be told, as a recipe says it.
    """

    def __init__(
        self,
        manifest: Manifest,
        table: FeatureTable,
        *,
        fingerprints: Mapping[str, str],
        folds: Mapping[str, int],
        goal: Goal,
        device: str = CPU,
    ) -> None:
        self.table = table
        self.device = device
        self.goal = goal
        self.folds = dict(folds)
        self.groups = manifest.groups_or_contents(fingerprints)
        self._clips = {clip.clip_id: clip for clip in manifest}
        self._fingerprints = fingerprints
        usable = [clip for clip in manifest if clip.clip_id in table]
        by_content = sorted(usable, key=lambda clip: (fingerprints[clip.clip_id], clip.clip_id))
        self._training = [
            c for c in by_content if c.split == "train" and self._answer(c) is not None
        ]
        self._others = [clip for clip in by_content if clip.split != "train"]
        if not self._training:
            raise ConfigError(
                f"no training clip has both an answer and feature {table.spec.name!r}"
            )

    def fits(self) -> Iterator[Fit]:
        """Yield every fit: the folds in order, then the final model."""
        training = [clip.clip_id for clip in self._training]
        for fold in sorted({self.folds[clip_id] for clip_id in training if clip_id in self.folds}):
            held_out = tuple(clip_id for clip_id in training if self.folds.get(clip_id) == fold)
            hidden = {self._fingerprints[clip_id] for clip_id in held_out}
            learned = [
                clip_id
                for clip_id in training
                if self.folds.get(clip_id) != fold and self._fingerprints[clip_id] not in hidden
            ]
            if not learned:
                raise ConfigError(
                    f"folds: no training clip outside fold {fold} has an answer and feature "
                    f"{self.table.spec.name!r}"
                )
            yield Fit(fold, self._once(learned), held_out)
        yield Fit(None, self._once(training), tuple(clip.clip_id for clip in self._others))

    def examples(self, clip_ids: Sequence[str], *, with_answers: bool) -> Examples:
        """Return these clips as a model wants them."""
        answers: npt.NDArray[np.int64] | npt.NDArray[np.float64] | None = None
        if with_answers and self.goal.task == "classification":
            code = {label: index for index, label in enumerate(self.goal.labels)}
            labels = [str(self._clips[clip_id].label) for clip_id in clip_ids]
            answers = np.array([code[label] for label in labels], dtype=np.int64)
        elif with_answers:
            targets = [self._clips[clip_id].target for clip_id in clip_ids]
            answers = np.array(targets, dtype=np.float64)
        groups = tuple(self.groups[clip_id] for clip_id in clip_ids)
        return Examples(self.table, tuple(clip_ids), groups, answers)

    def run(self, fit: Fit, make_model: MakeModel, folder: Path) -> npt.NDArray[np.float64]:
        """Fit one model, save it in ``folder``, and return the scores of ``fit.scored``."""
        return self.score(fit, self.fitted(fit, make_model, folder))

    def fitted(self, fit: Fit, make_model: MakeModel, folder: Path) -> Model:
        """Fit one model and save it in ``folder``; one that is already there is loaded instead."""
        model = make_model()
        done = folder / MODEL
        if is_fitted(folder):
            model = placed(type(model).load(done), self.device)
        else:
            placed(model, self.device)
            start = perf_counter()
            model.fit(self.examples(fit.training, with_answers=True), folder=folder / "checkpoint")
            model.save(done)
            atomic_write(done / COMPLETE, f"{perf_counter() - start:.3f} seconds\n".encode())
        return model

    def score(self, fit: Fit, model: Model) -> npt.NDArray[np.float64]:
        """Return the scores of ``fit.scored``."""
        if not fit.scored:
            return np.zeros((0, len(self.goal.labels)))
        return model.predict(self.examples(fit.scored, with_answers=False))

    def table_of(self, name: str, scores: Mapping[Fold, npt.NDArray[np.float64]]) -> ScoreTable:
        """Return the score table of a model from the scores of its fits, every clip with a row."""
        fits = {fit.fold: fit for fit in self.fits()}
        row_of = {
            clip_id: (fold, scores[fold][row])
            for fold, fit in fits.items()
            for row, clip_id in enumerate(fit.scored)
        }
        nothing = np.full(len(self.goal.labels), np.nan)
        clip_ids = tuple(self._clips)
        rows = [row_of.get(clip_id, (self._fold_of(clip_id), nothing)) for clip_id in clip_ids]
        return ScoreTable(
            name=name,
            labels=self.goal.labels,
            clip_ids=clip_ids,
            scores=np.array([row for _, row in rows]).reshape(len(rows), len(self.goal.labels)),
            split=tuple(self._clips[clip_id].split for clip_id in clip_ids),
            fold=tuple(fold for fold, _ in rows),
            seen_groups={
                fold: frozenset(self.groups[clip_id] for clip_id in fit.training)
                for fold, fit in fits.items()
            },
            task=self.goal.task,
        )

    def _fold_of(self, clip_id: str) -> Fold:
        return self.folds.get(clip_id) if self._clips[clip_id].split == "train" else None

    def _once(self, clip_ids: Sequence[str]) -> tuple[str, ...]:
        first: dict[tuple[str, str | float | None], str] = {}
        for clip_id in clip_ids:
            answer = self._answer(self._clips[clip_id])
            first.setdefault((self._fingerprints[clip_id], answer), clip_id)
        return tuple(first.values())

    def _answer(self, clip: Clip) -> str | float | None:
        return clip.label if self.goal.task == "classification" else clip.target
