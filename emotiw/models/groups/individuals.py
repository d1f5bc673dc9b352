"""Everyone judged by themselves; the scores joined into those of the group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable, Unit
from emotiw.core.task import Task
from emotiw.models.aggregation.aggregation import Aggregation
from emotiw.models.groups.composed import Composed
from emotiw.models.groups.group import GroupOptions, aggregated, fixed_aggregation
from emotiw.models.groups.person import Person, columns_of_person, groups_of, person_id
from emotiw.models.model import Examples, Model
from emotiw.models.nested_parts import AggregationPart
from emotiw.models.registry import MODELS
from emotiw.models.sequence.sequence_model import SequenceModel

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class IndividualScores:
    """What a model says of each person.

    Attributes:
        ids: ``<clip id>#<number of the face or track>``.
        clip_ids: per person, the clip.
        scores: ``(n, n_labels)`` probabilities, or ``(n, 1)`` targets.
    """

    ids: tuple[str, ...]
    clip_ids: tuple[str, ...]
    scores: Scores


Judge = Callable[[Examples], IndividualScores]


def judge_of(model: Model) -> Judge | None:
    """Return what gives a model's scores of each person; None if it judges groups alone."""
    judge: Judge | None = getattr(model, "individuals", None)
    return judge


class IndividualsOptions(GroupOptions):
    """Options of :class:`Individuals`.

    Attributes:
        aggregation: of the scores of the people; one that keeps their number.
    """

    aggregation: AggregationPart = Field(default={"kind": "mean"}, validate_default=True)


class Individuals(Composed):
    """Late fusion of faces: the learner judges each person, and their scores are aggregated.

    Learning takes the group's label for that of everyone in it. A model of sequences inside
    sees the frames of each face track; a model of vectors sees their mean.

    Source:
        Tan et al. 2017 (the winner of the group-level challenge of that year) give every face the
        label of its image.
    """

    Options = IndividualsOptions
    options: IndividualsOptions

    def check(self) -> None:
        """Accept features per face, and aggregations of scores."""
        self._dim, self._columns = columns_of_person(self.spec)
        self._aggregation = score_aggregation(self.options.aggregation, self.task)

    def inner_spec(self) -> FeatureSpec:
        """Return rows per frame for a model of sequences, else one vector per person."""
        kind = MODELS.resolve(self.options.learner["model"])
        unit: Unit = "frame" if issubclass(kind, SequenceModel) else "clip"
        return FeatureSpec(self.spec.name, (self._dim,), unit, columns=self._columns)

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        """Let the model inside learn from everyone."""
        everyone, _ = self._everyone(examples)
        self.learner.fit(everyone, folder=folder)

    def predict(self, examples: Examples) -> Scores:
        """Return the aggregated scores of everyone in each group."""
        everyone, groups = self._everyone(examples)
        return join_scores(self._aggregation, self.learner.predict(everyone), groups, self.task)

    def individuals(self, examples: Examples) -> IndividualScores:
        """Return what the model inside says of each person."""
        everyone, groups = self._everyone(examples)
        clip_ids = [
            clip_id
            for clip_id, people in zip(examples.clip_ids, groups, strict=True)
            for _ in people
        ]
        return IndividualScores(everyone.clip_ids, tuple(clip_ids), self.learner.predict(everyone))

    def _everyone(self, examples: Examples) -> tuple[Examples, list[list[Person]]]:
        """Return every person as an example of their own, and who is in which group."""
        groups = list(groups_of(examples))
        spec = self.inner_spec()
        arrays, owners = {}, []
        for row, people in enumerate(groups):
            for person in people:
                rows = person.rows if spec.unit == "frame" else person.mean[None]
                arrays[person_id(examples.clip_ids[row], person)] = FeatureArray.all_present(rows)
                owners.append(row)
        everyone = Examples(
            FeatureTable(spec, arrays),
            tuple(arrays),
            tuple(examples.groups[row] for row in owners),
            None if examples.targets is None else examples.targets[owners],
            tuple(examples.corpora[row] for row in owners) if examples.corpora else (),
        )
        return everyone, groups


def score_aggregation(part: dict[str, object], task: Task) -> Aggregation:
    """Return an aggregation of scores.

    Raises:
        ConfigError: if it has to be learned, or gives another number of values.
    """
    aggregation = fixed_aggregation(part)
    if aggregation.width(len(task.labels)) != len(task.labels):
        raise ConfigError(
            f"aggregation {part['kind']!r} makes {aggregation.width(len(task.labels))} values of "
            f"{len(task.labels)} scores; scores need one that keeps their number"
        )
    return aggregation


def join_scores(
    aggregation: Aggregation, scores: Scores, crowds: list[list[Person]], task: Task
) -> Scores:
    """Return ``(n_groups, n_labels)``, the aggregated scores of the people of each group.

    Args:
        scores: ``(n_people, n_labels)``, group after group.
    """
    ends = np.cumsum([len(people) for people in crowds])
    joined = [
        aggregated(aggregation, part, people)
        for part, people in zip(np.split(scores, ends)[:-1], crowds, strict=True)
    ]
    values = np.array(joined, dtype=np.float64).reshape(len(crowds), len(task.labels))
    if task.is_label:
        return np.asarray(values / values.sum(axis=1, keepdims=True))
    return values if task.target_range is None else values.clip(*task.target_range)
