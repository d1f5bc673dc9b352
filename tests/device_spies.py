"""An extractor and a model that write down where they were told to compute; two without `to`."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from emotiw.core.feature_table import FeatureArray, FeatureSpec
from emotiw.models.model import Examples, Model
from features.extractor import ClipSource, Extraction, Extractor

TOLD: list[tuple[str, str]] = []


class PlainExtractor(Extractor):
    """One of a user who knows nothing of devices."""

    @property
    def spec(self) -> FeatureSpec:
        return FeatureSpec(self.name, (2,), "clip")

    def extract(self, source: ClipSource) -> Extraction:
        size = source.path.stat().st_size
        return Extraction(FeatureArray.all_present(np.array([[size, 1]], np.float32)))


class SpyExtractor(PlainExtractor):
    where = "nowhere"

    def to(self, device: str) -> None:
        self.where = device

    def extract(self, source: ClipSource) -> Extraction:
        TOLD.append(("extractor", self.where))
        was_told = float(self.where != "nowhere")
        return Extraction(FeatureArray.all_present(np.array([[was_told, 1]], np.float32)))


class PlainModel(Model):
    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        """Learn nothing."""

    def predict(self, examples: Examples) -> npt.NDArray[np.float64]:
        return np.full((len(examples), 2), 0.5)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls(None, spec=None, task=None, seed=0)  # type: ignore[arg-type]


class SpyModel(PlainModel):
    where = "nowhere"

    def to(self, device: str) -> None:
        self.where = device

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        TOLD.append(("fit", self.where))

    def predict(self, examples: Examples) -> npt.NDArray[np.float64]:
        TOLD.append(("predict", self.where))
        return super().predict(examples)
