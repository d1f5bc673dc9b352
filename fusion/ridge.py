"""Multinomial log loss with a ridge toward a given point, its strength chosen over groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotiw.core.probabilities import softmax
from fusion.aligned import Indices
from fusion.cross_fit_folds import deal_groups

Vector = npt.NDArray[np.float64]
Logits = npt.NDArray[np.float64]
STRENGTHS = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01)  # strongest first: it wins a tie
INNER_FOLDS = 4


@dataclass(frozen=True)
class LinearLogits:
    """Logits that are linear in their parameters: what a ridge fit needs to know of them.

    Attributes:
        logits: of the design and the parameters, ``(n, n_labels)``.
        pull_back: of the design and ``(n, n_labels)`` residuals, the slope by parameter.
        centre: the parameters that the ridge pulls toward.
        penalty: per parameter, 1 where the ridge pulls and 0 where it does not.
        is_positive: True keeps all parameters at 0 or above.
    """

    logits: Callable[[Logits, Vector], Logits]
    pull_back: Callable[[Logits, Logits], Vector]
    centre: Vector
    penalty: Vector
    is_positive: bool = False

    def fit(
        self, design: Logits, truth: Indices, strength: float, start: Vector | None = None
    ) -> Vector:
        """Return the parameters with the smallest mean log loss plus ridge; it is convex."""
        from scipy.optimize import minimize

        n_clips = len(truth)
        rows = np.arange(n_clips)

        def loss(parameters: Vector) -> tuple[float, Vector]:
            probabilities = softmax(self.logits(design, parameters))
            value = -np.log(np.maximum(probabilities[rows, truth], 1e-300)).mean()
            probabilities[rows, truth] -= 1
            away = self.penalty * (parameters - self.centre)
            slope = self.pull_back(design, probabilities / n_clips) + strength * away
            return float(value + strength / 2 * away @ (parameters - self.centre)), slope

        bounds = [(0, None)] * len(self.centre) if self.is_positive else None
        found = minimize(
            loss,
            self.centre if start is None else start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 300},
        )
        return np.asarray(found.x)

    def fit_by_groups(
        self, design: Logits, truth: Indices, group_codes: Indices
    ) -> tuple[Vector, float]:
        """Choose the strength by log loss over inner folds of groups, then fit on everything.

        With a single group nothing can be chosen, and the strongest ridge is taken.

        Returns:
            The parameters, and the strength.
        """
        strength = STRENGTHS[0]
        if len(np.unique(group_codes)) > 1:
            folds = deal_groups(group_codes, INNER_FOLDS, truth)
            losses = np.zeros(len(STRENGTHS))
            for fold in np.unique(folds):
                inside, outside = folds != fold, folds == fold
                parameters: Vector | None = None
                for position, candidate in enumerate(STRENGTHS):
                    parameters = self.fit(design[inside], truth[inside], candidate, parameters)
                    scores = softmax(self.logits(design[outside], parameters))
                    of_truth = scores[np.arange(int(outside.sum())), truth[outside]]
                    losses[position] -= np.log(np.maximum(of_truth, 1e-300)).sum()
            strength = STRENGTHS[int(losses.argmin())]
        return self.fit(design, truth, strength), strength
