"""The faces of a group joined into one vector, and any model of vectors on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.models.aggregation.aggregation import Aggregation
from emotiw.models.groups.composed import Composed, ComposedOptions
from emotiw.models.groups.person import Person, columns_of_person, groups_of
from emotiw.models.model import EVERY_KIND, Examples
from emotiw.models.nested_parts import AGGREGATION, AggregationPart


class GroupOptions(ComposedOptions):
    """Options of :class:`Group`.

    Attributes:
        aggregation: how faces become one vector, by name, or as ``{kind: NAME, …}``.
    """

    aggregation: AggregationPart = Field(default={"kind": "mean"}, validate_default=True)


class Group(Composed):
    """Early fusion of faces: their embeddings are aggregated, and the learner reads the result."""

    Options = GroupOptions
    task_kinds = EVERY_KIND
    options: GroupOptions

    def check(self) -> None:
        """Accept features per face, and aggregations that need no training."""
        self._dim, _ = columns_of_person(self.spec)
        self._aggregation = fixed_aggregation(self.options.aggregation)

    def inner_spec(self) -> FeatureSpec:
        """Return one vector per clip."""
        return FeatureSpec(self.spec.name, (self._aggregation.width(self._dim),), "clip")

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        """Aggregate, and let the model inside learn."""
        self.learner.fit(self._aggregated(examples), folder=folder)

    def predict(self, examples: Examples) -> npt.NDArray[np.float64]:
        """Return what the model inside says of the aggregated faces."""
        return self.learner.predict(self._aggregated(examples))

    def _aggregated(self, examples: Examples) -> Examples:
        vectors = {
            clip_id: FeatureArray.all_present(
                aggregated(self._aggregation, np.stack([p.mean for p in people]), people)[None]
            )
            for clip_id, people in zip(examples.clip_ids, groups_of(examples), strict=True)
        }
        table = FeatureTable(self.inner_spec(), vectors)
        return replace(examples, table=table)


def fixed_aggregation(part: dict[str, Any]) -> Aggregation:
    """Return the aggregation that an option names.

    Raises:
        ConfigError: if it has to be learned.
    """
    kind, options = AGGREGATION.resolved(part)
    aggregation: Aggregation = kind(options)
    if aggregation.is_learned:
        raise ConfigError(
            f"aggregation {part['kind']!r} is learned together with its network: "
            "{model: group_network, aggregation: %s}" % part["kind"]
        )
    return aggregation


def aggregated(
    aggregation: Aggregation, values: npt.NDArray[np.floating], people: list[Person]
) -> npt.NDArray[np.float32]:
    """Return ``(width,)`` for the ``(n, dim)`` values of the people of one group."""
    import torch

    faces = torch.from_numpy(np.asarray(values, dtype=np.float64))[None]
    places = torch.from_numpy(np.stack([person.place for person in people]).astype(np.float64))
    mask = torch.ones(faces.shape[:2], dtype=torch.bool)
    pooled = aggregation.pool(faces.shape[2])(faces, mask, places[None])
    return np.asarray(pooled[0].numpy(), dtype=np.float32)
