"""A voice made of glottal pulses, noise and formants, whose manner follows the emotion.

Source:
    Fant 1960, the source-filter theory of speech production; glottal pulse after Rosenberg 1971.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotiw.demo.emotions import VOICE_PARTNER, Difficulty, blended
from emotiw.demo.motion import smooth_noise

Samples = npt.NDArray[np.float64]

SAMPLING_RATE = 16_000
# first four formants of a man, Hz
VOWELS = {
    "a": (730.0, 1090.0, 2440.0, 3400.0),
    "e": (530.0, 1840.0, 2480.0, 3500.0),
    "i": (270.0, 2290.0, 3010.0, 3600.0),
    "o": (570.0, 840.0, 2410.0, 3300.0),
    "u": (300.0, 870.0, 2240.0, 3200.0),
}
BANDWIDTHS = (70.0, 90.0, 130.0, 180.0)

# traits: pitch (4 semitones each), range (of pitch), energy (5 dB each), rate, bright (less tilt),
# breath, tremor, rise (of pitch towards the end)
TYPICAL_VOICE: dict[str, dict[str, float]] = {
    "Angry": {"pitch": 0.7, "range": 0.5, "energy": 1.5, "rate": 0.8, "bright": 1.3, "rise": -0.8},
    "Disgust": {"pitch": -0.9, "range": -0.4, "energy": 0.0, "rate": -1.0, "bright": 0.3},
    "Fear": {"pitch": 1.1, "energy": -0.6, "rate": 0.9, "breath": 0.8, "tremor": 1.2},
    "Happy": {"pitch": 1.3, "range": 1.1, "energy": 1.0, "rate": 0.4, "bright": 0.7, "rise": 0.3},
    "Neutral": {},
    "Sad": {"pitch": -0.3, "range": -0.7, "energy": -1.2, "rate": -0.8, "bright": -0.9}
    | {"breath": 0.8, "tremor": 0.6, "rise": -0.5},
    "Surprise": {"pitch": 1.4, "range": 0.8, "energy": 0.6, "rate": -0.6, "breath": 0.6}
    | {"rise": 2.0},
}


@dataclass(frozen=True)
class Speech:
    """What a clip says and how loud it is.

    Attributes:
        waveform: ``(n_samples,)`` float32 in [-1, 1] at ``SAMPLING_RATE``.
        loudness: ``(n_samples,)`` float64, 0 … 1, how far the mouth is open for it.
    """

    waveform: npt.NDArray[np.float32]
    loudness: Samples


def draw_voice(label: str, difficulty: Difficulty, rng: np.random.Generator) -> dict[str, float]:
    """Return the traits of one clip's voice."""
    return blended(
        TYPICAL_VOICE,
        label,
        VOICE_PARTNER,
        most=difficulty.voice_blend,
        noise=difficulty.voice_noise,
        intensity=difficulty.voice_intensity,
        partner_share=difficulty.partner_share,
        rng=rng,
    )


def speak(traits: dict[str, float], duration_sec: float, rng: np.random.Generator) -> Speech:
    """Return a babble of syllables spoken in that manner by a random speaker.

    Args:
        traits: see ``TYPICAL_VOICE``; a missing one is 0, the neutral voice.
        duration_sec: length, at least 0.5.
        rng: for the speaker, the syllables, the room and the microphone.
    """
    n_samples = round(duration_sec * SAMPLING_RATE)
    is_high = rng.random() < 0.5
    base_hz = rng.uniform(170, 225) if is_high else rng.uniform(95, 135)
    tract = rng.uniform(1.10, 1.22) if is_high else rng.uniform(0.95, 1.08)
    starts, lengths = _syllables(traits.get("rate", 0.0), duration_sec, rng)
    loudness, accent = _envelopes(starts, lengths, n_samples, rng)
    pitch = base_hz * 2 ** (_semitones(traits, accent, n_samples, rng) / 12)
    source = _glottal_pulses(pitch, traits.get("bright", 0.0))
    breath = float(np.clip(0.05 * 2 ** (2.2 * traits.get("breath", 0.0)), 0.01, 0.6))
    source += breath * rng.standard_normal(n_samples)
    tone = np.zeros(n_samples)
    which = rng.integers(len(VOWELS), size=len(starts))
    for number, formants in enumerate(VOWELS.values()):
        mine = which == number
        if mine.any():
            window, _ = _envelopes(starts[mine], lengths[mine], n_samples, None)
            tone += window * _resonate(source, [tract * hertz for hertz in formants])
    tone *= loudness / max(float(np.sqrt(np.mean(tone**2))), 1e-9)
    tone *= 0.06 * 10 ** (float(np.clip(5 * traits.get("energy", 0.0), -9, 9)) / 20)
    room = 0.004 * 10 ** (rng.uniform(-6, 6) / 20)
    wave = 10 ** (rng.normal(0, 1.5) / 20) * (tone + room * rng.standard_normal(n_samples))
    return Speech(np.tanh(wave).astype(np.float32), loudness)


def _syllables(
    rate: float, duration_sec: float, rng: np.random.Generator
) -> tuple[Samples, Samples]:
    """Return when syllables start and how long they are, in seconds."""
    typical = float(np.clip(0.21 * 2 ** (-0.5 * rate), 0.09, 0.45))
    starts, lengths, time = [], [], rng.uniform(0.05, 0.15)
    while time < duration_sec - 0.12:
        length = min(typical * rng.uniform(0.75, 1.3), duration_sec - 0.04 - time)
        starts.append(time)
        lengths.append(length)
        time += length * (1.15 if rng.random() < 0.8 else 1.7)
    return np.array(starts), np.array(lengths)


def _envelopes(
    starts: Samples, lengths: Samples, n_samples: int, rng: np.random.Generator | None
) -> tuple[Samples, Samples]:
    """Return how loud the syllables are and how much each is stressed; all the same without rng."""
    times = np.arange(n_samples) / SAMPLING_RATE
    loudness, accent = np.zeros(n_samples), np.zeros(n_samples)
    for start, length in zip(starts, lengths, strict=True):
        level = rng.uniform(0.6, 1.0) if rng else 1.0
        stress = rng.standard_normal() if rng else 0.0
        inside = np.clip((times - start) / length, 0, 1)
        shape = np.minimum(np.sin(np.pi * inside) * 1.6, 1.0)
        loudness = np.maximum(loudness, level * shape)
        accent += stress * np.sin(np.pi * inside) ** 2
    return loudness, accent


def _semitones(
    traits: dict[str, float], accent: Samples, n_samples: int, rng: np.random.Generator
) -> Samples:
    """Return how far the pitch is from the speaker's own at each sample."""
    frames = n_samples // 80 + 2  # every 5 ms
    times = np.linspace(0, 1, n_samples)
    every = np.linspace(0, frames - 1, n_samples)
    jitter = np.interp(every, np.arange(frames), 0.25 * smooth_noise(frames, 2.0, rng))
    spread = 1.6 * 2 ** (0.8 * traits.get("range", 0.0))
    tremor = max(traits.get("tremor", 0.0), 0.0)
    shake = 0.9 * tremor * np.sin(2 * np.pi * rng.uniform(6, 9) * every * 0.005)
    rise = traits.get("rise", 0.0)
    course = -1.5 * (times - 0.5) + 5.0 * rise * np.clip((times - 0.45) / 0.55, 0, 1) ** 1.5
    pitch = np.clip(4.0 * traits.get("pitch", 0.0), -8, 12)
    return np.asarray(pitch + spread * accent + course + jitter * (1 + tremor) + shake)


def _glottal_pulses(pitch: Samples, bright: float) -> Samples:
    """Return the flow derivative of Rosenberg pulses; a bright voice closes fast and tilts less."""
    from scipy.signal import lfilter

    phase = np.cumsum(pitch) / SAMPLING_RATE % 1.0
    opening, closing = 0.42, float(np.clip(0.16 * 2 ** (-0.6 * bright), 0.06, 0.3))
    flow = np.where(
        phase < opening,
        0.5 * (1 - np.cos(np.pi * phase / opening)),
        np.where(
            phase < opening + closing,
            np.cos(np.pi / 2 * np.minimum((phase - opening) / closing, 1)),
            0.0,
        ),
    )
    pulses = np.diff(flow, prepend=0.0)
    pole = float(np.clip(0.45 - 0.25 * bright, 0.05, 0.9))
    tilted = lfilter([1 - pole], [1, -pole], pulses)
    return np.asarray(tilted / max(float(np.sqrt(np.mean(tilted**2))), 1e-9))


def _resonate(source: Samples, formants: list[float]) -> Samples:
    from scipy.signal import lfilter

    for hertz, bandwidth in zip(formants, BANDWIDTHS, strict=True):
        radius = np.exp(-np.pi * bandwidth / SAMPLING_RATE)
        angle = 2 * np.pi * hertz / SAMPLING_RATE
        poles = [1.0, -2 * radius * np.cos(angle), radius**2]
        source = lfilter([sum(poles)], poles, source)
    return source
