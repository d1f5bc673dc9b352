"""What is measured of a voice so that microphone, level and silence around it don't count.

Corpora differ in how much silence they leave around an utterance more than in how people sound:
of functionals of whole files, most say that. So only the part from the first to the last speech
is measured, brought to one level.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.audio.opensmile import OpenSmile, OpenSmileOptions
from features.audio.signal import Waveform, at_level, lengthen
from features.audio.speech_activity import speech_spans

FEATURE_SETS = ("eGeMAPSv02",)
LEVEL_DB = -26.0
EDGE_SEC = 0.02  # before the first and after the last speech
FEWEST_SEC = 0.3  # of speech, to tell anything by
SHORTEST_SEC = 0.5  # shorter ones are mirrored: functionals of less are mostly NaN


class VoiceDescriptors:
    """Functionals of the spoken part of a waveform.

    Args:
        feature_sets: of openSMILE, side by side.
    """

    def __init__(self, feature_sets: tuple[str, ...] = FEATURE_SETS) -> None:
        self.feature_sets = feature_sets

    @cached_property
    def _extractors(self) -> list[OpenSmile]:
        return [OpenSmile(n, OpenSmileOptions(feature_set=n)) for n in self.feature_sets]

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, those of the set in front."""
        return tuple(f"{e.name}_{c}" for e in self._extractors for c in e.spec.columns or ())

    def __call__(self, waveform: Waveform, sampling_rate: int) -> npt.NDArray[np.float64]:
        """Return ``(dim,)`` of a part that :func:`spoken_part` found."""
        least = round(SHORTEST_SEC * sampling_rate)
        heard = at_level(lengthen(waveform, least), LEVEL_DB)
        rows = [each.rows(heard, sampling_rate)[0] for each in self._extractors]
        return np.concatenate(rows).astype(np.float64)


def spoken_part(waveform: Waveform, sampling_rate: int) -> tuple[Waveform, float]:
    """Return the part from the first to the last speech, and how many seconds of it are speech.

    With less than 0.3 s of speech there is no such part, and it is empty.
    """
    spans = speech_spans(at_level(waveform, LEVEL_DB), sampling_rate)
    spoken_sec = sum(end - begin for begin, end in spans)
    if spoken_sec < FEWEST_SEC:
        return waveform[:0], spoken_sec
    begin = max(0, round((spans[0][0] - EDGE_SEC) * sampling_rate))
    return waveform[begin : round((spans[-1][1] + EDGE_SEC) * sampling_rate)], spoken_sec
