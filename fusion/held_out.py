"""Fused scores of rows by fusions that have not seen their groups."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone

from emotiw.core.cohort import Cohort
from fusion.aligned import Scores
from fusion.cross_fit_folds import FoldCodes
from fusion.training_rows import TrainingRows


def cross_fitted_scores(
    rows: TrainingRows, fold_of_row: FoldCodes, fusion: Any, cohort: Cohort | None = None
) -> Scores:
    """Return ``(n, n_labels)`` fused scores, each fold's by a fusion fitted on the others.

    A fold of which all others are copies has NaN.

    Args:
        rows: calibrated by nobody yet.
        fold_of_row: ``(n,)``.
        fusion: a :class:`~fusion.late.LateFusion`, of which clones are fitted.
        cohort: the clips, where folds may hold out copies of clips of others; those are left out.
    """
    fused = np.full((len(rows), len(rows.labels)), np.nan)
    for number in np.unique(fold_of_row):
        held_out = fold_of_row == number
        own, fitted_on = rows.subset(held_out), rows.subset(~held_out)
        if cohort is not None:
            fitted_on = without_copies(fitted_on, own, cohort)
            if not len(fitted_on):
                continue
        part = clone(fusion).fit_rows(fitted_on)
        fused[held_out] = part.finished(part.fused(part.calibrated(own.scores)), own.traces)
    return fused


def without_copies(rows: TrainingRows, held_out: TrainingRows, cohort: Cohort) -> TrainingRows:
    """Return the rows but those of clips that a clip held out repeats, whatever their groups."""
    hidden = {cohort[clip_id].content for clip_id in held_out.clip_ids} - {""}
    kept = [cohort[clip_id].content not in hidden for clip_id in rows.clip_ids]
    return rows if all(kept) else rows.subset(np.array(kept))
