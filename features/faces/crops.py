"""The aligned crops of the main face as a feature of their own, for networks that see pixels."""

from __future__ import annotations

import numpy as np

from emotiw.core.config import Strict
from emotiw.core.feature_table import FeatureArray, FeatureSpec
from features.extractor import ClipSource, Extraction, Extractor
from features.frames.resizing import resized


class FaceCropsOptions(Strict):
    """Options of :class:`FaceCrops`.

    Attributes:
        size: sides of a crop, px.
    """

    size: int = 112


class FaceCrops(Extractor):
    """Rows of ``(size, size, 3)`` uint8 RGB, one per frame of the clip; no face, no row.

    Nothing is computed: the crops are those that the faces stage wrote, shrunk or enlarged if
    another size is asked for.
    """

    Options = FaceCropsOptions
    needs = "faces"

    def __init__(self, name: str, options: FaceCropsOptions) -> None:
        super().__init__(name, options)
        self.spec = FeatureSpec(name, (options.size, options.size, 3), "frame", dtype="uint8")

    def extract(self, source: ClipSource) -> Extraction:
        """Return the crops of the main face."""
        crops = source.main_crops
        values = resized(np.asarray(crops.values, np.uint8), self.options.size, self.options.size)
        return Extraction(FeatureArray(values, crops.present, crops.times))
