"""librosa's descriptors: cepstrum, mel spectrum, harmony, rhythm, pitch and level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator, model_validator

from emotiw.core.config import Strict
from features.audio.functionals import Statistic, functionals
from features.audio.signal import SignalOptions, Waveform
from features.audio.sound_extractor import SHORTEST_STEP_SEC, Level, SoundExtractor, sound_spec

Matrix = npt.NDArray[Any]
Descriptor = Literal[
    "mfcc",
    "mfcc_delta",
    "mfcc_delta2",
    "log_mel",
    "chroma",
    "contrast",
    "tonnetz",
    "tempogram",
    "shape",
    "f0",
    "rms",
    "zero_crossings",
]
CONTRAST_FROM_HZ = 200.0
TEMPOGRAM_LAGS = 64
PYIN_WINDOWS = 2  # its window in those of the spectrum
SHAPE = ("centroid", "bandwidth", "rolloff", "flatness")
F0 = ("f0", "voiced", "voiced_probability")


class LibrosaOptions(Strict):
    """Options of the librosa features.

    Attributes:
        descriptors: which, in this order; ``shape`` is centroid, bandwidth, roll-off and
            flatness of the spectrum, ``f0`` is pYIN's pitch in octaves above 27.5 Hz with its
            voicing (by far the slowest).
        level: ``functionals``: statistics over the clip; ``low_level``: one row per hop.
        statistics: which functionals. Those of ``f0`` are taken over voiced windows alone, and
            are 0 in a clip without any; its ``voiced`` columns tell the two apart.
        n_mfcc: number of cepstral coefficients.
        n_mels: number of mel bands.
        window_sec: length of the analysis window.
        hop_sec: step from window to window.
        f0_range_hz: lowest and highest pitch.
        signal: how the sound is prepared.
    """

    descriptors: tuple[Descriptor, ...] = get_args(Descriptor)
    level: Level = "functionals"
    statistics: tuple[Statistic, ...] = get_args(Statistic)
    n_mfcc: int = Field(default=20, ge=1, le=40)
    n_mels: int = Field(default=40, ge=8, le=256)
    window_sec: float = Field(default=0.032, ge=SHORTEST_STEP_SEC)
    hop_sec: float = Field(default=0.01, ge=SHORTEST_STEP_SEC)
    f0_range_hz: tuple[float, float] = (60.0, 600.0)
    signal: SignalOptions = SignalOptions()

    @field_validator("descriptors", "statistics")
    @classmethod
    def _are_distinct(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names or len(set(names)) != len(names):
            raise ValueError(f"expected at least one name, each once, got {names}")
        return names

    @model_validator(mode="after")
    def _can_be_measured(self) -> Self:
        has_mfcc = any(name.startswith("mfcc") for name in self.descriptors)
        if has_mfcc and self.n_mfcc > self.n_mels:
            raise ValueError(f"n_mfcc {self.n_mfcc}: there are no more than n_mels, {self.n_mels}")
        (low, high), rate = self.f0_range_hz, self.signal.sampling_rate
        least = rate / (PYIN_WINDOWS * self.n_fft - 1)  # one period in pYIN's window
        if "f0" in self.descriptors and not least <= low < high <= rate / 2:
            raise ValueError(
                f"f0_range_hz: expected two frequencies from {least:.3g} (by window_sec) to "
                f"{rate / 2:g}, the lower one first, got {low:g} and {high:g}"
            )
        return self

    @property
    def hop(self) -> int:
        """The step from window to window in samples."""
        return round(self.hop_sec * self.signal.sampling_rate)

    @property
    def window(self) -> int:
        """The length of the window in samples."""
        return round(self.window_sec * self.signal.sampling_rate)

    @property
    def n_fft(self) -> int:
        """The length of the spectrum's transform."""
        return 1 << (self.window - 1).bit_length()


class LibrosaFeatures(SoundExtractor):
    """Measures librosa's descriptors of a clip.

    Source:
        McFee et al. 2015 and the papers named in librosa's own documentation.
    """

    Options = LibrosaOptions
    version = "4"

    def __init__(self, name: str, options: LibrosaOptions) -> None:
        super().__init__(name, options)
        self.window_sec = options.window_sec
        columns = [c for d in options.descriptors for c in _columns(d, options)]
        if options.level == "functionals":
            columns = [f"{column}_{kind}" for kind in options.statistics for column in columns]
        in_samples = options.hop / options.signal.sampling_rate  # what rows are apart
        hop_sec = None if options.level == "functionals" else in_samples
        self.spec = sound_spec(name, len(columns), hop_sec, tuple(columns))

    def rows(self, waveform: Waveform, sampling_rate: int) -> Matrix:
        """Return functionals, or descriptors over time."""
        spectrum = _Spectrum(waveform, sampling_rate, self.options)
        rows = np.concatenate([DESCRIBE[d](spectrum) for d in self.options.descriptors]).T
        if self.options.level == "functionals":
            return functionals(rows, self.options.statistics)[None]
        return np.asarray(np.nan_to_num(rows, nan=0.0))


class _Spectrum:
    """A waveform with its power spectrogram, computed once for all descriptors."""

    def __init__(self, waveform: npt.NDArray[np.float32], rate: int, options: LibrosaOptions):
        import librosa

        self.waveform = waveform
        self.rate = rate
        self.options = options
        self.hop, self.n_fft = options.hop, options.n_fft
        stft = librosa.stft(
            waveform, n_fft=self.n_fft, hop_length=self.hop, win_length=options.window
        )
        self.magnitude = np.abs(stft)  # (1 + n_fft / 2, n)
        self.power = self.magnitude**2
        mel = librosa.feature.melspectrogram(S=self.power, sr=rate, n_mels=options.n_mels)
        self.log_mel = librosa.power_to_db(mel, top_db=None)  # (n_mels, n)
        self.n = self.power.shape[1]

    def fitted(self, rows: Matrix) -> Matrix:
        """Return ``(dim, n)``: cut, or lengthened by its last column."""
        missing = max(0, self.n - rows.shape[1])
        return np.pad(rows, ((0, 0), (0, missing)), mode="edge")[:, : self.n]


def _mfcc(s: _Spectrum) -> Matrix:
    import librosa

    return librosa.feature.mfcc(S=s.log_mel, n_mfcc=s.options.n_mfcc)


def _delta(order: int) -> Callable[[_Spectrum], Matrix]:
    def function(s: _Spectrum) -> Matrix:
        import librosa

        return librosa.feature.delta(_mfcc(s), order=order, mode="nearest")

    return function


def _chroma(s: _Spectrum) -> Matrix:
    import librosa

    return librosa.feature.chroma_stft(S=s.power, sr=s.rate, n_fft=s.n_fft, tuning=0.0)


def _contrast(s: _Spectrum) -> Matrix:
    import librosa

    return librosa.feature.spectral_contrast(
        S=s.magnitude, sr=s.rate, n_bands=_n_bands(s.rate), fmin=CONTRAST_FROM_HZ
    )


def _tonnetz(s: _Spectrum) -> Matrix:
    import librosa

    return librosa.feature.tonnetz(chroma=_chroma(s), sr=s.rate)


def _tempogram(s: _Spectrum) -> Matrix:
    import librosa

    rise = np.diff(s.log_mel, axis=1, prepend=s.log_mel[:, :1]).clip(0).mean(axis=0)
    tempogram = librosa.feature.tempogram(
        onset_envelope=rise, sr=s.rate, hop_length=s.hop, win_length=TEMPOGRAM_LAGS
    )
    return s.fitted(tempogram)


def _shape(s: _Spectrum) -> Matrix:
    import librosa

    measure = librosa.feature
    centroid = measure.spectral_centroid(S=s.magnitude, sr=s.rate)
    bandwidth = measure.spectral_bandwidth(S=s.magnitude, sr=s.rate, centroid=centroid)
    rolloff = measure.spectral_rolloff(S=s.magnitude, sr=s.rate)
    return np.concatenate([centroid, bandwidth, rolloff, measure.spectral_flatness(S=s.magnitude)])


def _f0(s: _Spectrum) -> Matrix:
    import librosa

    low, high = s.options.f0_range_hz
    pitch, is_voiced, probability = librosa.pyin(
        s.waveform,
        fmin=low,
        fmax=high,
        sr=s.rate,
        frame_length=PYIN_WINDOWS * s.n_fft,
        hop_length=s.hop,
    )
    return s.fitted(np.stack([np.log2(pitch / 27.5), is_voiced.astype(float), probability]))


def _rms(s: _Spectrum) -> Matrix:
    import librosa

    rms = librosa.feature.rms(y=s.waveform, frame_length=s.n_fft, hop_length=s.hop)
    return s.fitted(librosa.amplitude_to_db(rms, top_db=None))


def _zero_crossings(s: _Spectrum) -> Matrix:
    import librosa

    rate = librosa.feature.zero_crossing_rate(s.waveform, frame_length=s.n_fft, hop_length=s.hop)
    return s.fitted(rate)


DESCRIBE: dict[Descriptor, Callable[[_Spectrum], Matrix]] = {
    "mfcc": _mfcc,
    "mfcc_delta": _delta(1),
    "mfcc_delta2": _delta(2),
    "log_mel": lambda s: s.log_mel,
    "chroma": _chroma,
    "contrast": _contrast,
    "tonnetz": _tonnetz,
    "tempogram": _tempogram,
    "shape": _shape,
    "f0": _f0,
    "rms": _rms,
    "zero_crossings": _zero_crossings,
}


def _columns(descriptor: Descriptor, options: LibrosaOptions) -> list[str]:
    named = {"shape": SHAPE, "f0": F0, "rms": ("rms",), "zero_crossings": ("zero_crossings",)}
    if descriptor in named:
        return list(named[descriptor])
    counts = {
        "log_mel": options.n_mels,
        "chroma": 12,
        "contrast": _n_bands(options.signal.sampling_rate) + 1,
        "tonnetz": 6,
        "tempogram": TEMPOGRAM_LAGS,
    }
    return [f"{descriptor}{n}" for n in range(counts.get(descriptor, options.n_mfcc))]


def _n_bands(rate: int) -> int:
    """Return how many octaves above 200 Hz fit below half the sampling rate, leaving one bin."""
    return max(1, int(np.floor(np.log2(0.49 * rate / CONTRAST_FROM_HZ))))
