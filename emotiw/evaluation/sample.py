"""The clips that scores are judged on: who they are, what is true of them, who they come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError, TableError, suggest
from emotiw.core.score_table import Provenance, ScoreTable
from emotiw.core.task import Decisions, Task
from emotiw.evaluation.group_sums import sums_of
from emotiw.evaluation.metric import Metric

JudgedOn = Literal["auto", "val", "train", "both", "test"]
SPLITS: dict[str, tuple[str, ...]] = {
    "val": ("val",),
    "train": ("train",),
    "both": ("train", "val"),
    "test": ("test",),
}
EVERY = ("train", "val", "test")
TITLES = {"train": "train, out of fold", "both": "train, out of fold, and val"}
NOT_HELD_OUT = {"seen": "in sample", "unknown": "by models of unknown training"}
Codes = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Sample:
    """Clips with a known label or target, in the order of their ids.

    Attributes:
        cohort: that they are from.
        task: what was asked.
        split: ``train`` (judged out of fold), ``val``, ``both`` or ``test``.
        clip_ids: of the clips.
        y_true: ``(n,)`` class indices or targets.
        groups: ``(n,)`` group of each as a number.
    """

    cohort: Cohort
    task: Task
    split: str
    clip_ids: tuple[str, ...]
    y_true: Decisions
    groups: Codes

    def __len__(self) -> int:
        return len(self.clip_ids)

    @property
    def n_groups(self) -> int:
        """How many groups the clips come from."""
        return int(self.groups.max(initial=-1)) + 1

    @property
    def sizes(self) -> npt.NDArray[np.float64]:
        """``(n_groups,)`` clips of each group."""
        return np.bincount(self.groups).astype(np.float64)

    @cached_property
    def folds(self) -> Codes:
        """``(n,)`` fold that holds each clip out; -1 for none."""
        fold_of = self.cohort.folds
        return np.array([fold_of.get(c, -1) for c in self.clip_ids], dtype=np.intp)

    @cached_property
    def clips(self) -> Codes:
        """``(n,)``: the clip that each row is of, as a number: the row itself but for steps."""
        owners = self.cohort.owners
        names = [owners.get(clip_id, clip_id) for clip_id in self.clip_ids]
        return np.unique(names, return_inverse=True)[1].astype(np.intp)

    @cached_property
    def is_original(self) -> npt.NDArray[np.bool_]:
        """``(n,)``: False for a clip that only repeats another one here."""
        names = [self.cohort.originals[clip_id] for clip_id in self.clip_ids]
        first = np.unique(names, return_index=True)[1]
        return np.isin(np.arange(len(self)), first)

    def scores(self, table: ScoreTable, of: Provenance | None = None) -> npt.NDArray[np.float64]:
        """Return ``(n, n_labels)`` scores of a table, NaN where it has none that count.

        Args:
            table: the scores.
            of: take scores of this provenance alone. By default those of training clips that are
                held out; and of other clips also those of models of which nothing is known.

        Raises:
            TableError: if the labels are others, or clips are in other splits.
        """
        table.require_splits(self.cohort.splits)
        if table.labels != self.task.labels:
            expected = self.task.labels
            raise TableError(f"{table.name!r} has labels {table.labels}, expected {expected}")
        scores, own = table.aligned_to(self.clip_ids), self.provenance(table)
        if of is None:
            is_taken = (own == "held out") | ((own == "unknown") & ~self.are_training)
        else:
            is_taken = own == of
        scores[~is_taken] = np.nan
        return scores

    def predictions(self, table: ScoreTable, of: Provenance | None = None) -> Decisions:
        """Return ``(n,)`` predictions of a table; what stands for none where it has no scores.

        Those of :meth:`scores`, which says which count.
        """
        return self.task.decide(self.scores(table, of))

    @cached_property
    def are_training(self) -> npt.NDArray[np.bool_]:
        """``(n,)``: which are training clips."""
        split_of = self.cohort.splits
        return np.array([split_of[clip_id] == "train" for clip_id in self.clip_ids], dtype=bool)

    def provenance(self, table: ScoreTable) -> npt.NDArray[np.object_]:
        """Return ``(n,)`` what the model of each clip's scores knows of it; None without any."""
        found = np.full(len(self), None, dtype=object)
        rows = table.rows_of(self.clip_ids)
        there = np.flatnonzero(rows >= 0)
        there = there[table.present[rows[there]]]
        if not len(there):
            return found
        # clips of one model, group and split are alike
        code = table.models[1][rows[there]] * self.n_groups + self.groups[there]
        code = 2 * code + self.are_training[there]
        _, first, which = np.unique(code, return_index=True, return_inverse=True)
        told: list[Provenance] = []
        for place in there[first].tolist():
            clip_id = self.clip_ids[place]
            about = self.cohort[clip_id], self.cohort.groups[clip_id]
            told.append(table.provenance_of(table.fold[rows[place]], *about))
        found[there] = np.array(told, dtype=object)[which]
        return found

    def held_out(self, table: ScoreTable) -> Decisions:
        """Return the predictions of a table that has some; ConfigError if it has none."""
        decisions = self.predictions(table)
        if not self.task.is_decided(decisions).any():
            raise ConfigError(_nothing_held_out(table, self.split))
        return decisions

    def subset(self, rows: npt.NDArray[np.bool_]) -> Sample:
        """Return some of the clips."""
        return replace(
            self,
            clip_ids=tuple(np.array(self.clip_ids, dtype=object)[rows].tolist()),
            y_true=self.y_true[rows],
            groups=np.unique(self.groups[rows], return_inverse=True)[1].astype(np.intp),
        )

    def judged(self, *decisions: Decisions) -> npt.NDArray[np.bool_]:
        """Return ``(n,)``: which clips count.

        A label that is missing is wrong; a number that is missing can't be compared.
        """
        if self.task.counts_missing:
            return np.ones(len(self), dtype=bool)
        return np.asarray(np.all([self.task.is_decided(each) for each in decisions], axis=0))

    def parts(self, metric: Metric, decisions: Decisions) -> npt.NDArray[np.float64]:
        """Return what adds up to a metric, per group of the clips."""
        n_labels = len(self.task.labels)
        if metric.within is None:
            assert metric.parts is not None
            return np.asarray(metric.parts(self.y_true, decisions, self.groups, n_labels))
        assert metric.within.parts is not None
        assert metric.within.of_sums is not None
        of_clips = metric.within.parts(self.y_true, decisions, self.clips, n_labels)
        values = metric.within.of_sums(of_clips)
        first = np.unique(self.clips, return_index=True)[1]
        known, groups = np.isfinite(values), self.groups[first]
        return sums_of(groups, np.where(known, values, 0.0), known)

    def value(self, metric: Metric, decisions: Decisions) -> float:
        """Return the metric of predictions of all these clips; NaN where it is undefined."""
        if metric.within is None or metric.of_sums is None:
            return metric.value(self.y_true, decisions, len(self.task.labels))
        return float(metric.of_sums(self.parts(metric, decisions).sum(axis=0)))


@lru_cache(maxsize=16)
def sample_of(cohort: Cohort, task: Task, split: str) -> Sample:
    """Return the clips of a split with a known label or target.

    Raises:
        ConfigError: if the split is unknown, or none of its clips has one.
    """
    if split not in SPLITS:
        names = ("auto", *SPLITS)
        hint = suggest(split, names)
        raise ConfigError(f"unknown split {split!r}{hint} (known: {', '.join(names)})")
    known = cohort.answer_key()
    ids = [c.clip_id for c in cohort if c.split in SPLITS[split] and c.clip_id in known]
    if not ids:
        raise ConfigError(f"no {split} clip has a label or target: there is nothing to judge on")
    groups = np.unique([cohort.groups[clip_id] for clip_id in ids], return_inverse=True)[1]
    y_true = task.encode({clip_id: known[clip_id] for clip_id in ids}, "labels of the cohort")
    return Sample(cohort, task, split, tuple(ids), y_true, groups.astype(np.intp))


def held_out(
    table: ScoreTable, cohort: Cohort, splits: Sequence[str] = EVERY
) -> Iterator[tuple[Sample, Decisions]]:
    """Yield samples and the table's predictions of them, as far as it has held-out scores there."""
    known = cohort.answer_key()
    for split in splits:
        if any(clip.split in SPLITS[split] and clip.clip_id in known for clip in cohort):
            sample = sample_of(cohort, table.task, split)
            decisions = sample.predictions(table)
            if table.task.is_decided(decisions).any():
                yield sample, decisions


def not_held_out(
    table: ScoreTable, cohort: Cohort
) -> Iterator[tuple[Sample, Decisions, Provenance]]:
    """Yield the training clips that a table has other scores of, apart by what these are."""
    known = cohort.answer_key()
    if not any(clip.split == "train" and clip.clip_id in known for clip in cohort):
        return
    sample = sample_of(cohort, table.task, "train")
    kinds: tuple[Provenance, ...] = ("seen", "unknown")
    for kind in kinds:
        decisions = sample.predictions(table, kind)
        rows = table.task.is_decided(decisions)
        if rows.any():
            yield sample.subset(rows), decisions[rows], kind


def adapted_words(adapted_on: Sequence[str]) -> str:
    """Return what follows the clips of a figure whose models were fitted to others' clips."""
    return f", adapted on {' and '.join(adapted_on)}" if adapted_on else ""


def judged_on(
    split: str, provenance: Provenance = "held out", adapted_on: Sequence[str] = ()
) -> str:
    """Return the clips of a figure as every text calls them.

    Examples:
        >>> judged_on("train"), judged_on("train", "seen"), judged_on("val", "unknown")
        ('train, out of fold', 'train, in sample', 'val, by models of unknown training')
        >>> judged_on("test", adapted_on=["the unlabelled test clips"])
        'test, adapted on the unlabelled test clips'
    """
    told = adapted_words(adapted_on)
    if provenance == "held out":
        return TITLES.get(split, split) + told
    return f"{split}, {NOT_HELD_OUT[provenance]}{told}"


def chosen_sample(
    table: ScoreTable, cohort: Cohort, split: str = "auto"
) -> tuple[Sample, Decisions]:
    """Return what a table is judged on, and its predictions of that.

    By default these are validation clips, or training clips where it has none. Test clips are
    judged only where they are asked for: a table that one chooses from would use them up.

    Raises:
        ConfigError: if the table has no held-out scores there.
    """
    if split != "auto":
        sample = sample_of(cohort, table.task, split)
        return sample, sample.held_out(table)
    for found in held_out(table, cohort, ("val", "train")):
        return found
    raise ConfigError(_nothing_held_out(table, "val or train"))


def _nothing_held_out(table: ScoreTable, splits: str) -> str:
    return (
        f"{table.name!r}: no {splits} clip with a label or target has scores of a model that has "
        "not seen its group"
    )
