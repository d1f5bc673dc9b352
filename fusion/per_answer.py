"""Weights and calibrations of several answers: those of single answers, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from emotiw.core.errors import ConfigError, TableError
from emotiw.core.task import Decisions, Task
from fusion.aligned import Scores
from fusion.calibration import Calibration
from fusion.combiner import Combiner, Setting
from fusion.registry import CALIBRATIONS
from fusion.single_answers import Answer, answers_of, is_plain
from fusion.training_rows import TrainingRows

ESTIMATORS = "estimators"


class PerAnswer(Combiner):
    """Fuses each answer by a rule of its own, fitted on the rows where it is known.

    Args:
        setting: of all answers.
        make: returns the rule for the setting of one answer.
    """

    tasks = frozenset({"several", "presence"})

    def __init__(self, setting: Setting, make: Callable[[Setting], Combiner]) -> None:
        super().__init__(setting)
        self._answers = answers_of(setting.task)
        self._combiners: dict[str, Combiner] = {}
        for answer in self._answers:
            try:
                self._combiners[answer.name] = make(replace(setting, task=answer.task))
            except ConfigError as error:
                raise ConfigError(f"answer {answer.name!r}: {error}") from error

    def fit(self, rows: TrainingRows) -> Self:
        """Fit each answer's rule.

        Raises:
            TableError: if an answer is known of no row.
        """
        for answer in self._answers:
            own = rows.answering(answer)
            if not len(own):
                raise TableError(
                    f"fusion can't be fitted: {answer.name!r} is annotated in none of the "
                    f"{len(rows):,} rows that a fit may see"
                )
            self._combiners[answer.name].fit(own)
        return self

    def combine(self, scores: Scores) -> Scores:
        """Fuse answer by answer."""
        fused = [a.back(self._combiners[a.name].combine(a.scores(scores))) for a in self._answers]
        return np.concatenate(fused, axis=1)

    def to_dict(self) -> dict[str, Any]:
        """Return what each rule learnt, by answer."""
        states = {name: dict(combiner.to_dict()) for name, combiner in self._combiners.items()}
        estimators = {n: s.pop(ESTIMATORS) for n, s in states.items() if ESTIMATORS in s}
        return {"answers": states, **({ESTIMATORS: estimators} if estimators else {})}

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over what each rule learnt."""
        estimators = state.get(ESTIMATORS, {})
        for name, combiner in self._combiners.items():
            own = dict(state["answers"][name])
            if name in estimators:
                own[ESTIMATORS] = estimators[name]
            combiner.load_dict(own)
        return self


class AnswerCalibrations(Calibration):
    """One modality's calibrations, by answer."""

    def __init__(self, answers: Sequence[Answer], by_answer: Mapping[str, Calibration]) -> None:
        self._answers = tuple(answers)
        self._by_answer = dict(by_answer)

    def apply(self, probabilities: Scores) -> Scores:
        """Return ``(n, n_columns)`` scores, each answer calibrated."""
        calibrated = [
            a.back(self._by_answer[a.name].apply(a.scores(probabilities))) for a in self._answers
        ]
        return np.concatenate(calibrated, axis=1)

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters by answer."""
        return {name: calibration.to_dict() for name, calibration in self._by_answer.items()}


@dataclass(frozen=True)
class Calibrating:
    """How a modality is calibrated: its labels by a method, numbers not at all.

    Attributes:
        task: what is asked.
        method: as the registry calls it.
    """

    task: Task
    method: str

    def fit(self, scores: Scores, targets: Decisions) -> Calibration:
        """Return the calibration of ``(n, n_columns)`` scores with their targets."""
        if is_plain(self.task):
            return self._kind(self.task).fit(scores, targets)
        fitted = {}
        for answer in answers_of(self.task):
            known, own = answer.known(targets)
            fitted[answer.name] = self._kind(answer.task).fit(answer.scores(scores)[known], own)
        return AnswerCalibrations(answers_of(self.task), fitted)

    def from_dict(self, state: Mapping[str, Any]) -> Calibration:
        """Return the calibration that ``to_dict`` described."""
        if is_plain(self.task):
            return self._kind(self.task).from_dict(state)
        answers = answers_of(self.task)
        loaded = {a.name: self._kind(a.task).from_dict(state[a.name]) for a in answers}
        return AnswerCalibrations(answers, loaded)

    def _kind(self, task: Task) -> type[Calibration]:
        return CALIBRATIONS.resolve(self.method if task.is_label else "none")
