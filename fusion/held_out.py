"""Fused scores of rows by fusions that have not seen their groups."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone

from fusion.aligned import Scores
from fusion.cross_fit_folds import FoldCodes
from fusion.training_rows import TrainingRows


def cross_fitted_scores(rows: TrainingRows, fold_of_row: FoldCodes, fusion: Any) -> Scores:
    """Return ``(n, n_labels)`` fused scores, each fold's by a fusion fitted on the others.

    Args:
        rows: calibrated by nobody yet.
        fold_of_row: ``(n,)``.
        fusion: a :class:`~fusion.late.LateFusion`, of which clones are fitted.
    """
    fused = np.full((len(rows), len(rows.labels)), np.nan)
    for number in np.unique(fold_of_row):
        held_out = fold_of_row == number
        part = clone(fusion).fit_rows(rows.subset(~held_out))
        own = rows.subset(held_out)
        fused[held_out] = part.finished(part.fused(part.calibrated(own.scores)), own.traces)
    return fused
