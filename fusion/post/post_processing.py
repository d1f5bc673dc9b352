"""All steps of all answers: fitted one after the other, each kept where held-out groups ask for it.

What a step learns from are scores of fusions that have not seen the rows' groups. Whether it is
kept is decided over folds of these groups: it is fitted on all but one, and judged on that one.
What is not clearly better is left out. All this happens inside a fit of the fusion, so that a
cross-fitted fusion has cross-fitted post-processing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from emotiw.core.errors import ConfigError
from emotiw.core.parts_in_options import canonical
from emotiw.core.task import Task
from emotiw.evaluation.answer_metrics import judges
from emotiw.evaluation.metric import Metric
from emotiw.evaluation.metrics import METRICS
from fusion.aligned import Scores
from fusion.cross_fit_folds import FoldCodes
from fusion.post.post_step import HeldOut, PostStep
from fusion.preference import is_preferred
from fusion.registry import POST
from fusion.single_answers import Answer, answers_of
from fusion.traces import Traces
from fusion.training_rows import TrainingRows

Entries = Sequence[str | Mapping[str, Any]]
JUDGED_BY = {"regression": "ccc", "presence": "f1", "classification": "accuracy"}


@dataclass
class Fitted:
    """One step of one answer.

    Attributes:
        name: of the step, as a recipe calls it.
        answer: what it changes.
        step: what was learnt.
        is_kept: whether it is used.
        gain: of the metric on held-out groups; NaN where nothing could be held out.
    """

    name: str
    answer: Answer
    step: PostStep
    is_kept: bool = False
    gain: float = float("nan")


class PostProcessing:
    """The steps that a recipe names, for every answer that they suit.

    Args:
        entries: names, or ``{step: name, option: value, …}``, in their order.
        task: what is asked.
        metric: by which they are judged, where it suits an answer; by CCC, F1 or accuracy else.

    Raises:
        ConfigError: if a step suits none of the answers.
    """

    def __init__(self, entries: Entries, task: Task, metric: str = "") -> None:
        self.task, self.metric = task, metric
        self.steps: list[Fitted] = []
        for entry in entries:
            entry = canonical(POST, entry)
            kind, options = POST.resolved(entry)
            suited = [each for each in answers_of(task) if each.asked.kind in kind.kinds]
            if not suited:
                asked = ", ".join(sorted({answer.kind for answer in task.answers}))
                raise ConfigError(
                    f"fusion.post: {entry['step']!r} is for {' and '.join(sorted(kind.kinds))}; "
                    f"asked for is {asked}"
                )
            self.steps += [Fitted(entry["step"], a, kind(a.asked, options)) for a in suited]

    def fit(self, rows: TrainingRows, held_out: Scores | None, folds: FoldCodes | None) -> Self:
        """Fit every step, and find out which to keep.

        Args:
            rows: that the fusion is fitted on.
            held_out: ``(n, n_columns)`` fused scores of fusions that have not seen the groups of
                the rows' fold; None where nothing can be held out: then no step is kept.
            folds: ``(n,)`` fold of each row.
        """
        if held_out is None or folds is None:
            return self
        traces, current = rows.traces, held_out.copy()
        for fitted in self.steps:
            answer = fitted.answer
            targets = answer.targets(rows.targets)
            known = np.asarray(~np.isnan(targets) & ~np.isnan(current).any(axis=1))
            own = HeldOut(
                answer.asked,
                current[known][:, answer.columns],
                targets[known].astype(np.intp if answer.asked.is_label else np.float64),
                rows.groups[known],
                traces.subset(known),
                judge_of(answer.asked, self.metric),
            )
            changed = _keep(fitted, own, folds[known])
            if changed is not None:
                current[np.flatnonzero(known)[:, None], np.r_[answer.columns]] = changed
        return self

    def apply(self, scores: Scores, traces: Traces) -> Scores:
        """Return ``(n, n_columns)`` scores after all steps that are kept; rows of NaN stay."""
        there = np.asarray(~np.isnan(scores).any(axis=1))
        own, changed = traces.subset(there), scores[there]
        for fitted in (each for each in self.steps if each.is_kept):
            columns = fitted.answer.columns
            changed[:, columns] = fitted.step.apply(changed[:, columns], own)
        found = scores.copy()
        found[there] = changed
        return found

    def to_dict(self) -> list[dict[str, Any]]:
        """Return what was learnt, step by step."""
        return [
            {
                "step": each.name,
                "answer": each.answer.name,
                "kept": each.is_kept,
                "gain": each.gain,
                **each.step.to_dict(),
            }
            for each in self.steps
        ]

    def load_dict(self, state: Sequence[Mapping[str, Any]]) -> Self:
        """Take over what was learnt."""
        for each, told in zip(self.steps, state, strict=True):
            each.is_kept, each.gain = bool(told["kept"]), float(told["gain"])
            each.step.load_dict(told)
        return self

    def told(self) -> Iterator[str]:
        """Yield a line per step in words."""
        for each in self.steps:
            metric = judge_of(each.answer.asked, self.metric)
            gain = metric.shown(metric.signed(each.gain), sign=True)
            if not gain:
                yield f"{each.name} of {each.answer.name}: left out, nothing could be held out"
                continue
            learnt = ", ".join(f"{name} {_short(value)}" for name, value in _learnt(each))
            verdict = f"kept ({learnt})" if each.is_kept else "left out"
            yield f"{each.name} of {each.answer.name}: {verdict}, {metric.title} {gain} inside"


def judge_of(answer: Task, main: str) -> Metric:
    """Return the metric that post-processing of one answer is judged by."""
    base = METRICS.resolve(main if ":" in main else main.partition(".")[0]) if main else None
    found = [] if base is None else [base, *(metric for metric, _ in base.terms)]
    for metric in found:
        if judges(metric.within or metric, answer):
            return metric
    return METRICS.resolve(JUDGED_BY[answer.kind])


def _keep(fitted: Fitted, rows: HeldOut, folds: FoldCodes) -> Scores | None:
    """Fit a step and decide; return scores changed by steps that haven't seen them, if kept."""
    numbers = np.unique(folds)
    if len(numbers) < 2:
        return None
    changed, change = rows.scores.copy(), []
    for number in numbers:
        inside, outside = folds != number, folds == number
        step = _anew(fitted.step).fit(rows.subset(inside))
        part = rows.subset(outside)
        changed[outside] = step.apply(part.scores, part.traces)
        change.append(part.worth(changed[outside]) - part.worth())
    fitted.gain = rows.worth(changed) - rows.worth()
    fitted.is_kept = is_preferred(fitted.gain, [one for one in change if np.isfinite(one)])
    if not fitted.is_kept:
        return None
    fitted.step.fit(rows)
    return changed


def _anew(step: PostStep) -> PostStep:
    return type(step)(step.task, step.options)


def _learnt(fitted: Fitted) -> Iterator[tuple[str, Any]]:
    yield from fitted.step.to_dict().items()


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
