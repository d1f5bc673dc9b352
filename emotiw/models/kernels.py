"""How alike two vectors are: the kernels of machines that learn from pairs of clips."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from emotiw.models.preparation import Vectors

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
