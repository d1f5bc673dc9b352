"""Expressions that a network saw in faces, read as a mood and joined: nothing is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.config import Strict
from emotiw.core.errors import ConfigError, suggest
from emotiw.core.feature_table import FeatureSpec
from emotiw.core.task import Task
from emotiw.models.groups.individuals import (
    IndividualScores,
    Scores,
    join_scores,
    score_aggregation,
)
from emotiw.models.groups.person import Person, columns_of_person, groups_of, person_id
from emotiw.models.model import Examples, Model
from emotiw.models.nested_parts import AggregationPart

SCORE = "score_"
# what an expression says of a mood, in whatever spelling; a surprise may be either
MOOD = {
    "happy": "positive", "happiness": "positive", "neutral": "neutral", "calm": "neutral",
    "angry": "negative", "anger": "negative", "disgust": "negative", "fear": "negative",
    "fearful": "negative", "sad": "negative", "sadness": "negative",
}  # fmt: skip


class VoteOptions(Strict):
    """Options of :class:`Vote`.

    Attributes:
        aggregation: of the scores of the people; one that keeps their number.
        means: the label (or, for a target, the number) that each expression stands for. By
            default labels of the same name, and moods: happiness is positive, neutral neutral,
            anger, disgust, fear and sadness negative. Expressions that stand for nothing are left
            out. For a target: happiness is its maximum and the rest its minimum.
    """

    aggregation: AggregationPart = Field(default={"kind": "weighted"}, validate_default=True)
    means: dict[str, str | float] | None = None


class Vote(Model):
    """The scores of a network's own labels for each face, translated and aggregated."""

    Options = VoteOptions

    def __init__(self, options: Any, *, spec: FeatureSpec, task: Task, seed: int) -> None:
        super().__init__(options, spec=spec, task=task, seed=seed)
        _, columns = columns_of_person(spec)
        names = list(columns or ())
        self._columns = [n for n, name in enumerate(names) if name.startswith(SCORE)]
        labels = [names[n].removeprefix(SCORE) for n in self._columns]
        if not labels:
            raise ConfigError(
                f"feature {spec.name!r} holds no scores: {{extractor: people, values: scores}}, "
                "with weights that score expressions"
            )
        self._table = self._translation(labels)  # (n_expressions, n_labels)
        self._aggregation = score_aggregation(options.aggregation, task)

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        """Learn nothing."""

    def predict(self, examples: Examples) -> Scores:
        """Return the aggregated scores of everyone in each group."""
        groups = list(groups_of(examples))
        return join_scores(self._aggregation, self._judge(groups), groups, self.task)

    def individuals(self, examples: Examples) -> IndividualScores:
        """Return the translated scores of each person."""
        groups = list(groups_of(examples))
        ids, clip_ids = [], []
        for clip_id, people in zip(examples.clip_ids, groups, strict=True):
            ids += [person_id(clip_id, person) for person in people]
            clip_ids += [clip_id] * len(people)
        return IndividualScores(tuple(ids), tuple(clip_ids), self._judge(groups))

    def _judge(self, crowds: list[list[Person]]) -> Scores:
        seen = np.array([p.mean[self._columns] for people in crowds for p in people])
        said = seen.reshape(-1, len(self._columns)).astype(np.float64) @ self._table
        if not self.task.is_label:
            return np.asarray(said)
        # where a face shows nothing that stands for a label, it is for none of them
        total = said.sum(axis=1, keepdims=True)
        evenly = np.full_like(said, 1 / said.shape[1])
        return np.asarray(np.divide(said, total, out=evenly, where=total > 1e-9))

    def _translation(self, expressions: list[str]) -> npt.NDArray[np.float64]:
        means = self._means(expressions)
        if not self.task.is_label:
            return np.array([[float(means[name])] for name in expressions])
        labels = self.task.labels
        return np.array([[float(means.get(n) == label) for label in labels] for n in expressions])

    def _means(self, expressions: list[str]) -> dict[str, Any]:
        written = self.options.means
        if written is None:
            written = self._usual(expressions)
        for name in written:
            if name not in expressions:
                hint, known = suggest(name, expressions), ", ".join(expressions)
                raise ConfigError(f"means: no expression {name!r}{hint} (known: {known})")
        if not self.task.is_label:
            missing = [name for name in expressions if name not in written]
            wrong = [v for v in written.values() if isinstance(v, str)]
            if missing or wrong:
                raise ConfigError(
                    f"means: every expression needs a number; got {wrong or 'none'} "
                    f"and nothing for {', '.join(missing) or 'none'}"
                )
            return dict(written)
        for label in written.values():
            if label not in self.task.labels:
                hint = suggest(str(label), self.task.labels)
                raise ConfigError(f"means: no label {label!r}{hint}")
        if not written:
            raise ConfigError(
                f"means: say what each of {', '.join(expressions)} stands for; "
                f"labels are {', '.join(self.task.labels)}"
            )
        return dict(written)

    def _usual(self, expressions: list[str]) -> dict[str, str | float]:
        if not self.task.is_label:
            low, high = self.task.target_range or (-np.inf, np.inf)
            if not np.isfinite([low, high]).all():
                return {}
            is_happy = {name: MOOD.get(name.lower()) == "positive" for name in expressions}
            return {name: high if happy else low for name, happy in is_happy.items()}
        by_lower = {label.lower(): label for label in self.task.labels}
        found: dict[str, str | float] = {}
        for name in expressions:
            label = by_lower.get(name.lower()) or by_lower.get(MOOD.get(name.lower(), ""))
            if label is not None:
                found[name] = label
        return found
