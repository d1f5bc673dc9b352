"""openSMILE's twelve feature sets: functionals of a clip, or low-level descriptors over time."""

from __future__ import annotations

import functools
import warnings
from typing import Any, Literal, Self

import numpy as np
from pydantic import field_validator, model_validator

from emotiw.core.config import Strict
from emotiw.core.errors import suggest
from emotiw.core.feature_table import FeatureSpec
from features.audio.descriptor_rows import absent_row, finite_rows
from features.audio.signal import Signal, SignalOptions, signal_of
from features.audio.sound_augmentation import WaveformAugmentation, augmented
from features.extractor import ClipSource, Extraction, Extractor

FEATURE_SETS = (
    "ComParE_2016",
    "GeMAPSv01a",
    "GeMAPSv01b",
    "eGeMAPSv01a",
    "eGeMAPSv01b",
    "eGeMAPSv02",
    "emobase",
    "IS09",
    "IS10",
    "IS11",
    "IS12",
    "IS13",
)
Level = Literal["functionals", "low_level"]
HOP_SEC = 0.01


class OpenSmileOptions(Strict):
    """Options of the openSMILE features.

    Attributes:
        feature_set: one of openSMILE's sets by name.
        level: ``functionals``, one row per clip, or ``low_level`` descriptors, one per 10 ms.
        signal: how the sound is prepared.
        augmentations: altered copies of each clip, for functionals: row 0 is the clip itself, and
            one row per copy follows, which models of one vector per clip learn from and never
            score.
    """

    feature_set: str = "eGeMAPSv02"
    level: Level = "functionals"
    signal: SignalOptions = SignalOptions()
    augmentations: tuple[WaveformAugmentation, ...] = ()

    @model_validator(mode="after")
    def _augmentations_are_of_clips(self) -> Self:
        if self.augmentations and self.level != "functionals":
            raise ValueError("augmentations go with functionals, one row each")
        return self

    @field_validator("feature_set")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in FEATURE_SETS:
            known = ", ".join(FEATURE_SETS)
            raise ValueError(
                f"unknown feature set {name!r}{suggest(name, FEATURE_SETS)} (known: {known})"
            )
        return name


class OpenSmile(Extractor):
    """Measures one openSMILE feature set.

    A clip without sound has one row that is not present. So has one that openSMILE answers with
    NaN, which it does for a whole row or not at all. Columns are named as openSMILE names them.

    Row ``i`` of descriptors is of the sound at ``i`` times 10 ms. openSMILE's own labels agree, but
    for IS11 and IS12, where they are 10 ms late from the second row on, and for the last row of
    some sets, which has the label of the one before.

    Source:
        Eyben, Wöllmer, Schuller 2010, through the ``opensmile`` package. Differs from its
        ``process_file``: stereo is mixed down, and full-scale samples are kept from wrapping.
    """

    Options = OpenSmileOptions

    def __init__(self, name: str, options: OpenSmileOptions) -> None:
        super().__init__(name, options)
        self._smile = _smile(options.feature_set, options.level)
        columns = tuple(self._smile.feature_names)
        is_clip = options.level == "functionals"
        self.spec = FeatureSpec(
            name,
            (len(columns),),
            unit="clip" if is_clip else "frame",
            rate_hz=None if is_clip else 1 / HOP_SEC,
            columns=columns,
        )

    def extract(self, source: ClipSource) -> Extraction:
        """Return the rows of one clip; MediaError if it can't be read."""
        return self.describe(signal_of(source, self.options.signal))

    def describe(self, signal: Signal) -> Extraction:
        """Return the rows of a waveform."""
        if signal.waveform is None:
            return Extraction(absent_row(self.spec), signal.quality)
        rate = signal.sampling_rate
        copies = (augmented(signal.waveform, rate, copy) for copy in self.options.augmentations)
        # called as a function it gives the numbers of process_signal without a frame around them
        tables = [
            self._smile(waveform, rate)[0].T  # (n, dim)
            for waveform in (signal.waveform, *copies)
        ]
        return Extraction(finite_rows(np.concatenate(tables)), signal.quality)


@functools.cache
def _smile(feature_set: str, level: Level) -> Any:
    import opensmile

    levels = opensmile.FeatureLevel
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # older sets are asked for by those who repeat older work
        return opensmile.Smile(
            opensmile.FeatureSet[feature_set],
            levels.Functionals if level == "functionals" else levels.LowLevelDescriptors,
        )
