"""Fuse score tables so that no reported row comes from a fusion that saw the clip's group."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from sklearn.base import clone

from emotiw.core.cohort import Cohort
from emotiw.core.errors import LeakageError
from emotiw.core.score_table import TEST_FREQUENCIES, Fold, Groups, ScoreTable
from emotiw.core.step_resampling import on_steps
from fusion.aligned import AlignedScores, Scores, align
from fusion.cross_fit_folds import FoldCodes, cross_fit_folds
from fusion.fusion_options import FusionOptions
from fusion.held_out import without_copies
from fusion.late import LateFusion
from fusion.prior import Prior, declared_prior, estimated_prior, shifted
from fusion.result import FusionResult
from fusion.seen_groups import fused_folds, seen_by_others
from fusion.single_answers import answers_of
from fusion.training_rows import TrainingRows, training_rows

SPLITS_OF = {"all": ("train", "val"), "train": ("train",), "val": ("val",)}


def fuse(
    tables: Mapping[str, ScoreTable],
    cohort: Cohort,
    *,
    options: FusionOptions | None = None,
    metric: str = "",
    seed: int = 0,
    inner: Mapping[str, Mapping[int, ScoreTable]] | None = None,
    references: Mapping[str, ScoreTable] | None = None,
) -> FusionResult:
    """Fit a fusion on all rows it may be fitted on, and score every clip without having seen it.

    Answers step by step are fused step by step: the cohort is that of the steps, and a modality
    with steps of its own is taken to theirs by :func:`~emotiw.core.step_resampling.on_steps`.

    Args:
        tables: scores by modality.
        cohort: the clips with their labels or targets (those of test clips are never looked at),
            groups, and folds; groups are dealt out where it has none.
        options: everything else.
        metric: by which the fusion is compared with its modalities; accuracy or RMSE by default.
        seed: of everything random.
        inner: for a nested figure, by modality and fold the table that the fold's fusion is fitted
            on: scores of models that have seen no group that the fold holds out. Where there is
            none that of ``tables`` is taken, and the result says whether that is nested.
        references: scores by name that the fusion is compared with but never sees.

    Raises:
        LeakageError: naming every row whose model has seen its clip's group, or might have; or
            the fold whose inner tables have seen what it holds out.
        TableError: if tables and cohort don't fit together.
        ConfigError: if an option makes no sense.
    """
    options = options or FusionOptions()
    inner = {
        name: {fold: on_steps(table, cohort, options.tolerance_sec) for fold, table in own.items()}
        for name, own in (inner or {}).items()
    }
    tables, references = (
        {name: on_steps(table, cohort, options.tolerance_sec) for name, table in several.items()}
        for several in (tables, references or {})
    )
    aligned = align(tables)
    splits, learns = SPLITS_OF[options.fit_on], options.learns
    rows = training_rows(tables, aligned, cohort, splits=splits, learns=learns)
    fold_of_row = cross_fit_folds(rows, cohort, options.n_folds)
    unfitted = LateFusion.from_options(options, seed=seed)
    if options.post:
        unfitted.set_params(post_metric=options.post_metric or metric)
    final = clone(unfitted).fit_rows(rows)
    calibrated = final.calibrated(aligned.scores)
    fused = final.fused(calibrated)
    traces = aligned.traces
    by_final = final.finished(fused, traces)

    fuser_fold = _fold_of_clips(aligned, rows, fold_of_row, cohort)
    nothing: Groups = frozenset()
    fuser_seen: dict[Fold, Groups] = {None: final.seen_groups_ if learns else nothing}
    is_nested = not options.learns
    if not is_nested:
        whole = {name for name, by_fold in inner.items() if is_whole(by_fold, fold_of_row)}
        lacking = {name: table for name, table in tables.items() if name not in whole}
        is_nested = not seen_by_others(lacking, rows, fold_of_row)
    test_prior = _adjust_test_clips(fused, aligned, rows, options)
    fused = final.finished(fused, traces)
    for number in np.unique(fold_of_row).tolist():
        taken = np.array([own == number for own in fuser_fold])
        fitted_on, held_out = rows.subset(fold_of_row != number), rows.subset(fold_of_row == number)
        inside = {name: by_fold[number] for name, by_fold in inner.items() if number in by_fold}
        if inside:
            fitted_on = _inner_rows(
                {**tables, **inside}, number, held_out.seen, rows, cohort, options, inside
            )
        if learns:
            n_rows, fitted_on = len(fitted_on), without_copies(fitted_on, held_out, cohort)
            if not len(fitted_on):
                told = f"each of {n_rows} clips repeats a clip that it holds out"
                raise LeakageError(f"fusion can't be fitted: {told}")
        part = clone(unfitted).fit_rows(fitted_on)
        calibrated[taken] = part.calibrated(aligned.scores[taken])
        unfinished = part.fused(calibrated[taken])
        fused[taken] = part.finished(unfinished, traces.subset(taken))
        fuser_seen[number] = part.seen_groups_ if learns else nothing

    adapted_on = dict.fromkeys(a for table in tables.values() for a in table.adapted_on)
    if test_prior is not None and options.prior == "em":
        adapted_on[TEST_FREQUENCIES] = None
    position_of = dict(zip(aligned.clip_ids, range(len(fused)), strict=True))
    positions = np.array([position_of[clip_id] for clip_id in rows.clip_ids])
    unseen_scores = fused[positions]
    fold_of_clip, seen_groups = fused_folds(tables, aligned, fuser_fold, fuser_seen)
    return FusionResult(
        table=ScoreTable(
            name="fused",
            task=aligned.task,
            clip_ids=aligned.clip_ids,
            scores=fused,
            split=aligned.split,
            fold=fold_of_clip,
            seen_groups=seen_groups,
            owners=aligned.owners if aligned.is_by_step else (),
            time_sec=aligned.time_sec if aligned.is_by_step else None,
            adapted_on=tuple(adapted_on),
        ),
        fuser=final,
        rows=rows,
        fold_of_row=fold_of_row,
        unseen_scores=unseen_scores,
        by_final=by_final,
        calibrated=calibrated[positions],
        is_nested=is_nested,
        learns=learns,
        cohort=cohort,
        tables=tables,
        references=references,
        metric=metric or aligned.task.main_metric,
        test_prior=test_prior,
        seed=seed,
    )


def _fold_of_clips(
    aligned: AlignedScores, rows: TrainingRows, fold_of_row: FoldCodes, cohort: Cohort
) -> list[Fold]:
    """Return which fusion scores each clip: outside test, one that has not seen its group."""
    fold_of_group: dict[str, int] = {
        rows.group_names[group]: int(fold)
        for group, fold in zip(rows.groups, fold_of_row, strict=True)
    }
    return [
        None if split == "test" else fold_of_group.get(cohort.groups.get(clip_id, ""))
        for clip_id, split in zip(aligned.clip_ids, aligned.split, strict=True)
    ]


def is_whole(by_fold: Mapping[int, ScoreTable], fold_of_row: FoldCodes) -> bool:
    """Return whether there is an inner table for every fold."""
    return set(np.unique(fold_of_row).tolist()) <= set(by_fold)


def _inner_rows(
    tables: Mapping[str, ScoreTable],
    number: int,
    held_out: Groups,
    rows: TrainingRows,
    cohort: Cohort,
    options: FusionOptions,
    inside: Collection[str],
) -> TrainingRows:
    """Return the rows that one fold's fusion is fitted on, from tables that are nested in it."""
    allowed = {c for c in rows.clip_ids if cohort.groups[c] not in held_out}
    for name in inside:
        table = tables[name]
        for fold in {f for c, f in zip(table.clip_ids, table.fold, strict=True) if c in allowed}:
            leaked = table.seen_groups.get(fold, frozenset()) & held_out
            if leaked:
                raise LeakageError(
                    f"inner scores of {name!r} for fold {number}: a model of theirs was trained "
                    f"on {len(leaked)} groups that the fold holds out, e.g. {min(leaked)!r}"
                )
    splits = SPLITS_OF[options.fit_on]
    aligned = align(tables, rows.names)
    return training_rows(tables, aligned, cohort, splits=splits, hidden=held_out)


def _adjust_test_clips(
    fused: Scores, aligned: AlignedScores, rows: TrainingRows, options: FusionOptions
) -> dict[str, float] | None:
    """Shift the scores of test clips to their own label frequencies, if that is asked for."""
    is_test = np.array([split == "test" for split in aligned.split], dtype=bool)
    if options.prior == "none" or not is_test.any():
        return None
    shares: dict[str, float] = {}
    for answer in answers_of(rows.task):
        if not answer.task.is_label or (options.prior == "declared" and not answer.asked.is_label):
            continue
        own, labels = answer.scores(fused[is_test]), answer.task.labels
        fitted: Prior = answer.task.prior_scores(answer.known(rows.targets)[1])
        if options.prior == "em":
            prior = estimated_prior(own, fitted)
        else:
            declared = options.prior_weights or {}
            prior = declared_prior(declared, labels, power=options.prior_power)
            if options.prior_base == "even":
                fitted = np.full(len(labels), 1 / len(labels))
        fused[is_test, answer.columns] = answer.back(shifted(own, fitted, prior))
        shares |= dict(zip(labels, prior.tolist(), strict=True))
    return shares or None
