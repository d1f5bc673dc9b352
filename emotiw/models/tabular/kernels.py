"""How alike two vectors are: the kernels of machines that learn from pairs of clips."""

from __future__ import annotations

import itertools
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from emotiw.models.tabular.preparation import Vectors
from emotiw.models.tabular.tabular_options import Several, several

Kernel = Literal["linear", "rbf"]


def kernel_matrix(
    left: Vectors, right: Vectors, kernel: Kernel, gamma: float
) -> npt.NDArray[np.float64]:
    """Return how alike each row on the left is to each on the right.

    Args:
        left: ``(n, dim)``.
        right: ``(m, dim)``.
        kernel: ``linear``: the product over dim, about 1 for a standardised row with itself;
            ``rbf``: ``exp(-gamma * d)``, where ``d`` is the squared distance over dim.
        gamma: of ``rbf``.

    Returns:
        ``(n, m)``.

    Examples:
        >>> rows = np.array([[1, 1], [1, -1]], dtype=np.float32)
        >>> kernel_matrix(rows, rows, "linear", 1).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
        >>> kernel_matrix(rows, rows, "rbf", 0.5).round(3).tolist()
        [[1.0, 0.368], [0.368, 1.0]]
    """
    products: npt.NDArray[Any] = (left @ right.T).astype(np.float64) / left.shape[1]
    if kernel == "linear":
        return products
    squares = [np.square(side, dtype=np.float64).mean(axis=1) for side in (left, right)]
    distances = squares[0][:, None] + squares[1][None, :] - 2 * products
    return np.asarray(np.exp(-gamma * distances.clip(0)))


def kernel_settings(weights: Several, kernel: Kernel, gamma: Several) -> list[tuple[float, float]]:
    """Return every pair of a weight and a gamma; only ``rbf`` has a gamma to choose.

    Examples:
        >>> kernel_settings((1, 3), "linear", (0.5, 2)), kernel_settings(1, "rbf", (0.5, 2))
        ([(1, 1.0), (3, 1.0)], [(1, 0.5), (1, 2)])
    """
    gammas = several(gamma) if kernel == "rbf" else (1.0,)
    return list(itertools.product(several(weights), gammas))
