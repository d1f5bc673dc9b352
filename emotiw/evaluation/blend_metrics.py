"""Which emotions are blended in a clip, and which of them prevails: the metrics of BLEMORE.

What a model says of each emotion is a number; an answer is a blend that the challenge knows: one
emotion alone, or two with equal shares or one of 70 and one of 30 percent.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations
from typing import Any

import numpy as np

from emotiw.evaluation.group_sums import mean_of_sums, sums_of
from emotiw.evaluation.metric import SEVERAL, Codes, Metric, Numbers

WHOLE = 100.0  # percent
PAIRS = ((50.0, 50.0), (70.0, 30.0))
SAME = 0.5  # saliences are compared as whole percents


@cache
def blends(n_emotions: int) -> Numbers:
    """Return ``(n_blends, n_emotions)`` percent: every emotion alone, then every pair.

    Examples:
        >>> blends(2).tolist()
        [[100.0, 0.0], [0.0, 100.0], [50.0, 50.0], [70.0, 30.0], [30.0, 70.0]]
    """
    alone = WHOLE * np.eye(n_emotions)
    mixed = {}
    for shares in PAIRS:
        for pair in permutations(range(n_emotions), 2):
            row = np.zeros(n_emotions)
            row[list(pair)] = shares
            mixed[tuple(row)] = row
    return np.array([*alone, *mixed.values()])


def nearest_blend(shares: Numbers) -> Numbers:
    """Return the blend closest to each row of ``(n, n_emotions)`` percent; NaN stays.

    Examples:
        >>> nearest_blend(np.array([[80.0, 5.0, 0.0], [55.0, 40.0, 3.0]])).tolist()
        [[100.0, 0.0, 0.0], [50.0, 50.0, 0.0]]
    """
    known = blends(shares.shape[1])
    # the squared distance, less what is the same for all blends
    away = (known**2).sum(axis=1) - 2 * np.nan_to_num(shares) @ known.T  # (n, n_blends)
    found = known[away.argmin(axis=1)]
    return np.where(np.isnan(shares).any(axis=1, keepdims=True), np.nan, found)


def _sums(is_right: Any, counts: Any, group_codes: Codes) -> Numbers:
    return sums_of(group_codes, is_right & counts, counts)


def _presence(y_true: Numbers, y_pred: Numbers, group_codes: Codes, n_labels: int) -> Numbers:
    is_right = ((y_true > 0) == (nearest_blend(y_pred) > 0)).all(axis=1)
    return _sums(is_right, ~np.isnan(y_true).any(axis=1), group_codes)


def _salience(y_true: Numbers, y_pred: Numbers, group_codes: Codes, n_labels: int) -> Numbers:
    said = nearest_blend(y_pred)
    is_right = (np.abs(y_true - said) < SAME).all(axis=1)
    return _sums(is_right, (y_true > 0).sum(axis=1) == 2, group_codes)


# all emotions of a clip, and no other
PRESENCE_ACCURACY = Metric(
    "presence_accuracy",
    "presence accuracy",
    SEVERAL,
    (0.0, 1.0),
    parts=_presence,
    of_sums=mean_of_sums,
    is_of_shares=True,
)
# of clips with two emotions, those with both and their shares
SALIENCE_ACCURACY = Metric(
    "salience_accuracy",
    "salience accuracy",
    SEVERAL,
    (0.0, 1.0),
    parts=_salience,
    of_sums=mean_of_sums,
    is_of_shares=True,
)
