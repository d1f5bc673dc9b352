"""Metrics of several answers: those of single answers, each on its own columns, put together.

What nobody annotated counts for nothing: each answer is judged on the rows where it is known. The
sums of all answers stand side by side, so that their mean has its interval over groups like any
other metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from emotiw.core.errors import ConfigError, suggest
from emotiw.core.several import Several
from emotiw.core.task import Task
from emotiw.evaluation.metric import SEVERAL, Codes, Metric, Numbers

SHARES = (0.0, 100.0)  # the range of each, where answers are shares
Term = tuple[int, Metric, float]  # which answer, by what, and how much it adds


def judges(metric: Metric, answer: Task) -> bool:
    """Return whether a metric can judge a single answer; one of ranks takes probabilities too."""
    return metric.task == answer.kind or (answer.kind == "presence" and metric.name == "auc")


@lru_cache(maxsize=256)
def bound(metric: Metric, task: Several, answer: str = "") -> Metric:
    """Return a metric as it judges these answers, or one of them.

    Raises:
        ConfigError: if it judges none of them, there is no such answer, or it needs others.
    """
    if answer:
        return _of_one(metric, task, answer)
    if metric.is_of_shares:
        unfit = [name for name, each in zip(task.names, task.answers, strict=True)
                 if each.target_range != SHARES]  # fmt: skip
        if unfit:
            told = f"judges shares of 100, and {unfit[0]!r} is none"
            raise ConfigError(f"metric {metric.name!r} {told}")
        return metric
    if metric.task == SEVERAL and not metric.terms:
        unfit = [name for name, each in zip(task.names, task.answers, strict=True)
                 if each.kind != "presence"]  # fmt: skip
        if unfit:
            kind = task.answers[task.names.index(unfit[0])].kind
            told = f"judges what is there or not, and {unfit[0]!r} is a {kind}"
            raise ConfigError(f"metric {metric.name!r} {told}")
        return metric
    if metric.terms:
        return _put_together(metric, task, _terms(metric, task))
    base = metric.within or metric
    places = [place for place, each in enumerate(task.answers) if judges(base, each)]
    if len(places) < len(task.answers):
        unfit = [name for place, name in enumerate(task.names) if place not in places]
        raise ConfigError(f"metric {metric.name!r} judges a {base.task}: not {', '.join(unfit)}")
    mean = _put_together(base, task, [(place, base, 1 / len(places)) for place in places])
    return mean if metric.within is None else replace(metric, task=SEVERAL, within=mean)


def metrics_of_several(
    task: Several, main: str | None, known: Sequence[Metric]
) -> tuple[Metric, ...]:
    """Return the metrics of several answers that have intervals, as ``metrics_of`` does."""
    base, _, asked = (main or "").partition(".")
    own = next((each for each in known if each.name == base), None)
    are_shares = own is not None and own.is_of_shares  # of a whole, and not any numbers
    found = []
    for metric in (each for each in known if each.within is None):
        if metric.is_of_shares and not are_shares:
            continue
        try:
            found.append(bound(metric, task))
        except ConfigError:
            continue
    first = [] if own is None else [bound(own, task, asked)]
    single = []
    for name, answer in zip(task.names, task.answers, strict=True):
        fits = own is not None and judges(own.within or own, answer)
        chosen = own if fits else _main_of(answer, own, known)
        single.append(bound(chosen, task, name))
    told: dict[str, Metric] = {}
    for each in (*first, *single, *found):
        if each.of_sums is not None:
            told.setdefault(each.name, each)
    return tuple(told.values())


def _main_of(answer: Any, own: Metric | None, known: Sequence[Metric]) -> Metric:
    """Return the metric of a single answer: the term of the main one, or its kind's own."""
    for metric, _ in own.terms if own is not None else ():
        if judges(metric, answer):
            return metric
    return next(each for each in known if each.name == answer.main_metric)


def _of_one(metric: Metric, task: Several, answer: str) -> Metric:
    if answer not in task.names:
        hint = suggest(answer, task.names)
        raise ConfigError(f"no answer {answer!r}{hint} (known: {', '.join(task.names)})")
    place = task.names.index(answer)
    base = metric.within or metric
    if not judges(base, task.answers[place]):
        kind = task.answers[place].kind
        raise ConfigError(f"metric {metric.name!r} judges a {metric.task}, {answer!r} is a {kind}")
    name, title = f"{metric.name}.{answer}", f"{metric.title} {answer}"
    one = replace(_put_together(base, task, [(place, base, 1.0)]), name=name, title=title)
    if metric.within is None:
        return one
    return replace(metric, task=SEVERAL, within=one, name=name, title=title)


def _terms(metric: Metric, task: Several) -> list[Term]:
    """Return which answer counts how much; answers of one kind share what their kind adds."""
    found: list[Term] = []
    for base, share in metric.terms:
        places = [place for place, answer in enumerate(task.answers) if judges(base, answer)]
        if not places:
            raise ConfigError(f"metric {metric.name!r} needs a {base.task} among the answers")
        found += [(place, base, share / len(places)) for place in places]
    return found


def _put_together(metric: Metric, task: Several, terms: Sequence[Term]) -> Metric:
    """Return a metric that adds up what terms come to, each on the rows where it is known."""
    shapes = [_shape(base, task, place) for place, base, _ in terms]
    sizes = [int(np.prod(shape)) for shape in shapes]
    ends = np.cumsum(sizes).tolist()

    def own(y_true: Numbers, y_pred: Numbers, place: int) -> tuple[Any, Any, Any]:
        known = ~np.isnan(y_true[:, place])
        if not task.answers[place].counts_missing:
            known &= ~np.isnan(y_pred[:, place])
        truth, guess = y_true[known, place], y_pred[known, place]
        if task.answers[place].is_label:
            truth, guess = truth.astype(np.intp), guess.astype(np.intp)
        return known, truth, guess

    def parts(y_true: Numbers, y_pred: Numbers, group_codes: Codes, n_labels: int) -> Numbers:
        n_groups = int(group_codes.max(initial=0)) + 1
        sums = np.zeros((n_groups, sum(sizes)))
        for (place, base, _), end, size in zip(terms, ends, sizes, strict=True):
            assert base.parts is not None
            known, truth, guess = own(y_true, y_pred, place)
            if len(truth):
                found = base.parts(
                    truth, guess, group_codes[known], len(task.answers[place].labels)
                )
                sums[: len(found), end - size : end] = found.reshape(len(found), size)
        return sums

    def of_sums(sums: Numbers) -> Numbers:
        values: Numbers = np.zeros(sums.shape[:-1])
        for (_, base, share), end, size, shape in zip(terms, ends, sizes, shapes, strict=True):
            assert base.of_sums is not None
            block = sums[..., end - size : end]
            values = values + share * base.of_sums(block.reshape(*block.shape[:-1], *shape))
        return values

    def function(y_true: Numbers, y_pred: Numbers) -> float:
        values = []
        for place, base, share in terms:
            _, truth, guess = own(y_true, y_pred, place)
            values.append(share * base.value(truth, guess, len(task.answers[place].labels)))
        return float(sum(values))

    is_mean = len(terms) > 1 and not metric.terms
    title = f"mean {metric.title}" if is_mean else metric.title
    whole = replace(metric, task=SEVERAL, title=title, terms=())
    if any(base.parts is None for _, base, _ in terms):
        return replace(whole, function=function, parts=None, of_sums=None)
    return replace(whole, parts=parts, of_sums=of_sums, function=None)


def _shape(base: Metric, task: Several, place: int) -> tuple[int, ...]:
    """Return the shape of one group's sums."""
    if base.parts is None:
        return ()
    nothing = np.zeros(1, dtype=np.intp if task.answers[place].is_label else np.float64)
    n_labels = len(task.answers[place].labels)
    return base.parts(nothing, nothing, np.zeros(1, dtype=np.intp), n_labels).shape[1:]
