"""Early fusion: statistics of several features in one vector, and any model of vectors on it."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.files import atomic_write
from emotiw.core.joined_features import arrays_of, parts_of
from emotiw.models.aggregation.aggregation import Aggregation
from emotiw.models.groups.composed import Composed, ComposedOptions
from emotiw.models.groups.group import aggregated, fixed_aggregation
from emotiw.models.groups.person import columns_of_person, people_of
from emotiw.models.model import EVERY_KIND, Examples, Joins
from emotiw.models.nested_parts import AggregationPart
from emotiw.models.tabular.pooling import pool, require_vectors
from emotiw.models.tabular.tabular_options import Pooling

MEANS = "means.safetensors"
Vector = npt.NDArray[np.float32]
Vectors = tuple[Vector | None, ...]


class EarlyOptions(ComposedOptions):
    """Options of :class:`Early`.

    Attributes:
        pooling: what the rows of a feature become, as in models of one vector per clip.
        aggregation: what the faces of a feature per face become, as in ``group``.
        modality_dropout: whether the learner is shown each training clip again with some of its
            features missing: each one alone, and all but each one. It helps where features are
            often missing, and takes as many times as long.
    """

    pooling: tuple[Pooling, ...] = Field(default=("mean", "std", "min", "max"), min_length=1)
    aggregation: AggregationPart = Field(default={"kind": "mean"}, validate_default=True)
    modality_dropout: bool = False


class Early(Composed):
    """Statistics of several features side by side, read by any model of one vector per clip.

    In place of a feature that a clip lacks stand its means over the training clips, and a column
    per feature says so.
    """

    Options = EarlyOptions
    task_kinds = EVERY_KIND
    options: EarlyOptions

    @classmethod
    def joins(cls, options: Any) -> Joins | None:
        """Return that features meet before anything is learnt."""
        return "early"

    def check(self) -> None:
        """Accept rows of vectors, and people."""
        self._aggregation = fixed_aggregation(self.options.aggregation)
        self._means: list[Vector] = [
            np.zeros(_width(part, self.options.pooling, self._aggregation), np.float32)
            for part in parts_of(self.spec)
        ]

    def inner_spec(self) -> FeatureSpec:
        """Return one vector per clip: all statistics, and which features there are."""
        width = sum(len(mean) + 1 for mean in self._means)
        return FeatureSpec(self.spec.name, (width,), "clip")

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        """Pool, and let the model inside learn.

        Raises:
            ConfigError: if no training clip has one of the features.
        """
        vectors = [self._pooled(array) for array in examples.arrays()]
        for place, part in enumerate(parts_of(self.spec)):
            there = [own for each in vectors if (own := each[place]) is not None]
            if not there:
                raise ConfigError(f"no training clip has feature {part.name!r}")
            self._means[place] = np.stack(there).mean(axis=0, dtype=np.float64).astype(np.float32)
        self.learner.fit(self._filled(examples, vectors, hides=True), folder=folder)

    def predict(self, examples: Examples) -> npt.NDArray[np.float64]:
        """Return what the model inside says of the statistics."""
        vectors = [self._pooled(array) for array in examples.arrays()]
        return self.learner.predict(self._filled(examples, vectors, hides=False))

    def save(self, folder: Path) -> None:
        """Write a readable card, the means, and the model inside in a folder of its own."""
        from safetensors.numpy import save

        super().save(folder)
        atomic_write(folder / MEANS, save({str(n): each for n, each in enumerate(self._means)}))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the model that :meth:`save` wrote; ConfigError as in any model."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        model = super().load(folder)
        try:
            found = load((folder / MEANS).read_bytes())
            model._means = [found[str(place)] for place in range(len(model._means))]
        except (OSError, SafetensorError, KeyError) as error:
            raise ConfigError(f"{folder / MEANS}: can't be loaded: {error}") from error
        return model

    def _pooled(self, array: FeatureArray) -> Vectors:
        each = zip(arrays_of(array), parts_of(self.spec), strict=True)
        return tuple(None if own is None else self._vector(own, spec) for own, spec in each)

    def _vector(self, array: FeatureArray, spec: FeatureSpec) -> Vector:
        if spec.unit == "face":
            people = people_of(array, spec)
            return aggregated(self._aggregation, np.stack([p.mean for p in people]), people)
        if spec.unit == "clip":
            return np.asarray(array.values[array.present][0], dtype=np.float32)
        return pool(array, self.options.pooling)

    def _filled(self, examples: Examples, vectors: list[Vectors], *, hides: bool) -> Examples:
        """Return one row per clip; in training with those after it in which features are hidden."""
        arrays = {}
        for clip_id, own in zip(examples.clip_ids, vectors, strict=True):
            there = [place for place, vector in enumerate(own) if vector is not None]
            shown = [tuple(there)]
            if hides and self.options.modality_dropout:
                sizes = {1, len(there) - 1} - {0, len(there)}
                shown += [some for size in sorted(sizes) for some in combinations(there, size)]
            rows = np.stack([self._row(own, some) for some in shown])
            arrays[clip_id] = FeatureArray.all_present(rows)
        return replace(examples, table=FeatureTable(self.inner_spec(), arrays))

    def _row(self, vectors: Vectors, shown: tuple[int, ...]) -> Vector:
        pieces: list[Vector] = []
        for place, mean in enumerate(self._means):
            vector = vectors[place] if place in shown else None
            flag = np.array([vector is not None], dtype=np.float32)
            pieces += [mean if vector is None else vector, flag]
        return np.concatenate(pieces)


def _width(spec: FeatureSpec, pooling: tuple[str, ...], aggregation: Aggregation) -> int:
    if spec.unit == "face":
        return aggregation.width(columns_of_person(spec)[0])
    require_vectors(spec)
    if spec.unit == "clip":
        return spec.dim
    some = FeatureArray.all_present(np.zeros((1, spec.dim), dtype=np.float32))
    return len(pool(some, pooling))
