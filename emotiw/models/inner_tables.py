"""Scores for a nested fusion: per fold, of models that have not seen the fold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from emotiw.core.score_table import Fold, ScoreTable
from emotiw.models.out_of_fold import Fit, OutOfFold

Score = Callable[[Fit], npt.NDArray[np.float64]]
Track = Callable[[Sequence[Fit]], Iterable[Fit]]


def inner_tables(name: str, work: OutOfFold, score: Score, track: Track) -> dict[int, ScoreTable]:
    """Return, by fold, the scores that a fusion which holds out the fold may be fitted on.

    Training clips of another fold have the scores of the model that holds out both; clips of
    validation those of the model that holds out the one. A fold is missing where some pair with
    it has nothing to learn from; all are where the features have seen the training clips, or
    nobody knows.

    Args:
        name: of the model.
        work: its fits.
        score: fits a model, or finds it, and returns the scores of the fit's clips.
        track: shows how far the fits are.
    """
    if work.table.trained_on != "other data":  # then no model is one that has not seen the fold
        return {}
    pairs, others = list(work.inner_fits()), list(work.outer_fits_on_others())
    folds = [fit.fold for fit in others if fit.fold is not None]
    found: dict[int, dict[str, tuple[Fold, npt.NDArray[np.float64]]]] = {f: {} for f in folds}
    seen: dict[int, dict[Fold, frozenset[str]]] = {fold: {} for fold in folds}
    for fit in track([*pairs, *others]):
        groups = work.seen_by(fit)
        assert groups is not None  # the features are of other data
        rows = dict(zip(work.rows_of(fit), score(fit), strict=True))
        if fit.beside is None:
            assert fit.fold is not None
            found[fit.fold] |= {clip_id: (None, row) for clip_id, row in rows.items()}
            seen[fit.fold][None] = groups
            continue
        assert fit.fold is not None
        for held_out, own in ((fit.fold, fit.beside), (fit.beside, fit.fold)):
            found[held_out] |= {c: (own, r) for c, r in rows.items() if work.fold_of(c) == own}
            seen[held_out][own] = groups
    return {
        fold: work.table_from(name, found[fold], seen[fold])
        for fold in folds
        if len(seen[fold]) == len(folds) and len(folds) > 1
    }
