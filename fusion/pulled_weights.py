"""Weights that few clips can't bend: pulled toward a centre as hard as the fit's own folds ask."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from emotiw.core.probabilities import log_probabilities, softmax
from fusion.aligned import Scores
from fusion.cross_fit_folds import deal_groups
from fusion.modality_weights import (
    Pull,
    Vector,
    log_linear_weights,
    mixture_weights,
    squared_error_weights,
)
from fusion.pools import POOLS
from fusion.training_rows import TrainingRows

STRENGTHS = (100.0, 30.0, 10.0, 3.0)  # in clips
INNER_FOLDS = 4
ENOUGH = 400  # clips beyond which even the weakest pull moves little

Solve = Callable[[TrainingRows, float], Vector]


def pulled_weights(
    rows: TrainingRows, pool: str, centre: Vector | None = None
) -> tuple[Vector, float]:
    """Return one weight per modality, and the sharpness, with a small loss and close to a centre.

    Each strength of the pull has a fit; their mean is returned, each weighed by how likely the
    labels of held-out groups are under it. So one odd clip can't decide which is taken. With a
    single group nothing is held out, and the strongest pull stands alone.

    Args:
        rows: calibrated scores with labels or targets.
        pool: arithmetic or geometric; of targets, arithmetic.
        centre: ``(n_modalities,)``, sum 1; equal weights by default.

    Returns:
        ``(n_modalities,)``, not negative, sum 1; and the factor of their mean logarithm (1 in an
        arithmetic pool).
    """
    size = rows.scores.shape[1]
    middle = np.full(size, 1.0 / size) if centre is None else centre
    reach = _reach(rows.scores) if rows.task.is_label and pool == "geometric" else np.ones(size)

    def solve(some: TrainingRows, strength: float) -> Vector:
        pull = Pull(middle, strength, reach)
        if not rows.task.is_label:
            return squared_error_weights(some.scores, some.targets, pull)
        if pool == "arithmetic":
            return mixture_weights(some.scores, some.targets, pull)
        weights, sharpness = log_linear_weights(some.scores, some.targets, pull)
        return weights * sharpness

    shares = _likelihood_of_strengths(rows, pool, solve)
    found = np.zeros(size)
    for share, strength in zip(shares, STRENGTHS, strict=True):
        if share > 0:
            found = found + share * solve(rows, strength)
    total = float(found.sum())
    if total < 1e-9:  # nothing is better than saying nothing
        return middle, 0.0
    return found / total, total if rows.task.is_label and pool == "geometric" else 1.0


def _likelihood_of_strengths(rows: TrainingRows, pool: str, solve: Solve) -> Vector:
    """Return the share of each strength, sum 1."""
    if len(rows) > ENOUGH:
        return np.asarray(np.eye(len(STRENGTHS))[-1])
    if len(np.unique(rows.units)) < 2:
        return np.asarray(np.eye(len(STRENGTHS))[0])
    folds = deal_groups(rows.units, INNER_FOLDS, rows.classes)
    losses = np.zeros((len(rows), len(STRENGTHS)))
    for fold in np.unique(folds):
        learnt, held_out = rows.subset(folds != fold), rows.subset(folds == fold)
        for position, strength in enumerate(STRENGTHS):
            found = solve(learnt, strength)
            losses[folds == fold, position] = _losses(held_out, pool, found)
    if not rows.task.is_label:  # squared errors, as if they were normal
        losses = losses / (2 * float(losses.mean()) or 1.0)
    total = losses.sum(axis=0)
    return softmax(total.min() - total)


def _reach(scores: Scores) -> Vector:
    """Return how far log-probabilities are from saying nothing, 1 for the farthest modality."""
    logs = log_probabilities(scores)
    away = logs - logs.mean(axis=2, keepdims=True)  # (n, n_modalities, n_labels)
    there = ~np.isnan(away)
    found = np.sqrt(np.square(away, where=there, out=np.zeros_like(away)).sum((0, 2)))
    found = found / np.sqrt(np.maximum(there.sum((0, 2)), 1))
    return np.asarray(found / max(float(found.max()), 1e-12))


def _losses(rows: TrainingRows, pool: str, found: Vector) -> Vector:
    if not rows.task.is_label:
        said = POOLS["arithmetic"](rows.scores, found)[:, 0]
        return np.asarray((said - rows.targets) ** 2)
    sharpness = float(found.sum()) if pool == "geometric" else 1.0
    said = POOLS[pool](rows.scores, found)
    logs = log_probabilities(softmax(sharpness * log_probabilities(said)))
    return -logs[np.arange(len(rows)), rows.targets]
