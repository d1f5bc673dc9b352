"""Figures of merit of many confusion matrices at once, for searches and resampling."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


def confusion_counts(truth: Indices, prediction: Indices, n_labels: int) -> Numbers:
    """Return counts, ``(n_labels, n_labels)``: rows are the truth, columns the prediction."""
    cells = np.bincount(truth * n_labels + prediction, minlength=n_labels**2)
    return cells.reshape(n_labels, n_labels).astype(np.float64)


def grouped_confusions(
    truth: Indices, prediction: Indices, groups: Indices, n_labels: int
) -> Numbers:
    """Return the confusion matrix of each group, ``(n_groups, n_labels, n_labels)``."""
    n_groups = int(groups.max()) + 1
    cells = (groups * n_labels + truth) * n_labels + prediction
    counts = np.bincount(cells, minlength=n_groups * n_labels**2)
    return counts.reshape(n_groups, n_labels, n_labels).astype(np.float64)


def accuracy(confusions: Numbers) -> Numbers:
    """Return the share that is right, of ``(..., n_labels, n_labels)`` counts."""
    return _share(_right(confusions).sum(axis=-1), confusions.sum(axis=(-2, -1)))


def uar(confusions: Numbers) -> Numbers:
    """Return the mean recall over the labels that occur in the truth."""
    occurring = confusions.sum(axis=-1)
    recalls = _share(_right(confusions), occurring)
    return _share(recalls.sum(axis=-1), (occurring > 0).sum(axis=-1))


def weighted_f1(confusions: Numbers) -> Numbers:
    """Return F1 per label, averaged with the labels' share of the truth."""
    occurring = confusions.sum(axis=-1)
    return _share((_f1(confusions) * occurring).sum(axis=-1), occurring.sum(axis=-1))


def macro_f1(confusions: Numbers) -> Numbers:
    """Return the plain mean of F1 over the labels that occur in truth or prediction."""
    occurring = (confusions.sum(axis=-1) + confusions.sum(axis=-2)) > 0
    return _share(_f1(confusions).sum(axis=-1), occurring.sum(axis=-1))


FIGURES: Mapping[str, Callable[[Numbers], Numbers]] = {
    "accuracy": accuracy,
    "uar": uar,
    "weighted_f1": weighted_f1,
    "macro_f1": macro_f1,
}


def _right(confusions: Numbers) -> Numbers:
    return np.asarray(np.diagonal(confusions, axis1=-2, axis2=-1))


def _f1(confusions: Numbers) -> Numbers:
    both = confusions.sum(axis=-1) + confusions.sum(axis=-2)
    return _share(2 * _right(confusions), both)


def _share(part: Numbers, whole: npt.NDArray[np.generic]) -> Numbers:
    share: Numbers = np.divide(
        part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) > 0
    )
    return share
