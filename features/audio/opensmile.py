"""openSMILE's twelve feature sets: functionals of a clip, or low-level descriptors over time."""

from __future__ import annotations

import functools
import warnings
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import field_validator, model_validator

from emotiw.core.config import Strict
from emotiw.core.errors import suggest
from emotiw.core.stopping import signals_held_back
from features.audio.signal import SignalOptions, Waveform
from features.audio.sound_augmentation import WaveformAugmentation, augmented
from features.audio.sound_extractor import Level, SoundExtractor, sound_spec

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


class OpenSmile(SoundExtractor):
    """Measures one openSMILE feature set.

    A clip that openSMILE answers with NaN has no row that is present: it does so for a whole row
    or not at all. Columns are named as openSMILE names them.

    Row ``i`` of descriptors is of the sound at ``i`` times 10 ms. openSMILE's own labels agree, but
    for IS11 and IS12, where they are 10 ms late from the second row on, and for the last row of
    some sets, which has the label of the one before.

    Source:
        Eyben, Wöllmer, Schuller 2010, through the ``opensmile`` package. Differs from its
        ``process_file``: stereo is mixed down, and full-scale samples are kept from wrapping.
    """

    Options = OpenSmileOptions
    version = "4"  # what earlier ones have kept may lack rows, where somebody stopped them

    def __init__(self, name: str, options: OpenSmileOptions) -> None:
        super().__init__(name, options)
        self._smile = _smile(options.feature_set, options.level)
        columns = tuple(self._smile.feature_names)
        hop_sec = None if options.level == "functionals" else HOP_SEC
        self.spec = sound_spec(name, len(columns), hop_sec, columns)

    def rows(self, waveform: Waveform, sampling_rate: int) -> npt.NDArray[np.float32]:
        """Return functionals, those of altered copies behind them, or descriptors over time."""
        copies = (augmented(waveform, sampling_rate, copy) for copy in self.options.augmentations)
        # called as a function it gives the numbers of process_signal without a frame around them
        with signals_held_back():  # or it would do without the rows that one comes in between of
            tables = [self._smile(each, sampling_rate)[0].T for each in (waveform, *copies)]
        return np.concatenate(tables)  # (n, dim)


@functools.cache
def _smile(feature_set: str, level: Level) -> Any:
    import opensmile

    class Smile(opensmile.Smile):  # type: ignore[misc]
        def to_dict(self, **_: Any) -> dict[str, Any]:
            return {}  # the other one looks through all installed packages for its name: 0.2 s

    levels = opensmile.FeatureLevel
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # older sets are asked for by those who repeat older work
        return Smile(
            opensmile.FeatureSet[feature_set],
            levels.Functionals if level == "functionals" else levels.LowLevelDescriptors,
        )
