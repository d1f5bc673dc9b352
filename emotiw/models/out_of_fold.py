"""Scores that a model gives only to clips whose group it has never seen."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.checksums import are_intact, write_checksums
from emotiw.core.clip import UNLABELLED
from emotiw.core.cohort import Cohort
from emotiw.core.cores import alone_in_one_thread
from emotiw.core.device import CPU, placed
from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.feature_table import FeatureSpec, FeatureTable
from emotiw.core.files import atomic_write
from emotiw.core.notices import heard_by, warn
from emotiw.core.score_table import Fold, Groups, ScoreTable
from emotiw.core.task import Task
from emotiw.models.model import Examples, Model, Unlabelled
from emotiw.models.stepwise.step_options import StepOptions
from emotiw.models.stepwise.step_view import StepView, steps_key
from emotiw.models.unlabelled_of_fold import JUDGED, UnlabelledOfFold

MakeModel = Callable[[], Model]
MODEL = "model"
COMPLETE = "complete"  # written last; says how long the fit took, and what it had to tell
SUMS = "sha256sums"


@dataclass(frozen=True)
class Fit:
    """One model to fit: all training groups but those of one fold, or all of them.

    Attributes:
        fold: the fold held out; None for the final model.
        training: the clips to learn from, in an order that does not depend on their names.
        scored: the clips to score.
        beside: of an inner fit, the second fold that is held out.
    """

    fold: Fold
    training: tuple[str, ...]
    scored: tuple[str, ...]
    beside: Fold = None

    @property
    def name(self) -> str:
        """``fold0``, …, ``final``, or of an inner fit ``fold0+1``."""
        if self.fold is None:
            return "final"
        return f"fold{self.fold}" if self.beside is None else f"fold{self.fold}+{self.beside}"


def is_fitted(folder: Path) -> bool:
    """Return whether a whole model is in the folder that :meth:`OutOfFold.run` was given."""
    return (folder / MODEL / COMPLETE).is_file() and are_intact(folder / MODEL / SUMS)


def is_damaged(folder: Path) -> bool:
    """Return whether there was a whole model, whose files are not as they were written."""
    return (folder / MODEL / COMPLETE).is_file() and not is_fitted(folder)


def seconds_of_fit(folder: Path) -> float | None:
    """Return how long that model took to fit; None where it was fitted before that was kept."""
    try:
        return float((folder / MODEL / COMPLETE).read_text(encoding="utf-8").split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _told_of(folder: Path) -> list[str]:
    return (folder / MODEL / COMPLETE).read_text(encoding="utf-8").splitlines()[1:]


class OutOfFold:
    """The fits that give every clip of a cohort a score it can be trusted with.

    Training clips are scored by the fold that held their group out; validation and test clips by
    the final model. Clips that don't have the feature get no score, nor do unlabelled ones.
    Byte-identical training clips count once, and no model learns from a copy of what it or the
    final model scores, whatever group the copy is in. Names and order of clips change nothing.
    Where the features themselves were learnt on the training clips, the table says of every fold
    that it has seen them all.

    Where answers are asked for step by step, fits are of whole clips all the same, and the scores
    of a fit have a row for every step of its clips.

    Args:
        cohort: the clips with their labels or targets, groups and folds; training clips without
            folds get no scores at all.
        table: one feature of them.
        task: what is predicted.
        device: where models compute that can be told, as a recipe says it.
        steps: how features meet steps, where answers are asked for step by step.
        reads_steps: whether the model reads clips step by step; see
            :meth:`~emotiw.models.model.Model.reads_steps`.
        unlabelled: the splits that are learnt from without labels, ``unlabelled`` or ``test``.
        takes_together: see :meth:`~emotiw.models.model.Model.takes_together`.
    """

    def __init__(
        self,
        cohort: Cohort,
        table: FeatureTable,
        task: Task,
        *,
        device: str = CPU,
        steps: StepOptions | None = None,
        reads_steps: bool = True,
        unlabelled: Sequence[str] = (),
        takes_together: str = "",
    ) -> None:
        self.cohort = cohort
        self.table = table
        self.task = task
        self.device = device
        self._view: StepView | None = None
        if cohort.has_steps:
            options = StepOptions() if steps is None else steps
            self._view = StepView(cohort, table, task, options, by_clip=reads_steps)
        usable = [clip for clip in cohort if clip.clip_id in table]
        by_content = sorted(usable, key=lambda clip: (clip.content, clip.clip_id))
        self._training = [clip for clip in cohort.training if clip.clip_id in table]
        self._others = [clip for clip in by_content if clip.split not in ("train", UNLABELLED)]
        self.unlabelled = UnlabelledOfFold(cohort, table.clip_ids, unlabelled)
        self._takes_together = takes_together
        if not self._training:
            raise ConfigError(
                f"no training clip has both a label or target and feature {table.spec.name!r}"
            )

    @property
    def spec(self) -> FeatureSpec:
        """What the models read."""
        return self.table.spec if self._view is None else self._view.spec

    @property
    def adapted_on(self) -> tuple[str, ...]:
        """The clips without labels that change the scores, as a score table says it."""
        asked = self._takes_together
        known = self.unlabelled.corpora.union(clip.corpus for clip in self._training)
        is_new = any(clip.corpus not in known for clip in self._others)
        is_judged = asked == "group" or (asked == "corpus" and is_new)
        return (*self.unlabelled.told, *([JUDGED] if is_judged else []))

    def rows_of(self, fit: Fit) -> Sequence[str]:
        """Return the ids of what a fit scores: of its clips, or of all steps of these."""
        return fit.scored if self._view is None else self._view.row_ids(fit.scored)

    def fold_of(self, row_id: str) -> Fold:
        """Return the fold that holds a clip out, or the clip of a step; None where none does."""
        return self.cohort.folds.get(self.cohort.rows.owners.get(row_id, row_id))

    def fits(self) -> Iterator[Fit]:
        """Yield every fit: the folds in order, then the final model."""
        final, _ = self._without()
        if not final:
            raise ConfigError("every training clip repeats a validation or test clip")
        for fold in self._numbers():
            learned, held_out = self._without(fold)
            if not learned:
                raise ConfigError(
                    f"folds: no training clip outside fold {fold} has a label or target and "
                    f"feature {self.table.spec.name!r}"
                )
            yield Fit(fold, learned, held_out)
        yield Fit(None, final, tuple(clip.clip_id for clip in self._others))

    def seen_by(self, fit: Fit) -> Groups | None:
        """Return the groups behind a fit: of its clips, and of what its features were learnt on.

        Clips that it learns from without their labels are among them.
        None where nobody knows what these were learnt on.
        """
        groups = self.cohort.groups
        if self.table.trained_on == "other data":
            unlabelled = self.unlabelled.clip_ids(fit.fold, fit.beside)
            return frozenset(groups[clip_id] for clip_id in (*fit.training, *unlabelled))
        if self.table.trained_on == "unknown":
            return None
        return frozenset(groups[clip.clip_id] for clip in self.cohort.select("train"))

    def inner_fits(self) -> Iterator[Fit]:
        """Yield a fit for every pair of folds, which holds out both and scores the clips of both.

        What the fusion of fold 0 is fitted on are then scores of fold 1 by the model without 0 and
        1, of fold 2 by the one without 0 and 2, and so on; the fusion of fold 1 shares the first.
        Pairs that leave nothing to learn from, or one label alone, are left out.
        """
        for fold, beside in itertools.combinations(self._numbers(), 2):
            learned, held_out = self._without(fold, beside)
            known = {self.cohort[clip_id].truth for clip_id in learned}
            if len(known) > 1:
                yield Fit(fold, learned, held_out, beside)

    def outer_fits_on_others(self) -> Iterator[Fit]:
        """Yield the fit of every fold once more, for the clips that are not of training."""
        others = tuple(clip.clip_id for clip in self._others if clip.split != "test")
        yield from (Fit(f.fold, f.training, others) for f in self.fits() if f.fold is not None)

    def examples(self, clip_ids: Sequence[str], *, with_targets: bool) -> Examples:
        """Return these clips as a model wants them, without those steps that lack the feature."""
        if self._view is not None:
            return self._view.examples(clip_ids, with_targets=with_targets)
        targets = None
        if with_targets:
            known = {c: t for c in clip_ids if (t := self.cohort[c].truth) is not None}
            targets = self.task.encode(known)
        groups = tuple(self.cohort.groups[clip_id] for clip_id in clip_ids)
        corpora = tuple(self.cohort[clip_id].corpus for clip_id in clip_ids)
        return Examples(self.table, tuple(clip_ids), groups, targets, corpora)

    def training_of(self, fit: Fit) -> Examples:
        """Return what a fit learns from: its clips, and those without labels that it may see."""
        examples, folds = self.examples(fit.training, with_targets=True), (fit.fold, fit.beside)
        clip_ids = self.unlabelled.clip_ids(*folds)
        if not clip_ids:
            return examples
        clips = self.examples(clip_ids, with_targets=False)
        return replace(examples, unlabelled=Unlabelled(clips, self.unlabelled.hidden(*folds)))

    def run(self, fit: Fit, make_model: MakeModel, folder: Path) -> npt.NDArray[np.float64]:
        """Fit one model, save it in ``folder``, and return the scores of its :meth:`rows_of`."""
        return self.score(fit, self.fitted(fit, make_model, folder))

    def fitted(self, fit: Fit, make_model: MakeModel, folder: Path) -> Model:
        """Fit one model and save it in ``folder``; one that is already there is loaded instead."""
        done = folder / MODEL
        if not is_fitted(folder):
            with alone_in_one_thread():
                return self._fit(fit, make_model, folder)
        for line in _told_of(folder):
            warn(line)
        return placed(type(make_model()).load(done), self.device)

    def _fit(self, fit: Fit, make_model: MakeModel, folder: Path) -> Model:
        done = folder / MODEL
        shutil.rmtree(done, ignore_errors=True)
        checkpoint, start = folder / "checkpoint", perf_counter()
        examples = self.training_of(fit)
        if not len(examples):
            raise ConfigError(
                f"{fit.name}: no step of a training clip has both an answer and feature "
                f"{self.table.spec.name!r}: look at their times"
            )
        model = placed(make_model(), self.device)
        told: list[str] = []
        with heard_by(told.append):
            try:
                model.fit(examples, folder=checkpoint)
            except WeightsError:
                if not checkpoint.is_dir():
                    raise
                shutil.rmtree(checkpoint)  # damaged: it is begun anew
                model = placed(make_model(), self.device)
                model.fit(examples, folder=checkpoint)
        for line in told:
            warn(line)
        model.save(done)
        write_checksums(done / SUMS, [path for path in done.rglob("*") if path.is_file()])
        lines = [f"{perf_counter() - start:.3f} seconds", *dict.fromkeys(told)]
        atomic_write(done / COMPLETE, "".join(f"{line}\n" for line in lines).encode())
        return model

    def score(self, fit: Fit, model: Model) -> npt.NDArray[np.float64]:
        """Return the scores of :meth:`rows_of` the fit."""
        if not fit.scored:
            return np.zeros((0, len(self.task.labels)))
        examples = self.examples(fit.scored, with_targets=False)
        with alone_in_one_thread():
            scores = model.predict(examples)
        return scores if self._view is None else self._view.on_rows(fit.scored, examples, scores)

    def table_of(self, name: str, scores: Mapping[Fold, npt.NDArray[np.float64]]) -> ScoreTable:
        """Return the score table of a model from the scores of its fits.

        Every clip has a row, or every step.
        """
        fits = {fit.fold: fit for fit in self.fits()}
        found = {
            row_id: (fold, row)
            for fold, fit in fits.items()
            for row_id, row in zip(self.rows_of(fit), scores[fold], strict=True)
        }
        nothing = np.full(len(self.task.labels), np.nan)
        for row_id in self.cohort.rows.clip_ids:
            found.setdefault(row_id, (self.fold_of(row_id), nothing))
        seen = {fold: s for fold, fit in fits.items() if (s := self.seen_by(fit)) is not None}
        return self.table_from(name, found, seen)

    def table_from(
        self,
        name: str,
        found: Mapping[str, tuple[Fold, npt.NDArray[np.float64]]],
        seen: Mapping[Fold, Groups],
    ) -> ScoreTable:
        """Return the table of rows by id, each with the fold of the model that scored it."""
        rows = self.cohort.rows
        clip_ids = tuple(row_id for row_id in rows.clip_ids if row_id in found)
        scores = np.array([found[row_id][1] for row_id in clip_ids], dtype=np.float64)
        return ScoreTable(
            name=name,
            task=self.task,
            clip_ids=clip_ids,
            scores=scores.reshape(len(clip_ids), len(self.task.labels)),
            split=tuple(rows[row_id].split for row_id in clip_ids),
            fold=tuple(found[row_id][0] for row_id in clip_ids),
            seen_groups=seen,
            owners=tuple(rows.owners[row_id] for row_id in clip_ids) if rows.owners else (),
            time_sec=np.array([rows.times[r] for r in clip_ids]) if rows.owners else None,
            adapted_on=self.adapted_on,
        )

    def _numbers(self) -> list[int]:
        fold_of = self.cohort.folds
        ids = (clip.clip_id for clip in self._training)
        return sorted({fold_of[clip_id] for clip_id in ids if clip_id in fold_of})

    def _without(self, *folds: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the training clips of other folds, none a copy of what is scored, and these."""
        fold_of = self.cohort.folds
        training = [clip.clip_id for clip in self._training]
        held_out = tuple(clip_id for clip_id in training if fold_of.get(clip_id) in folds)
        others = (clip.clip_id for clip in self._others)
        hidden = {self._content(clip_id) for clip_id in (*held_out, *others)}
        learned = [
            clip_id
            for clip_id in training
            if fold_of.get(clip_id) not in folds and self._content(clip_id) not in hidden
        ]
        return self._once(learned), held_out

    def _content(self, clip_id: str) -> str:
        return self.cohort[clip_id].content or clip_id

    def _once(self, clip_ids: Sequence[str]) -> tuple[str, ...]:
        first: dict[tuple[Any, ...], str] = {}
        for clip_id in clip_ids:
            told = steps_key(self.cohort, clip_id)
            first.setdefault((self._content(clip_id), self.cohort[clip_id].truth, told), clip_id)
        return tuple(first.values())
