"""Kaldi's filter banks, the usual input of networks that learn from spectrograms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.config import Strict
from features.audio.signal import SignalOptions, Waveform
from features.audio.sound_extractor import SHORTEST_STEP_SEC, SoundExtractor, sound_spec


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
    window_sec: float = Field(default=0.025, ge=SHORTEST_STEP_SEC)
    hop_sec: float = Field(default=0.01, ge=SHORTEST_STEP_SEC)
    subtract_mean: bool = False
    signal: SignalOptions = SignalOptions()


class Fbank(SoundExtractor):
    """Measures log filter bank energies as Kaldi does, without dither.

    Source:
        Povey et al. 2011, through ``torchaudio.compliance.kaldi``. Differs: no dither, so that
        the same clip always has the same rows.
    """

    Options = FbankOptions
    version = "4"

    def __init__(self, name: str, options: FbankOptions) -> None:
        super().__init__(name, options)
        self.window_sec = options.window_sec
        columns = tuple(f"log_mel{band}" for band in range(options.n_mels))
        rate = options.signal.sampling_rate
        hop = int(rate * (1000 * options.hop_sec) * 0.001)  # samples, as Kaldi counts them
        self.spec = sound_spec(name, options.n_mels, hop / rate, columns)

    def rows(self, waveform: Waveform, sampling_rate: int) -> npt.NDArray[np.float32]:
        """Return natural logarithms of power, of 16-bit amplitudes."""
        import torch
        from torchaudio.compliance import kaldi

        bands = kaldi.fbank(
            torch.from_numpy(waveform)[None] * 32768,  # Kaldi reads 16-bit amplitudes
            sample_frequency=float(sampling_rate),
            num_mel_bins=self.options.n_mels,
            frame_length=1000 * self.options.window_sec,
            frame_shift=1000 * self.options.hop_sec,
            subtract_mean=self.options.subtract_mean,
            dither=0.0,
        )  # (n, n_mels)
        return np.asarray(bands.numpy())
