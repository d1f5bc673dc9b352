"""Weights that are best by the challenge's own metric, held back toward equal weights."""

from __future__ import annotations

import itertools
from typing import Self

import numpy as np

from emotiw.core.task import Decisions
from emotiw.evaluation.metrics import Metric, metric_named
from fusion.aligned import Scores
from fusion.calibration import TemperatureScaling
from fusion.combiner import Setting
from fusion.combiners import WeightedPool
from fusion.modality_weights import Vector
from fusion.pools import POOLS
from fusion.training_rows import TrainingRows

SHARES = (0.32, 0.16, 0.08, 0.04, 0.02)  # how much weight a move shifts, coarse to fine


def metric_weights(scores: Scores, truth: Decisions, *, metric: Metric, pool: str) -> Vector:
    """Return weights that are good by a metric which is not convex and moves in steps.

    From equal weights, and from each modality alone, a share of weight is moved from one modality
    to another as long as that helps; then smaller shares are tried. What helps is the metric minus
    a penalty on the squared distance from equal weights: a modality alone must be one standard
    error of the metric better than all of them equally. The search is deterministic.

    Args:
        scores: ``(n, n_modalities, n_labels)`` probabilities; NaN where missing.
        truth: ``(n,)`` class indices.
        metric: of labels.
        pool: arithmetic or geometric.

    Returns:
        ``(n_modalities,)``, not negative, sum 1.
    """
    size = scores.shape[1]
    equal = np.full(size, 1.0 / size)

    def merit(weights: Vector) -> float:
        prediction = POOLS[pool](scores, weights).argmax(axis=1)
        return metric.signed(metric.value(truth, prediction, scores.shape[2]))

    level = merit(equal)
    error = float(np.sqrt(max(level * (1 - level), 0.25 / len(truth)) / len(truth)))
    farthest = 1.0 - 1.0 / size  # squared distance of one modality alone

    def worth(weights: Vector) -> float:
        away = float(((weights - equal) ** 2).sum()) / max(farthest, 1e-9)
        return float(merit(weights) - error * away)

    best, best_worth = equal, worth(equal)
    for start in [equal, *np.eye(size)]:
        weights, value = start, worth(start)
        for share in SHARES:
            has_moved = True
            while has_moved:
                moves = [(worth(moved), moved) for moved in _moves(weights, share)]
                top = max(moves, key=lambda move: move[0], default=(value, weights))
                has_moved = top[0] > value + 1e-12
                if has_moved:
                    value, weights = top
        if value > best_worth + 1e-12:
            best, best_worth = weights, value
    return best


class MetricWeights(WeightedPool):
    """One weight per modality, searched by the metric; the sharpness follows from the log loss."""

    tasks = frozenset({"classification"})

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._metric = metric_named(setting.metric, setting.task)

    def fit(self, rows: TrainingRows) -> Self:
        """Search the weights."""
        self.weights = metric_weights(
            rows.scores, rows.targets, metric=self._metric, pool=self.setting.pool
        )
        if self.setting.pool == "geometric":
            pooled = POOLS["geometric"](rows.scores, self.weights)
            self.sharpness = 1 / TemperatureScaling.fit(pooled, rows.targets).temperature
        return self


def _moves(weights: Vector, share: float) -> list[Vector]:
    moves = []
    for giver, taker in itertools.permutations(range(len(weights)), 2):
        if weights[giver] > 1e-12:
            moved = weights.copy()
            given = min(share, weights[giver])
            moved[giver] -= given
            moved[taker] += given
            moves.append(moved)
    return moves
