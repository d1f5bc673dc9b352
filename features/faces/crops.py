"""The aligned crops of the main face as a feature of their own, for networks that see pixels."""

from __future__ import annotations

from emotiw.core.config import Strict
from emotiw.core.feature_table import FeatureArray, FeatureSpec
from features.extractor import ClipSource, Extraction, Extractor


class FaceCropsOptions(Strict):
    """Options of :class:`FaceCrops`."""

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
        if crops.values.shape[1] == self.options.size:
            return Extraction(crops)
        import cv2
        import numpy as np

        size = (self.options.size, self.options.size)
        shrinks = self.options.size < crops.values.shape[1]
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        values = np.stack([cv2.resize(crop, size, interpolation=how) for crop in crops.values])
        return Extraction(FeatureArray(values.astype(np.uint8), crops.present))
