"""What all extractors of sound do alike: hear the clip, and tell rows that mean nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from emotiw.core.feature_table import FeatureArray, FeatureSpec, Times
from features.audio.signal import SHORTEST_SEC, Signal, Span, Waveform, heard_sec, signal_of
from features.extractor import ClipSource, Extraction, Extractor

Level = Literal["functionals", "low_level"]
SHORTEST_STEP_SEC = 0.001  # of windows, and from one to the next: four samples at the lowest rate


class SoundExtractor(Extractor):
    """Measures a waveform; its options say as ``signal`` how the sound is prepared.

    A clip without sound, or with less of it than one analysis window, has one row that is not
    present, and a row that holds NaN or infinity is not present either.

    Attributes:
        window_sec: length of its longest analysis window, where that is more than
            :data:`~features.audio.signal.SHORTEST_SEC`.
    """

    version: ClassVar[str] = "3"
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
        times = row_times(len(rows), self.spec.rate_hz, signal.start_sec, heard_sec(quality))
        array = FeatureArray.finite(rows, times)
        if self.spec.rate_hz is not None:
            array = array.without(lies_in(signal.gaps, times))
        return Extraction(array, quality)


def row_times(n: int, rate_hz: float | None, start_sec: float, lasts_sec: float) -> Times:
    """Return when each row begins and ends: the whole sound, or one step of the windows.

    Examples:
        >>> row_times(2, 100.0, 0.5, 0.2).round(2).tolist()
        [[0.5, 0.51], [0.51, 0.52]]
        >>> row_times(1, None, 0.5, 0.2).tolist()
        [[0.5, 0.7]]
    """
    if rate_hz is None:
        return np.tile([start_sec, start_sec + lasts_sec], (n, 1))
    begins = start_sec + np.arange(n) / rate_hz
    return np.stack([begins, begins + 1 / rate_hz], axis=1)


def lies_in(gaps: Sequence[Span], times: Times) -> npt.NDArray[np.bool_]:
    """Return which rows have their middle in a gap of the sound.

    Examples:
        >>> lies_in([(0.1, 0.2)], np.array([[0.0, 0.1], [0.1, 0.2]])).tolist()
        [False, True]
    """
    middle = times.mean(axis=1)
    inside = [(middle >= begin) & (middle < end) for begin, end in gaps]
    return np.asarray(np.any([np.zeros(len(times), bool), *inside], axis=0))


def sound_spec(
    name: str, dim: int, hop_sec: float | None, columns: tuple[str, ...] | None = None
) -> FeatureSpec:
    """Return the promise of one row per clip, or of one every ``hop_sec``."""
    if hop_sec is None:
        return FeatureSpec(name, (dim,), "clip", columns=columns)
    return FeatureSpec(name, (dim,), "frame", rate_hz=1 / hop_sec, columns=columns)
