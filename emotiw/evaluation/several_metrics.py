"""Metrics of several answers at once: of whole rows, or of single metrics put together."""

from __future__ import annotations

from typing import Any

import numpy as np

from emotiw.evaluation.group_sums import THERE, mean_of_sums, sums_of
from emotiw.evaluation.metric import SEVERAL, Codes, Metric, Numbers
from emotiw.evaluation.single_metrics import CCC, F1, MACRO_F1, MSE, WEIGHTED_F1


def _rows(y_true: Numbers, y_pred: Numbers, group_codes: Codes, each: Numbers) -> Numbers:
    known = ~np.isnan(y_true).any(axis=1) & np.isfinite(each)
    return sums_of(group_codes, np.where(known, each, 0.0), known)


def _alike(y_true: Numbers, y_pred: Numbers) -> Any:
    """Return ``(n, n_answers)``: where both say that it is there, or not; no answer is wrong."""
    return ~np.isnan(y_pred) & ((y_true >= THERE) == (np.nan_to_num(y_pred) >= THERE))


def _exact(y_true: Numbers, y_pred: Numbers, group_codes: Codes, n_labels: int) -> Numbers:
    each = _alike(y_true, y_pred).all(axis=1).astype(np.float64)
    return _rows(y_true, y_pred, group_codes, each)


def _hamming(y_true: Numbers, y_pred: Numbers, group_codes: Codes, n_labels: int) -> Numbers:
    return _rows(y_true, y_pred, group_codes, (~_alike(y_true, y_pred)).mean(axis=1))


def _jaccard(y_true: Numbers, y_pred: Numbers, group_codes: Codes, n_labels: int) -> Numbers:
    told, said = y_true >= THERE, np.nan_to_num(y_pred) >= THERE
    union = (told | said).sum(axis=1)
    each = np.divide((told & said).sum(axis=1), union, out=np.zeros(len(told)), where=union > 0)
    return _rows(y_true, y_pred, group_codes, each)


# all labels of a row right
EXACT_MATCH = Metric(
    "exact_match", "exact match", SEVERAL, (0.0, 1.0), parts=_exact, of_sums=mean_of_sums
)
# the share of labels that are wrong
HAMMING = Metric(
    "hamming",
    "Hamming loss",
    SEVERAL,
    (0.0, 1.0),
    is_higher_better=False,
    parts=_hamming,
    of_sums=mean_of_sums,
)
# of the labels that are there or said to be, those that are both; mean over rows, 0 of no labels
JACCARD = Metric("jaccard", "Jaccard", SEVERAL, (0.0, 1.0), parts=_jaccard, of_sums=mean_of_sums)
# Lian et al. 2023: WF1 of the label less a quarter of the squared error of valence
MER2023 = Metric(
    "mer2023",
    "WF1 - 0.25 MSE",
    SEVERAL,
    (-np.inf, 1.0),
    is_percent=False,
    terms=((WEIGHTED_F1, 1.0), (MSE, -0.25)),
)
# level and presence weigh the same: half the mean CCC, half the mean F1
CCC_AND_F1 = Metric(
    "ccc_and_f1",
    "(CCC + F1) / 2",
    SEVERAL,
    (-0.5, 1.0),
    is_percent=False,
    terms=((CCC, 0.5), (F1, 0.5)),
)
# Kollias 2022: mean CCC of valence and arousal, F1 of expressions, mean F1 of action units
ABAW_MTL = Metric(
    "abaw_mtl",
    "P",
    SEVERAL,
    (-1.0, 3.0),
    is_percent=False,
    terms=((CCC, 1.0), (MACRO_F1, 1.0), (F1, 1.0)),
)
