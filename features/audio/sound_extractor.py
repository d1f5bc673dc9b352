"""What all extractors of sound do alike: hear the clip, and tell rows that mean nothing."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from emotiw.core.feature_table import FeatureArray, FeatureSpec
from features.audio.signal import SHORTEST_SEC, Signal, Waveform, heard_sec, signal_of
from features.extractor import ClipSource, Extraction, Extractor

Level = Literal["functionals", "low_level"]


class SoundExtractor(Extractor):
    """Measures a waveform; its options say as ``signal`` how the sound is prepared.

    A clip without sound, or with less of it than one analysis window, has one row that is not
    present, and a row that holds NaN or infinity is not present either.

    Attributes:
        window_sec: length of its longest analysis window, where that is more than
            :data:`~features.audio.signal.SHORTEST_SEC`.
    """

    version: ClassVar[str] = "2"
    window_sec: float = SHORTEST_SEC

    def rows(self, waveform: Waveform, sampling_rate: int) -> npt.NDArray[Any]:
        """Return ``(n, dim)`` of a waveform ``(n_samples,)``."""
        raise NotImplementedError

    def extract(self, source: ClipSource) -> Extraction:
        """Return the rows of one clip; MediaError if it can't be read."""
        return self.describe(signal_of(source, self.options.signal))

    def describe(self, signal: Signal) -> Extraction:
        """Return the rows of a sound."""
        quality = signal.quality
        if signal.waveform is None:
            rows = np.full((1, *self.spec.shape), np.nan)
        elif heard_sec(quality) < self.window_sec:
            rows = np.full((1, *self.spec.shape), np.nan)
            quality = {**quality, "audio": "short"}
        else:
            rows = self.rows(signal.waveform, signal.sampling_rate)
        return Extraction(FeatureArray.finite(rows), quality)


def sound_spec(
    name: str, dim: int, hop_sec: float | None, columns: tuple[str, ...] | None = None
) -> FeatureSpec:
    """Return the promise of one row per clip, or of one every ``hop_sec``."""
    if hop_sec is None:
        return FeatureSpec(name, (dim,), "clip", columns=columns)
    return FeatureSpec(name, (dim,), "frame", rate_hz=1 / hop_sec, columns=columns)
