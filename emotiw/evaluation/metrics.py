"""All metrics by name: the only place where a name becomes a metric."""

from __future__ import annotations

from emotiw.core.errors import ConfigError
from emotiw.core.registry import Registry
from emotiw.core.several import Several
from emotiw.core.task import Task
from emotiw.evaluation.answer_metrics import bound, judges, metrics_of_several
from emotiw.evaluation.metric import Metric

__all__ = ["METRICS", "Metric", "metric_named", "metrics_of"]

METRICS: Registry[Metric] = Registry(
    "metric",
    {
        "accuracy": "emotiw.evaluation.single_metrics:ACCURACY",
        "uar": "emotiw.evaluation.single_metrics:UAR",
        "weighted_f1": "emotiw.evaluation.single_metrics:WEIGHTED_F1",
        "macro_f1": "emotiw.evaluation.single_metrics:MACRO_F1",
        "mse": "emotiw.evaluation.single_metrics:MSE",
        "rmse": "emotiw.evaluation.single_metrics:RMSE",
        "mae": "emotiw.evaluation.single_metrics:MAE",
        "ccc": "emotiw.evaluation.single_metrics:CCC",
        "pearson": "emotiw.evaluation.single_metrics:PEARSON",
        "auc": "emotiw.evaluation.single_metrics:AUC",
        "f1": "emotiw.evaluation.single_metrics:F1",
        "ccc_per_clip": "emotiw.evaluation.single_metrics:CCC_PER_CLIP",
        "pearson_per_clip": "emotiw.evaluation.single_metrics:PEARSON_PER_CLIP",
        "exact_match": "emotiw.evaluation.several_metrics:EXACT_MATCH",
        "hamming": "emotiw.evaluation.several_metrics:HAMMING",
        "jaccard": "emotiw.evaluation.several_metrics:JACCARD",
        "mer2023": "emotiw.evaluation.several_metrics:MER2023",
        "presence_accuracy": "emotiw.evaluation.blend_metrics:PRESENCE_ACCURACY",
        "salience_accuracy": "emotiw.evaluation.blend_metrics:SALIENCE_ACCURACY",
        "ccc_and_f1": "emotiw.evaluation.several_metrics:CCC_AND_F1",
        "abaw_mtl": "emotiw.evaluation.several_metrics:ABAW_MTL",
    },
)


def metric_named(name: str, task: Task | None = None) -> Metric:
    """Return the metric of that name, or a user's own as ``module:attribute``.

    Of several answers, a metric of single ones is its mean over them, and ``ccc.valence`` is that
    of one answer.

    Args:
        name: of the metric.
        task: what it has to judge.

    Raises:
        ConfigError: if there is none, it is no :class:`Metric`, or it judges another task.
    """
    base, _, answer = (name, "", "") if ":" in name else name.partition(".")
    metric = METRICS.resolve(base)
    if not isinstance(metric, Metric):
        raise ConfigError(f"metric {base!r} is a {type(metric).__name__}, expected a Metric")
    if task is None:
        return metric
    if isinstance(task, Several):
        return bound(metric, task, answer)
    if not judges(metric, task) or answer:
        known = ", ".join(each.name for each in metrics_of(task))
        raise ConfigError(f"metric {name!r} judges a {metric.task}, not a {task.kind} ({known})")
    return metric


def metrics_of(task: Task, main: str | None = None) -> tuple[Metric, ...]:
    """Return the metrics that suit a task and have intervals; the main one first.

    Of several answers these are the main metric, that of each answer, and all that suit them
    together.
    """
    known = [METRICS.resolve(name) for name in METRICS.names()]
    if isinstance(task, Several):
        return metrics_of_several(task, main, known)
    suited = [each for each in known if each.task == task.kind and each.parts is not None]
    first = [metric_named(main, task)] if main else []
    return tuple(dict.fromkeys([*first, *suited]))
