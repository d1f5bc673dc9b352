"""When something is clearly better than what is there, and not by luck."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def is_preferred(gain: float, by_fold: Sequence[float], least: float = 0.0) -> bool:
    """Return whether a gain is more than one standard error of what it is in each fold.

    Args:
        gain: over all folds together; more is better.
        by_fold: the same in each fold.
        least: that it has to be above as well.

    Examples:
        >>> is_preferred(0.1, [0.1, 0.08, 0.12, 0.1]), is_preferred(0.1, [0.9, -0.7, 0.9, -0.7])
        (True, False)
    """
    change = np.asarray(by_fold, dtype=np.float64)
    error = float(change.std(ddof=1)) / len(change) ** 0.5 if len(change) > 1 else np.inf
    return bool(gain > max(error, least))
