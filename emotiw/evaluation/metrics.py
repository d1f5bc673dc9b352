"""The field's figures of merit, each with its formula named and its direction known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError, suggest

Labels = Sequence[str]
Numbers = Sequence[float] | npt.NDArray[np.float64]


def accuracy(truth: Labels, prediction: Labels) -> float:
    """Return the share of clips that are right, in [0, 1]; the field also calls it WAR.

    Examples:
        >>> accuracy(["a", "a", "b", "b"], ["a", "a", "b", "a"])
        0.75
    """
    _check(truth, prediction)
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(truth, prediction))


def uar(truth: Labels, prediction: Labels) -> float:
    """Return the unweighted average recall over the labels that occur in the truth, in [0, 1].

    Examples:
        >>> uar(["a", "a", "a", "b"], ["a", "a", "a", "a"])
        0.5
    """
    _check(truth, prediction)
    from sklearn.metrics import recall_score

    return float(
        recall_score(truth, prediction, labels=sorted(set(truth)), average="macro", zero_division=0)
    )


def weighted_f1(truth: Labels, prediction: Labels) -> float:
    """Return F1 per label, averaged with the labels' share of the truth, in [0, 1].

    Examples:
        >>> round(weighted_f1(["a", "a", "b", "b"], ["a", "a", "b", "a"]), 4)
        0.7333
    """
    return _f1(truth, prediction, "weighted")


def macro_f1(truth: Labels, prediction: Labels) -> float:
    """Return the plain mean of F1 per label over truth and predictions, in [0, 1].

    Examples:
        >>> round(macro_f1(["a", "a", "b", "b"], ["a", "a", "b", "a"]), 4)
        0.7333
    """
    return _f1(truth, prediction, "macro")


def mse(truth: Numbers, prediction: Numbers) -> float:
    """Return the mean squared error, ≥ 0.

    Examples:
        >>> mse([0.0, 1.0], [0.0, 3.0])
        2.0
    """
    _check(truth, prediction)
    return float(np.mean((np.asarray(truth) - np.asarray(prediction)) ** 2))


def rmse(truth: Numbers, prediction: Numbers) -> float:
    """Return the square root of the mean squared error, ≥ 0.

    Examples:
        >>> rmse([0.0, 0.0], [3.0, 3.0])
        3.0
    """
    return float(np.sqrt(mse(truth, prediction)))


def ccc(truth: Numbers, prediction: Numbers) -> float:
    """Return Lin's concordance correlation coefficient with population variances, in [-1, 1].

    A prediction that never varies has no correlation with anything: 0.

    Source:
        Lin 1989, through audmetric. Sample variances would give a slightly larger figure.

    Examples:
        >>> ccc([0.0, 1.0, 2.0], [0.0, 1.0, 2.0])
        1.0
        >>> ccc([0.0, 1.0, 2.0], [1.0, 1.0, 1.0])
        0.0
    """
    _check(truth, prediction)
    if np.ptp(np.asarray(prediction)) == 0 or np.ptp(np.asarray(truth)) == 0:
        return 0.0
    import audmetric

    return float(audmetric.concordance_cc(np.asarray(truth), np.asarray(prediction)))


def pearson(truth: Numbers, prediction: Numbers) -> float:
    """Return Pearson's correlation coefficient, in [-1, 1]; 0 where either never varies.

    Examples:
        >>> round(pearson([0.0, 1.0, 2.0], [5.0, 7.0, 9.0]), 9)
        1.0
        >>> pearson([0.0, 1.0], [3.0, 3.0])
        0.0
    """
    _check(truth, prediction)
    if np.ptp(np.asarray(prediction)) == 0 or np.ptp(np.asarray(truth)) == 0:
        return 0.0
    return float(np.corrcoef(np.asarray(truth), np.asarray(prediction))[0, 1])


def auc(truth: Numbers, prediction: Numbers) -> float:
    """Return the area under the ROC curve of a truth of zeros and ones, in [0, 1].

    Raises:
        ValueError: if the truth doesn't hold both.

    Examples:
        >>> auc([0.0, 0.0, 1.0, 1.0], [0.1, 0.6, 0.5, 0.9])
        0.75
    """
    _check(truth, prediction)
    if set(np.unique(np.asarray(truth)).tolist()) != {0.0, 1.0}:
        raise ValueError("the area under the ROC curve needs zeros and ones in the truth")
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(np.asarray(truth), np.asarray(prediction)))


def confusion_matrix(truth: Labels, prediction: Labels, labels: Labels) -> npt.NDArray[np.int64]:
    """Return counts, ``(n_labels, n_labels)``: rows are the truth, columns the prediction.

    Examples:
        >>> confusion_matrix(["a", "b"], ["b", "b"], ["a", "b"]).tolist()
        [[0, 1], [0, 1]]
    """
    _check(truth, prediction)
    from sklearn.metrics import confusion_matrix as count

    return np.asarray(count(truth, prediction, labels=list(labels)), dtype=np.int64)


@dataclass(frozen=True)
class Metric:
    """A figure of merit by name.

    Attributes:
        name: as recipes and challenge specs call it.
        function: of (truth, prediction).
        is_higher_better: its direction.
        is_percent: usually printed times 100.
        task: what it judges.
    """

    name: str
    function: Callable[[Any, Any], float]
    is_higher_better: bool
    is_percent: bool
    task: str


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", accuracy, True, True, "classification"),
        Metric("uar", uar, True, True, "classification"),
        Metric("weighted_f1", weighted_f1, True, True, "classification"),
        Metric("macro_f1", macro_f1, True, True, "classification"),
        Metric("mse", mse, False, False, "regression"),
        Metric("rmse", rmse, False, False, "regression"),
        Metric("ccc", ccc, True, False, "regression"),
        Metric("pearson", pearson, True, False, "regression"),
        Metric("auc", auc, True, False, "detection"),
    )
}


def metric_named(name: str) -> Metric:
    """Return the metric of that name.

    Raises:
        ConfigError: if there is none.
    """
    if name not in METRICS:
        known = ", ".join(METRICS)
        raise ConfigError(f"unknown metric {name!r}{suggest(name, METRICS)} (known: {known})")
    return METRICS[name]


def _f1(truth: Labels, prediction: Labels, average: str) -> float:
    _check(truth, prediction)
    from sklearn.metrics import f1_score

    return float(f1_score(truth, prediction, average=average, zero_division=0))


def _check(truth: Sequence[Any] | npt.NDArray[Any], prediction: Any) -> None:
    if np.shape(truth) != np.shape(prediction):
        # two arrays of other shapes would be compared all with all
        raise ValueError(
            f"true values of shape {np.shape(truth)}, predictions of shape {np.shape(prediction)}"
        )
    if not len(truth):
        raise ValueError("no clips to judge")
