"""Kaldi's filter banks, the usual input of networks that learn from spectrograms."""

from __future__ import annotations

from pydantic import Field

from emotiw.core.config import Strict
from emotiw.core.feature_table import FeatureSpec
from features.audio.descriptor_rows import absent_row, finite_rows
from features.audio.signal import Signal, SignalOptions, signal_of
from features.extractor import ClipSource, Extraction, Extractor


class FbankOptions(Strict):
    """Options of the filter banks.

    Attributes:
        n_mels: number of mel bands.
        window_sec: length of the analysis window.
        hop_sec: step from window to window.
        subtract_mean: take away each band's mean over the clip, and with it the microphone.
        signal: how the sound is prepared.
    """

    n_mels: int = Field(default=64, ge=8, le=256)
    window_sec: float = Field(default=0.025, gt=0)
    hop_sec: float = Field(default=0.01, gt=0)
    subtract_mean: bool = False
    signal: SignalOptions = SignalOptions()


class Fbank(Extractor):
    """Measures log filter bank energies as Kaldi does, without dither.

    A clip without sound has one row that is not present.

    Source:
        Povey et al. 2011, through ``torchaudio.compliance.kaldi``. Differs: no dither, so that
        the same clip always has the same rows.
    """

    Options = FbankOptions

    def __init__(self, name: str, options: FbankOptions) -> None:
        super().__init__(name, options)
        self.spec = FeatureSpec(
            name,
            (options.n_mels,),
            unit="frame",
            rate_hz=1 / options.hop_sec,
            columns=tuple(f"log_mel{band}" for band in range(options.n_mels)),
        )

    def extract(self, source: ClipSource) -> Extraction:
        """Return the rows of one clip; MediaError if it can't be read."""
        return self.describe(signal_of(source, self.options.signal))

    def describe(self, signal: Signal) -> Extraction:
        """Return the rows of a waveform: natural logarithms of power, of 16-bit amplitudes."""
        if signal.waveform is None:
            return Extraction(absent_row(self.spec), signal.quality)
        import torch
        from torchaudio.compliance import kaldi

        bands = kaldi.fbank(
            torch.from_numpy(signal.waveform)[None] * 32768,  # Kaldi reads 16-bit amplitudes
            sample_frequency=float(signal.sampling_rate),
            num_mel_bins=self.options.n_mels,
            frame_length=1000 * self.options.window_sec,
            frame_shift=1000 * self.options.hop_sec,
            subtract_mean=self.options.subtract_mean,
            dither=0.0,
        )  # (n, n_mels)
        return Extraction(finite_rows(bands.numpy()), signal.quality)
