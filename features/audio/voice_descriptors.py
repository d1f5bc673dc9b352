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
from features.audio.prosody import COLUMNS, prosody
from features.audio.signal import Waveform, at_level, lengthen
from features.audio.speech_activity import HOP_SEC, SoundTrack, measured, spoken_rows

FEATURE_SETS = ("eGeMAPSv02",)
LEVEL_DB = -26.0
EDGE = 2  # rows before the first and after the last speech
FEWEST_SEC = 0.3  # of speech, to tell anything by
SHORTEST_SEC = 0.5  # shorter ones are mirrored: functionals of less are mostly NaN


class VoiceDescriptors:
    """openSMILE's functionals and the prosody of the spoken part of a waveform.

    Args:
        feature_sets: of openSMILE, side by side; prosody stands behind them.
    """

    def __init__(self, feature_sets: tuple[str, ...] = FEATURE_SETS) -> None:
        self.feature_sets = feature_sets

    @cached_property
    def _extractors(self) -> list[OpenSmile]:
        return [OpenSmile(n, OpenSmileOptions(feature_set=n)) for n in self.feature_sets]

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, those of openSMILE with the set in front."""
        of_sets = [f"{e.name}_{c}" for e in self._extractors for c in e.spec.columns or ()]
        return (*of_sets, *COLUMNS)

    def __call__(
        self, waveform: Waveform, sampling_rate: int
    ) -> tuple[npt.NDArray[np.float64] | None, float]:
        """Return ``(dim,)`` descriptors, and how many seconds are speech.

        With less than 0.3 s of speech there are no descriptors.
        """
        track = measured(at_level(waveform, LEVEL_DB), sampling_rate)
        rows = np.flatnonzero(spoken_rows(track))
        speech_sec = len(rows) * HOP_SEC
        if speech_sec < FEWEST_SEC:
            return None, speech_sec
        first, end = max(0, rows[0] - EDGE), rows[-1] + 1 + EDGE
        hop = round(HOP_SEC * sampling_rate)
        part = lengthen(waveform[first * hop : end * hop], round(SHORTEST_SEC * sampling_rate))
        heard = at_level(part, LEVEL_DB)
        found = [each.rows(heard, sampling_rate)[0] for each in self._extractors]
        own = prosody(SoundTrack(*(column[first:end] for column in track)))
        return np.concatenate([*found, own]).astype(np.float64), speech_sec
