"""What adds up over groups, and what metrics make of such sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.evaluation.metric import Codes, Numbers

ROUNDING = 1e-12  # of a variance, relative to the mean square
THERE = 0.5  # from here on something counts as there


def confusions(y_true: Codes, y_pred: Codes, group_codes: Codes, n_labels: int) -> Numbers:
    """Return per group counts, ``(n_groups, n_labels, n_labels + 1)``: true label by prediction.

    The last column counts clips without a prediction, whose class index is ``n_labels``.

    Examples:
        >>> confusions(np.array([0, 1, 1]), np.array([0, 0, 2]), np.zeros(3, int), 2).tolist()
        [[[1.0, 0.0, 0.0], [1.0, 0.0, 1.0]]]
    """
    shape = (int(group_codes.max(initial=0)) + 1, n_labels, n_labels + 1)
    cells = np.ravel_multi_index((group_codes, y_true, y_pred), shape)
    return np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)


def moments(y_true: Numbers, y_pred: Numbers, group_codes: Codes, n_labels: int) -> Numbers:
    """Return sums per group, ``(n_groups, 8)``.

    Count, both, their squares, their product, and the squared and the absolute error.
    """
    shift = y_true.mean() if len(y_true) else 0.0  # no digits are lost to a large mean
    t, p = y_true - shift, y_pred - shift
    columns = (np.ones_like(t), t, p, t**2, p**2, t * p, (t - p) ** 2, np.abs(t - p))
    return sums_of(group_codes, *columns)


def sums_of(group_codes: Codes, *columns: npt.NDArray[Any]) -> Numbers:
    """Return the sum of each column per group, ``(n_groups, n_columns)``.

    Examples:
        >>> sums_of(np.array([0, 1, 1]), np.array([1.0, 2.0, 3.0]), np.ones(3)).tolist()
        [[1.0, 1.0], [5.0, 2.0]]
    """
    n_groups = int(group_codes.max(initial=0)) + 1
    return np.column_stack([np.bincount(group_codes, column, n_groups) for column in columns])


def presences(y_true: Numbers, y_pred: Numbers, group_codes: Codes, n_labels: int) -> Numbers:
    """Return the counts of :func:`confusions` for what is there (1) or not (0); NaN is no answer.

    Examples:
        >>> presences(np.array([1.0, 0.0]), np.array([0.7, np.nan]), np.zeros(2, int), 1).tolist()
        [[[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]]
    """
    guessed = np.where(np.isnan(y_pred), 2, np.nan_to_num(y_pred) >= THERE).astype(np.intp)
    return confusions((y_true >= THERE).astype(np.intp), guessed, group_codes, 2)


def mean_of_sums(sums: Numbers) -> Numbers:
    """Return the mean of ``(..., 2)`` sums and counts; NaN of nothing."""
    return _share(sums[..., 0], sums[..., 1])


def accuracy(counts: Numbers) -> Numbers:
    """Return the share of clips that are right, of sums."""
    return _share(_right(counts).sum(axis=-1), counts.sum(axis=(-2, -1)))


def uar(counts: Numbers) -> Numbers:
    """Return the mean recall of the labels that occur in the truth, of sums."""
    occurring = counts.sum(axis=-1)
    recalls = _share(_right(counts), occurring, nothing=0.0)
    return _share(recalls.sum(axis=-1), (occurring > 0).sum(axis=-1))


def weighted_f1(counts: Numbers) -> Numbers:
    """Return the labels' F1, averaged with their share of the truth, of sums."""
    occurring = counts.sum(axis=-1)
    return _share((_f1(counts) * occurring).sum(axis=-1), occurring.sum(axis=-1))


def macro_f1(counts: Numbers) -> Numbers:
    """Return the mean F1 of labels that occur in truth or prediction, of sums."""
    occurring = (counts.sum(axis=-1) + counts[..., :-1].sum(axis=-2)) > 0
    return _share(_f1(counts).sum(axis=-1), occurring.sum(axis=-1))


def f1_of_presence(counts: Numbers) -> Numbers:
    """Return the F1 of what is there; 0 where nothing is or is said to be, of sums."""
    n_there, n_said = counts[..., 1, :].sum(axis=-1), counts[..., :, 1].sum(axis=-1)
    f1 = _share(2 * counts[..., 1, 1], n_there + n_said, nothing=0.0)
    return np.where(counts.sum(axis=(-2, -1)) > 0, f1, np.nan)


def mse(sums: Numbers) -> Numbers:
    """Return the mean squared error, of sums."""
    return _share(sums[..., 6], sums[..., 0])


def rmse(sums: Numbers) -> Numbers:
    """Return its root, of sums."""
    return np.asarray(np.sqrt(mse(sums)))


def mae(sums: Numbers) -> Numbers:
    """Return the mean absolute error, of sums."""
    return _share(sums[..., 7], sums[..., 0])


def agreement(sums: Numbers, *, is_concordance: bool) -> Numbers:
    """Return CCC or PCC of sums; 0 where truth or prediction never varies."""
    n, t, p, tt, pp, tp, *_ = np.moveaxis(sums, -1, 0)
    mean_t, mean_p = _share(t, n), _share(p, n)
    covariance = _share(tp, n) - mean_t * mean_p
    of_truth, of_prediction = _share(tt, n) - mean_t**2, _share(pp, n) - mean_p**2
    if is_concordance:
        spread = (of_truth + of_prediction + (mean_t - mean_p) ** 2) / 2
    else:
        spread = np.sqrt(np.maximum(of_truth * of_prediction, 0))
    never_varies = of_truth <= ROUNDING * _share(tt, n)
    never_varies |= of_prediction <= ROUNDING * _share(pp, n)
    agreement = np.divide(covariance, spread, out=np.zeros_like(spread), where=~never_varies)
    return np.where(n > 0, agreement, np.nan)


def auc(y_true: Numbers, y_pred: Numbers) -> float:
    """Return the area under the ROC curve; ValueError unless the truth has zeros and ones.

    No answer, NaN, is as wrong as can be: below all others where it is there, else above them.

    Examples:
        >>> auc(np.array([0.0, 1.0, 1.0]), np.array([0.2, 0.7, 0.9]))
        1.0
        >>> auc(np.array([0.0, 1.0, 1.0]), np.array([0.2, np.nan, 0.9]))
        0.5
    """
    if set(np.unique(y_true).tolist()) != {0.0, 1.0}:
        raise ValueError("the area under the ROC curve needs zeros and ones in the truth")
    from sklearn.metrics import roc_auc_score

    known = y_pred[~np.isnan(y_pred)]
    below, above = known.min(initial=0.0) - 1, known.max(initial=0.0) + 1
    worst = np.where(y_true == 1, below, above)
    return float(roc_auc_score(y_true, np.where(np.isnan(y_pred), worst, y_pred)))


def _right(counts: Numbers) -> Numbers:
    return np.asarray(np.diagonal(counts[..., :-1], axis1=-2, axis2=-1))


def _f1(counts: Numbers) -> Numbers:
    both = counts.sum(axis=-1) + counts[..., :-1].sum(axis=-2)
    return _share(2 * _right(counts), both, nothing=0.0)


def _share(part: Numbers, whole: npt.NDArray[Any], nothing: float = np.nan) -> Numbers:
    out = np.full(np.shape(part), nothing)
    shared: Numbers = np.divide(part, whole, out=out, where=np.asarray(whole) > 0)
    return shared
