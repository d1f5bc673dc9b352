"""The rows that fusion may be fitted on, and the refusal of all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from emotiw.core.cohort import Cohort
from emotiw.core.errors import TableError
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Decisions, Task
from fusion.aligned import AlignedScores, Scores, content_order
from fusion.single_answers import Answer
from fusion.traces import Traces

MIN_CLIPS = 2


@dataclass(frozen=True)
class TrainingRows:
    """Clips with scores and labels or targets, in an order of content, not of names.

    Attributes:
        names: the modalities.
        task: what is asked.
        clip_ids: one per row.
        scores: ``(n, n_modalities, n_labels)``; NaN where a modality is missing.
        targets: ``(n,)`` class indices (intp) or targets (float64); of several answers
            ``(n, n_answers)``, NaN where one is not known.
        groups: ``(n,)`` group of each row as a number, counted in the order of first appearance.
        group_names: the group that each number stands for.
        steps: which rows are of one clip, and when; None where rows are whole clips.
        joined: ``(n,)`` :attr:`units` of the rows; None where no two groups share a clip.
    """

    names: tuple[str, ...]
    task: Task
    clip_ids: tuple[str, ...]
    scores: Scores
    targets: Decisions
    groups: npt.NDArray[np.intp]
    group_names: tuple[str, ...]
    steps: Traces | None = None
    joined: npt.NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self.clip_ids)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in class order, or the name of the target."""
        return self.task.labels

    @property
    def classes(self) -> npt.NDArray[np.intp] | None:
        """``(n,)`` class indices to spread evenly over folds; None where one label isn't all."""
        return self.targets if self.task.is_label else None

    @property
    def traces(self) -> Traces:
        """Which rows follow each other in time."""
        return Traces.of_clips(len(self)) if self.steps is None else self.steps

    @property
    def units(self) -> npt.NDArray[np.intp]:
        """``(n,)`` what inner folds keep whole: groups, joined where one repeats another's clip."""
        return self.groups if self.joined is None else self.joined

    @property
    def seen(self) -> frozenset[str]:
        """The groups that a fit on these rows sees."""
        return frozenset(self.group_names[code] for code in np.unique(self.groups))

    def subset(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> TrainingRows:
        """Return some of the rows, in the same order."""
        positions = np.arange(len(self))[rows]
        return replace(
            self,
            clip_ids=tuple(map(self.clip_ids.__getitem__, positions.tolist())),
            scores=self.scores[positions],
            targets=self.targets[positions],
            groups=self.groups[positions],
            steps=None if self.steps is None else self.steps.subset(positions),
            joined=None if self.joined is None else self.joined[positions],
        )

    def answering(self, answer: Answer) -> TrainingRows:
        """Return the rows where one of the answers is known, as if it alone were asked for."""
        known, targets = answer.known(self.targets)
        rows = self if known.all() else self.subset(known)
        codes, first = pd.factorize(rows.groups)
        return replace(
            rows,
            task=answer.task,
            scores=answer.scores(rows.scores),
            targets=targets,
            groups=codes.astype(np.intp),
            group_names=tuple(rows.group_names[code] for code in first),
            joined=None if rows.joined is None else pd.factorize(rows.joined)[0].astype(np.intp),
        )

    def only(self, modalities: Sequence[int]) -> TrainingRows:
        """Return the same clips with some of the modalities."""
        return replace(
            self,
            names=tuple(self.names[position] for position in modalities),
            scores=self.scores[:, list(modalities)],
        )


def training_rows(
    tables: Mapping[str, ScoreTable],
    aligned: AlignedScores,
    cohort: Cohort,
    *,
    splits: Sequence[str] = ("train", "val"),
    hidden: frozenset[str] = frozenset(),
    learns: bool = True,
) -> TrainingRows:
    """Choose the clips to fit on, and check that no model has seen the group of its clip.

    A clip is chosen if its split is asked for, it has a label or target, and some modality has
    scores; of several copies of a clip, one. Labels of test clips are never looked at.

    Args:
        tables: the scores.
        aligned: the same, side by side.
        cohort: the clips.
        splits: that may be fitted on.
        hidden: groups that may not.
        learns: False where nothing is fitted, and so no row can leak into it.

    Raises:
        LeakageError: naming every row whose model has seen its group, or might have.
        TableError: if a label is none of the scores', clips are in other splits, or too few clips
            remain.
    """
    for table in tables.values():
        table.require_splits(cohort.splits)
    truths, originals, group_of = cohort.truths, cohort.originals, cohort.groups
    scored = np.any(aligned.present, axis=1)
    chosen = [
        row
        for row, (clip_id, split, is_scored) in enumerate(
            zip(aligned.clip_ids, aligned.split, scored, strict=True)
        )
        if is_scored
        and split in splits
        and clip_id in truths
        and originals[clip_id] == clip_id
        and group_of[clip_id] not in hidden
    ]
    ids = [aligned.clip_ids[row] for row in chosen]
    if len(ids) < MIN_CLIPS:
        raise TableError(
            f"fusion can't be fitted: {len(ids)} clips in {' and '.join(splits)} have a label or "
            f"target and scores; at least {MIN_CLIPS} are needed"
        )
    where = "fusion can't be fitted"
    targets = aligned.task.encode({clip_id: truths[clip_id] for clip_id in ids}, where)
    if aligned.task.kind == "regression" and len(aligned.task.labels) != 1:
        found = aligned.task.labels
        raise TableError(f"{where}: regression has one target, these scores have {found}")
    present = aligned.present[chosen]
    for position, name in enumerate(aligned.names):
        if name in tables and learns:
            held = np.flatnonzero(present[:, position])
            tables[name].require_unseen({ids[row]: group_of[ids[row]] for row in held})

    # what the clips themselves hold, where that is known: scores differ in their last bits by
    # which rows were computed beside them
    contents = [cohort[clip_id].content for clip_id in ids]
    order = (
        np.argsort(np.array(contents), kind="stable")
        if all(contents)
        else content_order(aligned.scores[chosen], targets)
    )
    ids = [ids[row] for row in order]
    codes, names = pd.factorize(np.array([group_of[c] for c in ids], dtype=object))
    return TrainingRows(
        names=aligned.names,
        task=aligned.task,
        clip_ids=tuple(ids),
        scores=aligned.scores[np.array(chosen)[order]],
        targets=targets[order],
        groups=codes.astype(np.intp),
        group_names=tuple(names),
        steps=aligned.traces.subset(np.array(chosen)[order]) if aligned.is_by_step else None,
        joined=_joined(codes.astype(np.intp), [cohort[clip_id].content for clip_id in ids]),
    )


def _joined(codes: npt.NDArray[np.intp], contents: list[str]) -> npt.NDArray[np.intp] | None:
    """Return what stays whole, as the smallest number of its groups; None where all are apart."""
    unit = np.arange(codes.max() + 1)
    first: dict[str, int] = {}
    for code, content in zip(codes.tolist(), contents, strict=True):
        ends = unit[[code, first.setdefault(content, code) if content else code]]
        if ends[0] != ends[1]:
            unit[unit == ends.max()] = ends.min()
    return None if (unit == np.arange(len(unit))).all() else unit[codes].astype(np.intp)
