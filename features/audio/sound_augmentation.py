"""Copies of a waveform that a listener would label the same: other pitch, speed, level, noise."""

from __future__ import annotations

import hashlib
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from emotiw.core.config import Strict
from features.audio.signal import Waveform, guard_peak


class WaveformAugmentation(Strict):
    """How one copy differs from the recording.

    Attributes:
        pitch: semitones up (or down, below 0), at the same speed.
        speed: 1.1 is ten per cent faster, at a pitch that rises with it.
        gain_db: louder, or softer below 0.
        noise_db: white noise this far below the level of the recording.
    """

    pitch: float = Field(default=0.0, ge=-12, le=12)
    speed: float = Field(default=1.0, ge=0.5, le=2)
    gain_db: float = Field(default=0.0, ge=-40, le=40)
    noise_db: float | None = Field(default=None, gt=-10)

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self == WaveformAugmentation.model_construct():
            raise ValueError("a copy needs at least one of pitch, speed, gain_db, noise_db")
        return self


def augmented(waveform: Waveform, sampling_rate: int, copy: WaveformAugmentation) -> Waveform:
    """Return the waveform as this copy has it; the same every time, noise included.

    Args:
        waveform: ``(n_samples,)``, |x| < 1.
        sampling_rate: Hz.
        copy: what to change.

    Returns:
        ``(n_samples / speed,)``, |x| < 1.

    Examples:
        >>> tone = np.sin(np.arange(1600) / 5).astype(np.float32)
        >>> len(augmented(tone, 16000, WaveformAugmentation(speed=0.8)))
        2000
    """
    changed = waveform
    if copy.speed != 1:
        import soxr

        changed = soxr.resample(changed, sampling_rate * copy.speed, sampling_rate)
    if copy.pitch:
        import librosa

        changed = librosa.effects.pitch_shift(changed, sr=sampling_rate, n_steps=copy.pitch)
    changed = changed * np.float32(10 ** (copy.gain_db / 20))
    if copy.noise_db is not None:
        seed = int.from_bytes(hashlib.sha256(waveform.tobytes()).digest()[:8], "little")
        level = float(np.sqrt(np.mean(np.square(changed, dtype=np.float64))))
        noise = np.random.default_rng(seed).standard_normal(len(changed))
        share = level * 10 ** (-copy.noise_db / 20)
        changed = changed + (share * noise).astype(np.float32)
    return guard_peak(np.asarray(changed, dtype=np.float32))
