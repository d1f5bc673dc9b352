"""Probabilities moved so that a fitted threshold becomes 0.5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from emotiw.core.several import THRESHOLD
from fusion.post.post_step import PRESENCES, HeldOut, PostStep
from fusion.traces import Numbers, Traces

NEAREST = 1e-6  # to 0 and 1


class Thresholds(PostStep):
    """The threshold with the largest F1 on held-out scores, for what is there or not.

    Odds are divided by those of the threshold, so that whoever decides at 0.5 decides there, and
    the order of clips stays.
    """

    kinds = PRESENCES

    def __init__(self, task: Any, options: Any) -> None:
        super().__init__(task, options)
        self.threshold = THRESHOLD

    def fit(self, rows: HeldOut) -> Self:
        """Find the threshold, half way between two scores; 0.5 where nothing was ever there."""
        self.threshold = best_threshold(rows.scores[:, 0], rows.targets)
        return self

    def change(self, scores: Numbers, traces: Traces) -> Numbers:
        """Move the probabilities."""
        there, gone = scores * (1 - self.threshold), (1 - scores) * self.threshold
        return np.asarray(there / (there + gone))

    def to_dict(self) -> dict[str, Any]:
        """Return the threshold."""
        return {"threshold": self.threshold}

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over the threshold."""
        self.threshold = float(state["threshold"])
        return self


def best_threshold(shares: Numbers, truth: Numbers) -> float:
    """Return the threshold with the largest F1; the highest of equally good ones.

    Args:
        shares: ``(n,)`` probabilities.
        truth: ``(n,)`` 1 where it is there, else 0.

    Examples:
        >>> best_threshold(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 1.0, 0.0, 1.0]))
        0.15000000000000002
    """
    if not truth.any():
        return THRESHOLD
    order = np.argsort(-shares, kind="stable")
    ordered, found = shares[order], np.cumsum(truth[order])
    f1 = 2 * found / (np.arange(1, len(order) + 1) + truth.sum())
    lower = np.append(ordered[1:], 0.0)
    f1[ordered == lower] = -1.0  # equal scores can't be told apart
    best = int(f1.argmax())
    return float(np.clip((ordered[best] + lower[best]) / 2, NEAREST, 1 - NEAREST))
