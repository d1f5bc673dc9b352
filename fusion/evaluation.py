"""Fuse score tables so that no reported row comes from a fusion that saw the clip's group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from emotiw.core.metrics import METRICS
from emotiw.core.score_table import Fold, Groups, ScoreTable
from fusion.folds import FoldCodes, cross_fit_folds
from fusion.joined import Joined, Scores, join
from fusion.late import LateFusion
from fusion.options import FusionOptions
from fusion.provenance import fused_folds
from fusion.training_rows import TrainingRows, training_rows

SPLITS_OF = {"all": ("train", "val"), "train": ("train",), "val": ("val",)}


@dataclass(frozen=True)
class FusionResult:
    """A fused table, the fusion behind it, and how good it is on clips that it has not seen.

    Attributes:
        table: fused scores. Clips that were fitted on, and others of their groups, are scored by
            a fusion fitted on the other folds' groups; test clips, and splits not fitted on, by
            the final fusion.
        fuser: the final fusion, fitted on all allowed rows.
        n_clips: how many clips were fitted on and judged.
        n_groups: how many groups they come from.
        folds: per fold, its number of clips.
        cross_fitted: figure of merit by name, each clip scored by a fusion that has not seen it.
        in_sample: the same figures of the final fusion on the clips it was fitted on.
        modalities: per modality, figures on those of the clips that it has scores for.
        is_nested: False where some of the scores that a fold's fusion was fitted on come from
            models that have seen groups held out in that fold.
    """

    table: ScoreTable
    fuser: LateFusion
    n_clips: int
    n_groups: int
    folds: Mapping[int, int]
    cross_fitted: Mapping[str, float]
    in_sample: Mapping[str, float]
    modalities: Mapping[str, Mapping[str, float]]
    is_nested: bool

    @property
    def optimism(self) -> dict[str, float]:
        """By how much each figure of merit looks larger in-sample than cross-fitted."""
        return {name: self.in_sample[name] - self.cross_fitted[name] for name in self.cross_fitted}


def fuse(
    tables: Mapping[str, ScoreTable],
    *,
    answers: Mapping[str, str | float],
    groups: Mapping[str, str],
    folds: Mapping[str, int] | None = None,
    options: FusionOptions | None = None,
    seed: int = 0,
) -> FusionResult:
    """Fit a fusion on all rows it may be fitted on, and score every clip without having seen it.

    Args:
        tables: scores by modality.
        answers: label or target by clip id; those of test clips are never looked at.
        groups: speaker or source video by clip id; copies of a clip belong to the same group.
        folds: published fold by clip id; groups are dealt out where there is none.
        options: everything else.
        seed: of everything random.

    Raises:
        LeakageError: naming every row whose model has seen its clip's group, or might have.
        TableError: if tables, answers, groups and folds don't fit together.
        ConfigError: if an option makes no sense.
    """
    options = options or FusionOptions()
    joined = join(tables)
    rows = training_rows(tables, joined, answers, groups, splits=SPLITS_OF[options.fit_on])
    fold_of_row = cross_fit_folds(rows, folds, options.n_folds)

    unfitted = LateFusion.from_options(options, seed=seed)
    final = clone(unfitted).fit_rows(rows)
    in_sample = final.combine(joined)
    fuser_fold = _fold_of_clips(joined, rows, fold_of_row, groups)
    fused = np.full_like(in_sample, np.nan)
    fuser_seen: dict[Fold, Groups] = {}
    for number in dict.fromkeys(fuser_fold):
        taken = np.array([own == number for own in fuser_fold])
        if number is None:
            fused[taken], fuser_seen[None] = in_sample[taken], final.seen_groups_
        else:
            part = clone(unfitted).fit_rows(rows.subset(fold_of_row != number))
            fused[taken] = part.combine(_only(joined, taken))
            fuser_seen[number] = part.seen_groups_

    fold_of_clip, seen_groups = fused_folds(tables, joined, fuser_fold, fuser_seen)
    table = ScoreTable(
        name="fusion",
        labels=joined.labels,
        clip_ids=joined.clip_ids,
        scores=fused,
        split=joined.split,
        fold=fold_of_clip,
        seen_groups=seen_groups,
        task=joined.task,
    )
    position_of = {clip_id: position for position, clip_id in enumerate(joined.clip_ids)}
    positions = np.array([position_of[clip_id] for clip_id in rows.clip_ids])
    is_nested = _is_nested(tables, rows, fold_of_row)
    return FusionResult(
        table=table,
        fuser=final,
        n_clips=len(rows),
        n_groups=len(rows.seen),
        folds={int(fold): int((fold_of_row == fold).sum()) for fold in np.unique(fold_of_row)},
        cross_fitted=figures(rows, fused[positions]),
        in_sample=figures(rows, in_sample[positions]),
        modalities={name: figures(rows, rows.scores[:, m]) for m, name in enumerate(rows.names)},
        is_nested=is_nested,
    )


def figures(rows: TrainingRows, scores: Scores) -> dict[str, float]:
    """Return every figure of merit of the task, on the rows that have scores.

    Args:
        rows: whose answers are the truth.
        scores: ``(n, n_labels)`` in the order of the rows; NaN where there are none.

    Returns:
        By the name of the metric; empty where no row has scores.
    """
    there = ~np.isnan(scores).any(axis=1)
    if not there.any():
        return {}
    truth: Any = rows.answers[there]
    prediction: Any = scores[there, 0]
    if rows.task == "classification":
        names = np.array(rows.labels, dtype=object)
        truth, prediction = list(names[truth]), list(names[scores[there].argmax(axis=1)])
    return {
        metric.name: metric.function(truth, prediction)
        for metric in METRICS.values()
        if metric.task == rows.task
    }


def _fold_of_clips(
    joined: Joined, rows: TrainingRows, fold_of_row: FoldCodes, groups: Mapping[str, str]
) -> list[Fold]:
    """Return which fusion scores each clip: outside test, one that has not seen its group."""
    fold_of_group: dict[str, int] = {
        rows.group_names[group]: int(fold)
        for group, fold in zip(rows.groups, fold_of_row, strict=True)
    }
    return [
        None if split == "test" else fold_of_group.get(groups.get(clip_id, ""))
        for clip_id, split in zip(joined.clip_ids, joined.split, strict=True)
    ]


def _is_nested(
    tables: Mapping[str, ScoreTable], rows: TrainingRows, fold_of_row: FoldCodes
) -> bool:
    """Tell whether no model behind a fold's training rows has seen a group held out in it."""
    fold_of_clip = dict(zip(rows.clip_ids, fold_of_row.tolist(), strict=True))
    held_out: dict[int, set[str]] = {}
    for group, fold in zip(rows.groups, fold_of_row, strict=True):
        held_out.setdefault(int(fold), set()).add(rows.group_names[group])
    for table in tables.values():
        pairs = {
            (model, fold_of_clip[clip_id])
            for clip_id, model, there in zip(table.clip_ids, table.fold, table.present, strict=True)
            if there and clip_id in fold_of_clip
        }
        for model, own in pairs:
            others = set().union(*(held_out[fold] for fold in held_out if fold != own))
            if table.seen_groups[model] & others:
                return False
    return True


def _only(joined: Joined, taken: npt.NDArray[np.bool_]) -> Joined:
    positions: Sequence[int] = np.flatnonzero(taken).tolist()
    return replace(
        joined,
        clip_ids=tuple(joined.clip_ids[position] for position in positions),
        split=tuple(joined.split[position] for position in positions),
        scores=joined.scores[positions],
    )
