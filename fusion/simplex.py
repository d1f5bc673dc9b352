"""Exact minimisation of convex functions over weights that are not negative and sum to 1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Objective = Callable[[Vector], tuple[float, Vector, Matrix]]
TOLERANCE = 1e-10  # of the gap
MAX_STEPS = 200  # of Newton, before giving up
TIE_BREAK = 1e-10  # relative curvature that makes modalities which say the same weigh the same


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
        if slope >= 0:  # nothing left but rounding
            break
        step = 1.0
        while True:
            new_value, new_gradient, new_hessian = objective(weights + step * direction)
            if new_value <= value + 1e-4 * step * slope or step < 1e-12:
                break
            step /= 2
        if new_value > value:
            break
        weights = weights + step * direction
        value, gradient, hessian = new_value, new_gradient, new_hessian
    weights = np.maximum(weights, 0.0)
    return np.asarray(weights / weights.sum())


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
