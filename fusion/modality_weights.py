"""Fit one weight per modality: exactly, since the losses are convex in the weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotiw.core.probabilities import log_probabilities
from fusion.aligned import Scores
from fusion.pools import POOLS

Truth = npt.NDArray[np.intp]
Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Objective = Callable[[Vector], tuple[float, Vector, Matrix]]
MAX_SHARPNESS = 20.0  # keeps weights finite where modalities make no mistake
MAX_ROUNDS = 20
SETTLED = 1e-9
TOLERANCE = 1e-10  # of the gap
ROUNDING = 1e-15  # of the value, for each 1 of it
MAX_STEPS = 200  # of Newton, before giving up
TIE_BREAK = 1e-10  # relative curvature that makes modalities which say the same weigh the same


@dataclass(frozen=True)
class Pull:
    """What is believed of the weights before any clip is seen.

    Attributes:
        centre: ``(n_modalities,)`` the weights that the fit is pulled toward, sum 1.
        strength: how hard, as a number of clips.
        reach: ``(n_modalities,)`` how far each modality's scores reach: what is pulled is a weight
            times its reach, so that one that hardly says anything is as free to go as any other.
    """

    centre: Vector
    strength: float
    reach: Vector

    def form(self) -> Matrix:
        """Return the matrix ``A`` of the penalty ``w'Aw / 2``, 0 wherever ``w`` is the centre's.

        Examples:
            >>> even = Pull(np.array([0.5, 0.5]), 2.0, np.ones(2)).form()
            >>> float(np.ones(2) @ even @ np.ones(2)), float(np.array([1, 0]) @ even[:, 0])
            (0.0, 1.0)
        """
        size = len(self.centre)
        away = self.reach[:, None] * (np.eye(size) - np.outer(self.centre, np.ones(size)))
        return np.asarray(self.strength * away.T @ away)


def mixture_weights(scores: Scores, truth: Truth, pull: Pull | None = None) -> Vector:
    """Return the weights whose mean of probabilities has the smallest log loss.

    Where a modality is missing it is taken to say what the others say under the current weights,
    which renormalises the weights over what is there; the exact solution is repeated until the
    weights settle.

    Args:
        scores: ``(n, n_modalities, n_labels)`` probabilities; NaN where missing.
        truth: ``(n,)`` class indices.
        pull: what the weights are pulled toward; nothing by default.

    Returns:
        ``(n_modalities,)``, not negative, sum 1.

    Examples:
        >>> sure = np.array([[[0.9, 0.1], [0.5, 0.5]], [[0.1, 0.9], [0.5, 0.5]]])
        >>> mixture_weights(sure, np.array([0, 1])).round(6).tolist()
        [1.0, 0.0]
    """

    def solve(filled: Scores) -> Vector:
        objective = _mixture_loss(filled, truth)
        size = filled.shape[1]
        return minimise_on_simplex(_pulled(objective, pull, len(truth), scale=size), size)

    return _with_missing(scores, solve, "arithmetic")


def log_linear_weights(
    scores: Scores, truth: Truth, pull: Pull | None = None
) -> tuple[Vector, float]:
    """Return the weights of log-probabilities, and their sum, with the smallest log loss.

    Any weights of at least 0 whose sum is at most 20 are looked at. The sum is the sharpness of
    the fused probabilities: about 1 where modalities repeat each other, more where each adds
    evidence of its own. Missing modalities are treated as in :func:`mixture_weights`.

    Args:
        scores: ``(n, n_modalities, n_labels)`` probabilities; NaN where missing.
        truth: ``(n,)`` class indices.
        pull: what the weights, and not their sum, are pulled toward; nothing by default.

    Returns:
        ``(n_modalities,)`` weights that sum to 1, and the sharpness; equal weights and 0 where
        no weights are better than saying nothing.
    """
    nothing = np.full((len(scores), 1, scores.shape[2]), 1.0 / scores.shape[2])

    def solve(filled: Scores) -> Vector:
        # the share of the sharpness that is not used goes to a modality that says nothing
        objective = _log_linear_loss(np.concatenate([filled, nothing], axis=1), truth)
        objective = _pulled(objective, pull, len(truth), scale=MAX_SHARPNESS)
        return minimise_on_simplex(objective, filled.shape[1] + 1)[:-1] * MAX_SHARPNESS

    found = _with_missing(scores, solve, "geometric")
    sharpness = float(found.sum())
    if sharpness < SETTLED:
        return np.full(len(found), 1.0 / len(found)), 0.0
    return found / sharpness, sharpness


def squared_error_weights(
    scores: Scores, targets: npt.NDArray[np.float64], pull: Pull | None = None
) -> Vector:
    """Return the weights whose mean has the smallest squared error.

    Args:
        scores: ``(n, n_modalities, 1)`` predictions; NaN where missing, as in
            :func:`mixture_weights`.
        targets: ``(n,)`` true targets.
        pull: what the weights are pulled toward; nothing by default.

    Returns:
        ``(n_modalities,)``, not negative, sum 1.
    """
    # weights of sum 1 know neither offset nor unit, but tolerances and rounding do
    centre, spread = float(targets.mean()), float(targets.std()) or 1.0
    scores, targets = (scores - centre) / spread, (targets - centre) / spread

    def solve(filled: Scores) -> Vector:
        objective = _squared_error(filled[:, :, 0], targets)
        size = filled.shape[1]
        # in units of the squared error of equal weights, so that a clip weighs as in a log loss
        unit = 2 * objective(np.full(size, 1.0 / size))[0]
        scale = size * max(unit, 1e-12) ** 0.5
        return minimise_on_simplex(_pulled(objective, pull, len(targets), scale=scale), size)

    return _with_missing(scores, solve, "arithmetic")


def minimise_on_simplex(objective: Objective, size: int) -> Vector:
    """Find the smallest value of a convex function on the simplex, starting from equal weights.

    Newton's method: each step minimises the quadratic model over the whole simplex, so weights
    reach exactly 0 where they should. The gap is that of Frank and Wolfe,
    ``max_v gradient·(weights - v)``, an upper bound of what is left to gain.

    Args:
        objective: of the weights; returns value, gradient and Hessian.
        size: number of weights.

    Returns:
        ``(size,)``, not negative, sum 1.

    Source:
        Jaggi 2013, eq. 2 (gap). The sequence of quadratic problems is as in Kim et al. 2018
        (mixture weights). Differs: any convex function; the sum of 1 is kept in every step.

    Examples:
        >>> far = np.array([2.0, 0.0, 0.0])
        >>> found = minimise_on_simplex(
        ...     lambda w: (((w - far) ** 2).sum() / 2, w - far, np.eye(3)), 3)
        >>> found.round(9).tolist()
        [1.0, 0.0, 0.0]
    """
    weights = np.full(size, 1.0 / size)
    value, gradient, hessian = objective(weights)
    for _ in range(MAX_STEPS):
        gap = float(gradient @ weights - gradient.min())
        if gap <= TOLERANCE:
            break
        target = _quadratic_minimum(hessian, gradient - hessian @ weights)
        direction = target - weights
        slope = float(gradient @ direction)
        if slope >= -ROUNDING * max(1.0, abs(value)):  # no step could show in the value
            break
        step = 1.0
        while True:
            new_value, new_gradient, new_hessian = objective(weights + step * direction)
            if new_value <= value + 1e-4 * step * slope or step < 1e-12:
                break
            step /= 2
        if new_value >= value:  # nothing is gained but rounding
            break
        weights = weights + step * direction
        value, gradient, hessian = new_value, new_gradient, new_hessian
    weights = np.maximum(weights, 0.0)
    return np.asarray(weights / weights.sum())


def _pulled(objective: Objective, pull: Pull | None, n_clips: int, *, scale: float) -> Objective:
    """Add the penalty of a pull on ``scale`` times the weights to a mean loss over clips.

    A weight behind those that the pull knows, which says nothing, is free.
    """
    if pull is None:
        return objective
    size = len(pull.centre)
    form = scale**2 / max(n_clips, 1) * pull.form()

    def penalised(weights: Vector) -> tuple[float, Vector, Matrix]:
        value, gradient, hessian = objective(weights)
        slope = form @ weights[:size]
        gradient, hessian = gradient.copy(), hessian.copy()
        gradient[:size] += slope
        hessian[:size, :size] += form
        return value + float(weights[:size] @ slope) / 2, gradient, hessian

    return penalised


def _with_missing(scores: Scores, solve: Callable[[Scores], Vector], pool: str) -> Vector:
    missing = np.isnan(scores)
    if not missing.any():
        return solve(scores)
    found = np.ones(scores.shape[1])
    for _ in range(MAX_ROUNDS):
        others = POOLS[pool](scores, found)
        before, found = found, solve(np.where(missing, others[:, None, :], scores))
        if np.abs(found - before).max() < SETTLED:
            break
    return found


def _mixture_loss(scores: Scores, truth: Truth) -> Objective:
    of_truth = np.maximum(scores[np.arange(len(truth)), :, truth], 1e-12)  # (n, n_modalities)

    def objective(weights: Vector) -> tuple[float, Vector, Matrix]:
        mixed = of_truth @ weights
        ratio = of_truth / mixed[:, None]
        hessian = ratio.T @ ratio / len(truth)
        return float(-np.log(mixed).mean()), -ratio.mean(axis=0), hessian

    return objective


def _log_linear_loss(scores: Scores, truth: Truth) -> Objective:
    n_clips, size, n_labels = scores.shape
    logs = MAX_SHARPNESS * log_probabilities(scores)
    of_truth = logs[np.arange(n_clips), :, truth].mean(axis=0)  # (n_modalities,)
    flat = np.ascontiguousarray(logs.transpose(1, 0, 2)).reshape(size, -1)

    def objective(weights: Vector) -> tuple[float, Vector, Matrix]:
        mixed = (weights @ flat).reshape(n_clips, n_labels)
        mixed -= mixed.max(axis=1, keepdims=True)
        of_right = mixed[np.arange(n_clips), truth]
        expected = np.exp(mixed)
        total = expected.sum(axis=1, keepdims=True)
        expected /= total
        weighted = flat * expected.ravel()  # (n_modalities, n * n_labels)
        mean = weighted.reshape(size, n_clips, n_labels).sum(axis=2)
        hessian = (weighted @ flat.T - mean @ mean.T) / n_clips
        value = float(np.log(total).mean() - of_right.mean())
        return value, mean.mean(axis=1) - of_truth, hessian

    return objective


def _squared_error(scores: npt.NDArray[np.float64], targets: Vector) -> Objective:
    hessian = scores.T @ scores / len(targets)
    linear = scores.T @ targets / len(targets)

    def objective(weights: Vector) -> tuple[float, Vector, Matrix]:
        error = scores @ weights - targets
        return float((error**2).mean() / 2), hessian @ weights - linear, hessian

    return objective


def _quadratic_minimum(hessian: Matrix, linear: Vector) -> Vector:
    """Minimise ``v'Hv / 2 + linear·v`` over the simplex.

    On the simplex ``linear·v = (linear·v)(1·v)``, so the problem is a quadratic form alone, and
    adding a multiple of ``(1·v)²`` makes it positive definite without moving the minimum. The
    minimum of such a form on the simplex is, up to scale, its minimum minus ``1·v`` over all
    v ≥ 0, which is non-negative least squares with the Cholesky factor.
    """
    from scipy.optimize import nnls

    size = len(linear)
    ones = np.ones(size)
    scale = max(float(np.abs(hessian).max()), float(np.abs(linear).max()), 1e-300)
    curved = hessian / scale + TIE_BREAK * np.eye(size)
    tilt = (linear - linear.mean()) / scale
    form = curved / 2 + (np.outer(tilt, ones) + np.outer(ones, tilt)) / 2
    lift = 1.0
    while True:
        try:
            factor = np.linalg.cholesky(form + lift * np.outer(ones, ones))
            break
        except np.linalg.LinAlgError:
            lift *= 4
            if lift > 1e12:
                return np.asarray(np.eye(size)[int(np.argmin(linear))])
    scaled, _ = nnls(factor.T, np.linalg.solve(factor, ones))
    return np.asarray(scaled / scaled.sum())
