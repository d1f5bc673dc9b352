"""Results as platforms return them: the scores of Codabench and CodaLab, the JSON of EvalAI."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from emotiw.core.errors import SubmissionError
from emotiw.evaluation.metric import Metric
from submissions.result_sheet import ResultSheet

ALIASES = {
    "accuracy": ("acc", "war", "wa"),
    "uar": ("ua", "balanced_accuracy", "unweighted_average_recall"),
    "weighted_f1": ("waf", "wf1", "f1_weighted", "weighted_average_f1", "f1", "f1_score"),
    "macro_f1": ("f1_macro", "mf1", "f1", "f1_score", "avg_f1"),
    "ccc": ("mean_ccc", "ccc_mean", "average_ccc"),
    "pearson": ("mean_pearson", "pearsonr", "pcc", "rho"),
    "auc": ("roc_auc", "auroc"),
    "mse": ("mean_squared_error", "mean_square_error"),
    "rmse": ("root_mean_squared_error",),
}
OFFICIAL = re.compile("Classification Accuracy|Mean Square Error", re.IGNORECASE)  # EmotiW's own
TOTALS = ("score", "final_score", "overall", "total")
LINE = re.compile(r"\s*(?P<name>[\w .%/-]+?)\s*[:=]\s*(?P<value>[-+]?\d[\d.eE+-]*)\s*%?\s*")


def read_platform_result(text: str, metric: Metric, *, where: str = "result") -> ResultSheet | None:
    """Return what a platform says of an attempt, or None where the text is no such result.

    Codabench keeps ``scores.json``, one object of names and numbers; CodaLab ``scores.txt``, one
    ``name: number`` a line; EvalAI a list of objects by split and phase. The number is the one
    that is called like the metric, or by another name for it, or the only one. Shares of one are
    turned into percent where the metric is given so.

    Args:
        text: of the file.
        metric: the challenge's own.
        where: of the file, for messages.

    Raises:
        SubmissionError: if it is such a result, but which number counts isn't clear.

    Examples:
        >>> from emotiw.evaluation.metrics import metric_named
        >>> accuracy = metric_named("accuracy")
        >>> read_platform_result('{"accuracy": 0.6103, "duration": 2.5}', accuracy).value
        61.03
        >>> read_platform_result('{"result": [{"test": {"Acc": 61.03}}]}', accuracy).value
        61.03
    """
    numbers = _numbers(text)
    if numbers is None:
        return None
    name = _name_of(metric, numbers, where)
    told = {value for other, value in numbers if _plain(other) == _plain(name)}
    if len(told) > 1:
        listed = ", ".join(f"{value:g}" for value in sorted(told))
        raise SubmissionError(f"{where}: {name} is {listed}: which counts? Note it with --value")
    value = score_as_kept(metric, told.pop(), where=f"{where}: {name}")
    rest = {other: f"{number:g}" for other, number in numbers if other != name}
    return ResultSheet(metric.name, repr(value), rest)


def score_as_kept(metric: Metric, value: float, *, where: str) -> float:
    """Return a score as the ledger keeps it: in percent where the metric is printed so.

    Args:
        metric: the challenge's own.
        value: a share of one, or in percent.
        where: it was told, for messages.

    Raises:
        SubmissionError: if the metric can't have such a value.

    Examples:
        >>> from emotiw.evaluation.metrics import metric_named
        >>> [score_as_kept(metric_named("uar"), told, where="") for told in (0.41, 41.0)]
        [41.0, 41.0]
    """
    if metric.scale == 100 and 0 <= value <= 1:
        value = round(100 * value, 10)
    low, high = (metric.scale * limit for limit in metric.limits)
    if not (low <= value <= high and math.isfinite(value)):
        raise SubmissionError(f"{where} is {value:g}: {metric.name} is from {low:g} to {high:g}")
    return value


def _numbers(text: str) -> list[tuple[str, float]] | None:
    try:
        told = json.loads(text, object_pairs_hook=list)  # of tuples: a name may come twice
    except (ValueError, RecursionError):
        lines = [line for line in text.splitlines() if line.strip()]
        matches = [LINE.fullmatch(line) for line in lines]
        if not lines or not all(matches) or OFFICIAL.search(text):
            return None
        try:
            return [(m["name"].strip(), float(m["value"])) for m in matches if m is not None]
        except ValueError:
            return None
    return list(_leaves(told)) or None if isinstance(told, list) else None


def _leaves(told: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Yield every number of a JSON with the innermost name above it."""
    if isinstance(told, bool):
        return
    if isinstance(told, int | float):
        yield name, float(told)
    elif isinstance(told, tuple):
        yield from _leaves(told[1], str(told[0]))
    elif isinstance(told, list):
        for value in told:
            yield from _leaves(value, name)


def _name_of(metric: Metric, numbers: list[tuple[str, float]], where: str) -> str:
    plain = {_plain(name): name for name, _ in numbers}
    for wanted in (metric.name, *ALIASES.get(metric.name, ()), *TOTALS):
        if wanted in plain:
            return plain[wanted]
    others = {name for name in ALIASES if name != metric.name}
    if len(plain) == 1 and not others & plain.keys():
        return next(iter(plain.values()))
    listed = ", ".join(f"{name} {value:g}" for name, value in numbers)
    raise SubmissionError(
        f"{where}: none of these is called {metric.name}: {listed}; note it with --value"
    )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
