"""The aligned crops of the main face as a feature of their own, for networks that see pixels."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from emotiw.core.feature_table import FeatureArray, FeatureSpec
from features.extractor import ClipSource, Extraction, Extractor, Needs


class FaceCropsOptions(BaseModel):
    """Options of :class:`FaceCrops`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = 112


class FaceCrops(Extractor):
    """Rows of ``(size, size, 3)`` uint8 RGB, one per frame of the clip; no face, no row.

    Nothing is computed: the crops are those that the faces stage wrote, shrunk or enlarged if
    another size is asked for.
    """

    Options: ClassVar[type[BaseModel]] = FaceCropsOptions
    version: ClassVar[str] = "1"
    needs: ClassVar[Needs] = "faces"
    speed_options: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, name: str, options: FaceCropsOptions) -> None:
        self._size = options.size
        self._spec = FeatureSpec(name, (options.size, options.size, 3), "frame", dtype="uint8")

    @property
    def spec(self) -> FeatureSpec:
        """Rows are images."""
        return self._spec

    @property
    def weights_fingerprint(self) -> str:
        """There is no network."""
        return ""

    def extract(self, source: ClipSource) -> Extraction:
        """Return the crops of the main face."""
        crops = source.main_crops
        if crops.values.shape[1] == self._size:
            return Extraction(crops)
        import cv2
        import numpy as np

        size = (self._size, self._size)
        shrinks = self._size < crops.values.shape[1]
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        values = np.stack([cv2.resize(crop, size, interpolation=how) for crop in crops.values])
        return Extraction(FeatureArray(values.astype(np.uint8), crops.present))
