"""How precision and recall of what is there or not change with the threshold."""

from __future__ import annotations

import numpy as np

from emotiw.evaluation.metric import Numbers


def precision_recall(y_true: Numbers, y_pred: Numbers) -> list[tuple[float, float, float]]:
    """Return (threshold, precision, recall) for every threshold that makes a difference.

    Args:
        y_true: ``(n,)`` of 0 and 1; NaN is left out.
        y_pred: ``(n,)`` probabilities; NaN is no answer, which counts as not there.

    Examples:
        >>> precision_recall(np.array([1.0, 0.0, 1.0]), np.array([0.9, 0.6, 0.3]))
        [(0.3, 0.67, 1.0), (0.6, 0.5, 0.5), (0.9, 1.0, 0.5)]
    """
    known = ~np.isnan(y_true)
    truth, said = y_true[known] >= 1, np.nan_to_num(y_pred[known], nan=-1.0)
    if not truth.any():
        return []
    from sklearn.metrics import precision_recall_curve

    precision, recall, thresholds = precision_recall_curve(truth, said)  # one threshold less
    return [
        (round(float(at), 4), round(float(p), 2), round(float(r), 2))
        for at, p, r in zip(thresholds, precision, recall, strict=False)
        if at >= 0
    ]
