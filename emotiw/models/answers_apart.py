"""Models that learn one answer: of several answers, each gets a model of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureSpec
from emotiw.core.files import atomic_write
from emotiw.core.notices import warn
from emotiw.core.several import LABEL, Presence, Several
from emotiw.core.task import Task
from emotiw.evaluation.answer_metrics import judges
from emotiw.evaluation.metrics import metric_named
from emotiw.models.model import EVERY_KIND, Examples, Model

ALWAYS = "always.json"
Scores = npt.NDArray[np.float64]


class AnswersApart(Model):
    """A model that learns one label or one number, and several answers one after the other.

    Of several answers, and of what is there or not, it is as many models of its own kind with the
    same options. Each learns from the clips whose answer is known, and chooses by the part of the
    metric that judges its answer. Where all of these clips share a label, it is said of any clip,
    with the probability that the rule of succession gives it.

    A kind has ``fit_one``, ``predict_one``, ``save_one`` and ``load_one``.
    """

    task_kinds = EVERY_KIND

    def __init__(self, options: Any, *, spec: FeatureSpec, task: Task, seed: int) -> None:
        super().__init__(options, spec=spec, task=task, seed=seed)
        self.always: dict[int, Scores] = {}  # by the place of an answer
        self.apart: list[AnswersApart] = []
        if not isinstance(task, Presence | Several):
            return
        if options.scoring is not None:
            metric_named(options.scoring, task)
        for answer in task.answers:
            own = options.model_copy(update={"scoring": scoring_of(options.scoring, answer)})
            asked = answer.as_labels if isinstance(answer, Presence) else answer
            self.apart.append(type(self)(own, spec=spec, task=asked, seed=seed))

    def fit_one(self, examples: Examples) -> None:
        """Learn one label or one number from examples that all have it."""
        raise NotImplementedError

    def predict_one(self, examples: Examples) -> Scores:
        """Return the scores of one answer."""
        raise NotImplementedError

    def save_one(self, folder: Path) -> None:
        """Write what was learnt of one answer."""
        raise NotImplementedError

    def load_one(self, folder: Path) -> None:
        """Read what :meth:`save_one` wrote."""
        raise NotImplementedError

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        """Learn from examples with labels or targets; there are no checkpoints.

        Raises:
            ConfigError: if all training clips have the same label, and nothing else is asked.
        """
        if not self.apart:
            self.fit_one(examples)
            return
        assert examples.targets is not None
        targets = examples.targets.reshape(len(examples), -1)  # (n, n_answers)
        self.always = {}
        for place, (model, answer) in enumerate(zip(self.apart, self.task.answers, strict=True)):
            known = np.flatnonzero(~np.isnan(targets[:, place]))
            values = targets[known, place]
            is_label = model.task.is_label
            if len(np.unique(values)) < (2 if is_label else 1):
                self.always[place] = self._always(model.task, answer, values)
                continue
            some = examples.subset(known)
            dtype = np.int64 if is_label else np.float64
            model.fit_one(replace(some, targets=values.astype(dtype)))
        if len(self.always) == len(self.apart):
            raise ConfigError(
                f"all training clips have the same {', '.join(self.task.labels)}, or none; "
                "nothing can be told apart"
            )

    def predict(self, examples: Examples) -> Scores:
        """Return ``(n, n_labels)`` probabilities and targets within their range, side by side."""
        if not len(examples):
            return np.zeros((0, len(self.task.labels)))
        if not self.apart:
            return self.predict_one(examples)
        found = []
        for place, (model, answer) in enumerate(zip(self.apart, self.task.answers, strict=True)):
            if place in self.always:
                scores = np.repeat(self.always[place][None], len(examples), axis=0)
            else:
                scores = model.predict_one(examples)
            found.append(scores[:, 1:] if isinstance(answer, Presence) else scores)
        return np.hstack(found)

    def save(self, folder: Path) -> None:
        """Write a readable card and what was learnt, each of several answers in its own folder."""
        super().save(folder)
        if not self.apart:
            self.save_one(folder)
            return
        always = {place: scores.tolist() for place, scores in self.always.items()}
        atomic_write(folder / ALWAYS, (json.dumps(always) + "\n").encode())
        for place, model in enumerate(self.apart):
            if place not in self.always:
                model.save(folder / f"answer{place}")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the model that :meth:`save` wrote.

        Raises:
            ConfigError: if it isn't one, or holds objects that such a model has no use for.
        """
        model = super().load(folder)
        if not model.apart:
            model.load_one(folder)
            return model
        try:
            told = json.loads((folder / ALWAYS).read_text(encoding="utf-8"))
            model.always = {int(place): np.array(scores) for place, scores in told.items()}
        except (OSError, ValueError, AttributeError) as error:
            raise ConfigError(f"{folder / ALWAYS}: can't be loaded: {error}") from error
        for place in range(len(model.apart)):
            if place not in model.always:
                model.apart[place] = cls.load(folder / f"answer{place}")
        return model

    def _always(self, task: Task, answer: Task, values: npt.NDArray[Any]) -> Scores:
        """Return what is said of an answer that never varies; the less sure, the fewer clips."""
        name = LABEL if answer.is_label else answer.labels[0]
        told = f"is always {answer.name_of(values[0])}" if len(values) else "is never annotated"
        warn(f"{type(self).__name__}: {name!r} {told} in these training clips; nothing is learnt")
        if not task.is_label:
            return np.asarray(task.from_logits(np.zeros((1, 1)))[0])
        counts = np.bincount(values.astype(np.intp), minlength=len(task.labels)) + 1.0
        return np.asarray(counts / counts.sum())


def scoring_of(scoring: str | None, answer: Task) -> str | None:
    """Return the metric by which one of several answers is chosen for: its part of the metric.

    None where the metric has nothing to say of it; what is there or not goes by F1 then.

    Examples:
        >>> from emotiw.core.task import Regression
        >>> arousal = Regression(("arousal",))
        >>> scoring_of("ccc", arousal), scoring_of("mer2023", arousal)
        ('ccc', 'mse')
        >>> scoring_of("f1", arousal), scoring_of("uar", Presence(("AU1",)))
        (None, 'f1')
    """
    otherwise = answer.main_metric if isinstance(answer, Presence) else None
    if scoring is None:
        return otherwise
    base, _, only = (scoring, "", "") if ":" in scoring else scoring.partition(".")
    if only and only != (LABEL if answer.is_label else answer.labels[0]):
        return otherwise
    metric = metric_named(base)
    candidates = [metric.within or metric, *(term for term, _ in metric.terms)]
    return next((each.name for each in candidates if judges(each, answer)), otherwise)
