"""The field's metrics, each one an object that whoever judges, chooses or prints asks.

A metric is a function of sums over groups (a confusion matrix, or moments of targets), so that
its value, its interval and its test are the same arithmetic and can't come to other digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError
from emotiw.core.registry import Registry
from emotiw.core.task import Task

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
ROUNDING = 1e-12  # of a variance, relative to the mean square
Parts = Callable[[Any, Any, Codes, int], Numbers]


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        name: as recipes and challenge specs call it.
        title: as tables print it.
        task: the kind of task that it judges.
        limits: the smallest and largest value.
        is_higher_better: its direction.
        is_percent: usually printed times 100.
        of_sums: of ``(..., *shape)`` sums of parts, their ``(...)`` values; NaN where undefined.
        parts: of (y_true, y_pred, group of each clip, number of labels), one part per group; None
            for a metric that doesn't add up, which ``function`` then computes.
        function: of (y_true, y_pred); ValueError where it is undefined.
        no_interval: why there is none, for a metric that doesn't add up.

    Examples:
        >>> metric_named("accuracy")(["a", "a", "b", "b"], ["a", "a", "b", "a"])
        0.75
        >>> metric_named("accuracy").shown(0.75), metric_named("ccc").shown(0.75)
        ('75.00 %', '0.7500')
    """

    name: str
    title: str
    task: str
    limits: tuple[float, float]
    is_higher_better: bool = True
    is_percent: bool = True
    of_sums: Callable[[Numbers], Numbers] | None = None
    parts: Parts | None = None
    function: Callable[[Any, Any], float] | None = None
    no_interval: str = ""

    def __repr__(self) -> str:
        return f"<Metric {self.name}>"

    def __call__(self, y_true: Sequence[Any], y_pred: Sequence[Any]) -> float:
        """Return the metric of labels, class indices or numbers.

        Raises:
            ValueError: if there are no clips, not as many predictions, or it is undefined.
        """
        truth, predicted, n_labels = np.asarray(y_true), np.asarray(y_pred), 0
        if truth.ndim != 1 or truth.shape != predicted.shape:
            shapes = f"shape {truth.shape}, predictions of shape {predicted.shape}"
            raise ValueError(f"expected as many predictions as true values, got {shapes}")
        if not len(truth):
            raise ValueError("no clips to judge")
        if self.task == "classification":
            labels, codes = np.unique([*y_true, *y_pred], return_inverse=True)
            truth, predicted, n_labels = *np.split(codes, 2), len(labels)
        value = self.value(truth, predicted, n_labels)
        if not np.isfinite(value):
            raise ValueError(f"{self.title} is not defined for these {len(y_true)} clips")
        return value

    def value(self, y_true: Any, y_pred: Any, n_labels: int) -> float:
        """Return the metric of ``(n,)`` class indices or targets; NaN where it is undefined."""
        if self.parts is None or self.of_sums is None:
            assert self.function is not None
            try:
                return float(self.function(y_true, y_pred))
            except ValueError:
                return float("nan")
        everyone = np.zeros(len(y_true), dtype=np.intp)
        return float(self.of_sums(self.parts(y_true, y_pred, everyone, n_labels)[0]))

    def signed(self, value: float) -> float:
        """Return a value of which more is always better."""
        return value if self.is_higher_better else -value

    @property
    def scale(self) -> float:
        """What values are multiplied by where they are printed."""
        return 100.0 if self.is_percent else 1.0

    @property
    def heading(self) -> str:
        """The title with its unit, above a column of numbers."""
        return f"{self.title} (%)" if self.is_percent else self.title

    def number(self, value: float, *, sign: bool = False) -> str:
        """Return a value as every table prints it, without its unit; nothing where it is NaN."""
        if not np.isfinite(value):
            return ""
        plus, digits = "+" if sign else "", 2 if self.is_percent else 4
        return f"{self.scale * value:{plus}.{digits}f}"

    def shown(self, value: float, *, sign: bool = False) -> str:
        """Return the same with its unit."""
        number = self.number(value, sign=sign)
        return f"{number} %" if number and self.is_percent else number

    def span(self, low: float, high: float) -> str:
        """Return an interval as every table prints it; nothing where there is none."""
        ends = [self.number(low), self.number(high)]
        return "–".join(ends) if all(ends) else ""


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
    n_groups = int(group_codes.max(initial=0)) + 1
    return np.column_stack([np.bincount(group_codes, column, n_groups) for column in columns])


def _accuracy(counts: Numbers) -> Numbers:
    return _share(_right(counts).sum(axis=-1), counts.sum(axis=(-2, -1)))


def _uar(counts: Numbers) -> Numbers:
    occurring = counts.sum(axis=-1)
    recalls = _share(_right(counts), occurring, nothing=0.0)
    return _share(recalls.sum(axis=-1), (occurring > 0).sum(axis=-1))


def _weighted_f1(counts: Numbers) -> Numbers:
    occurring = counts.sum(axis=-1)
    return _share((_f1(counts) * occurring).sum(axis=-1), occurring.sum(axis=-1))


def _macro_f1(counts: Numbers) -> Numbers:
    occurring = (counts.sum(axis=-1) + counts[..., :-1].sum(axis=-2)) > 0
    return _share(_f1(counts).sum(axis=-1), occurring.sum(axis=-1))


def _mse(sums: Numbers) -> Numbers:
    return _share(sums[..., 6], sums[..., 0])


def _rmse(sums: Numbers) -> Numbers:
    return np.asarray(np.sqrt(_mse(sums)))


def _mae(sums: Numbers) -> Numbers:
    return _share(sums[..., 7], sums[..., 0])


def _agreement(sums: Numbers, *, is_concordance: bool) -> Numbers:
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


def _auc(y_true: Numbers, y_pred: Numbers) -> float:
    if set(np.unique(y_true).tolist()) != {0.0, 1.0}:
        raise ValueError("the area under the ROC curve needs zeros and ones in the truth")
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(y_true, y_pred))


def _right(counts: Numbers) -> Numbers:
    return np.asarray(np.diagonal(counts[..., :-1], axis1=-2, axis2=-1))


def _f1(counts: Numbers) -> Numbers:
    both = counts.sum(axis=-1) + counts[..., :-1].sum(axis=-2)
    return _share(2 * _right(counts), both, nothing=0.0)


def _share(part: Numbers, whole: npt.NDArray[Any], nothing: float = np.nan) -> Numbers:
    out = np.full(np.shape(part), nothing)
    shared: Numbers = np.divide(part, whole, out=out, where=np.asarray(whole) > 0)
    return shared


_of_labels = partial(Metric, task="classification", limits=(0.0, 1.0), parts=confusions)
_of_numbers = partial(Metric, task="regression", is_percent=False, parts=moments)

# the field also calls it WAR
ACCURACY = _of_labels("accuracy", "accuracy", of_sums=_accuracy)
# over the labels that occur in the truth
UAR = _of_labels("uar", "UAR", of_sums=_uar)
# averaged with the labels' share of the truth
WEIGHTED_F1 = _of_labels("weighted_f1", "WF1", of_sums=_weighted_f1)
# over the labels that occur in truth or prediction
MACRO_F1 = _of_labels("macro_f1", "F1", of_sums=_macro_f1)
MSE = _of_numbers("mse", "MSE", limits=(0.0, np.inf), is_higher_better=False, of_sums=_mse)
RMSE = _of_numbers("rmse", "RMSE", limits=(0.0, np.inf), is_higher_better=False, of_sums=_rmse)
MAE = _of_numbers("mae", "MAE", limits=(0.0, np.inf), is_higher_better=False, of_sums=_mae)
# Lin 1989, with population variances; 0 where either never varies
CCC = _of_numbers(
    "ccc", "CCC", limits=(-1.0, 1.0), of_sums=partial(_agreement, is_concordance=True)
)
PEARSON = _of_numbers(
    "pearson", "PCC", limits=(-1.0, 1.0), of_sums=partial(_agreement, is_concordance=False)
)
AUC = Metric(
    "auc",
    "AUC",
    "regression",
    (0.0, 1.0),
    is_percent=False,
    function=_auc,
    no_interval="the area under the ROC curve doesn't add up over groups",
)

METRICS: Registry[Metric] = Registry(
    "metric",
    {
        "accuracy": "emotiw.evaluation.metrics:ACCURACY",
        "uar": "emotiw.evaluation.metrics:UAR",
        "weighted_f1": "emotiw.evaluation.metrics:WEIGHTED_F1",
        "macro_f1": "emotiw.evaluation.metrics:MACRO_F1",
        "mse": "emotiw.evaluation.metrics:MSE",
        "rmse": "emotiw.evaluation.metrics:RMSE",
        "mae": "emotiw.evaluation.metrics:MAE",
        "ccc": "emotiw.evaluation.metrics:CCC",
        "pearson": "emotiw.evaluation.metrics:PEARSON",
        "auc": "emotiw.evaluation.metrics:AUC",
    },
)


def metric_named(name: str, task: Task | None = None) -> Metric:
    """Return the metric of that name, or a user's own as ``module:attribute``.

    Args:
        name: of the metric.
        task: what it has to judge.

    Raises:
        ConfigError: if there is none, it is no :class:`Metric`, or it judges another task.
    """
    metric = METRICS.resolve(name)
    if not isinstance(metric, Metric):
        raise ConfigError(f"metric {name!r} is a {type(metric).__name__}, expected a Metric")
    if task is not None and metric.task != task.kind:
        known = ", ".join(each.name for each in metrics_of(task))
        raise ConfigError(f"metric {name!r} judges a {metric.task}, not a {task.kind} ({known})")
    return metric


def metrics_of(task: Task, main: str | None = None) -> tuple[Metric, ...]:
    """Return the metrics that suit a task and have intervals; the main one first."""
    known = [METRICS.resolve(name) for name in METRICS.names()]
    suited = [each for each in known if each.task == task.kind and each.parts is not None]
    first = [metric_named(main, task)] if main else []
    return tuple(dict.fromkeys([*first, *suited]))
