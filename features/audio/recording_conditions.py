"""A recording as it might have come from elsewhere: another room, microphone, codec, noise.

A listener would call it the same utterance. A model that has to hold for one clip of an unknown
microphone learns from such copies; :mod:`features.audio.sound_augmentation` has the few plain ones
that a recipe lists one by one.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.config import Strict
from features.audio.signal import Waveform, guard_peak

CODECS: dict[str, tuple[str, tuple[int, ...], tuple[int, ...]]] = {  # format, rates, bit rates
    "libmp3lame": ("mp3", (16_000, 22_050), (24_000, 48_000, 64_000)),
    "aac": ("adts", (16_000,), (24_000, 48_000)),
    "libopus": ("ogg", (16_000,), (10_000, 16_000, 32_000)),
    "pcm_mulaw": ("wav", (8_000,), (0,)),
    "adpcm_ima_wav": ("wav", (16_000, 8_000), (0,)),
}
DECAY = 6.9  # natural logarithms of amplitude in 60 dB


class ConditionOptions(Strict):
    """How far a copy strays; each share is the probability that the change happens at all.

    Attributes:
        speed: faster or slower by up to this share, pitch with it.
        room: share of copies that sound as in a room.
        room_sec: reverberation times (60 dB), shortest and longest.
        band: share that loses low or high tones, as through a telephone or a cheap microphone.
        tilt_db: the spectrum leans by up to so many dB per octave around 1 kHz, either way.
        noise: share with noise.
        noise_db: how far the noise lies below the voice, least and most.
        codec: share that was compressed and decoded.
        clip: share that was recorded too loud.
    """

    speed: float = Field(default=0.06, ge=0, lt=0.5)
    room: float = Field(default=0.5, ge=0, le=1)
    room_sec: tuple[float, float] = (0.1, 0.8)
    band: float = Field(default=0.4, ge=0, le=1)
    tilt_db: float = Field(default=2.0, ge=0)
    noise: float = Field(default=0.7, ge=0, le=1)
    noise_db: tuple[float, float] = (5.0, 40.0)
    codec: float = Field(default=0.3, ge=0, le=1)
    clip: float = Field(default=0.1, ge=0, le=1)


def recorded_elsewhere(
    waveform: Waveform, sampling_rate: int, options: ConditionOptions, chance: np.random.Generator
) -> Waveform:
    """Return the sound under other conditions, drawn at random.

    Args:
        waveform: ``(n_samples,)``, |x| < 1.
        sampling_rate: Hz.
        options: how far to stray.
        chance: the same generator state gives the same copy.

    Returns:
        About as long as it was, |x| < 1.

    Source:
        Rooms are noise that decays exponentially (Moorer 1979), with the direct sound in front.
    """
    x = waveform.astype(np.float64)
    if options.speed:
        import soxr

        rate = sampling_rate * (1 + chance.uniform(-1, 1) * options.speed)
        x = np.asarray(soxr.resample(x, rate, sampling_rate))
    if chance.random() < options.room:
        x = _in_room(x, sampling_rate, chance.uniform(*options.room_sec), chance)
    x = _filtered(x, sampling_rate, options, chance)
    if chance.random() < options.noise:
        x = x + _noise(len(x), sampling_rate, chance) * _level(x) * 10 ** (
            -chance.uniform(*options.noise_db) / 20
        )
    if chance.random() < options.clip:
        most = float(np.quantile(np.abs(x), chance.uniform(0.97, 0.999))) or 1.0
        x = x.clip(-most, most)
    heard = guard_peak(np.asarray(x, dtype=np.float32))
    if chance.random() < options.codec:
        heard = _through_codec(heard, sampling_rate, chance)
    return heard


def _level(x: npt.NDArray[np.float64]) -> float:
    """Return the level of the louder half: pauses say nothing of how loud a voice is."""
    block = 400
    power = np.square(x[: len(x) // block * block]).reshape(-1, block).mean(axis=1)
    if not len(power):
        power = np.square(x)
    return float(np.sqrt(power[power >= np.median(power)].mean()))


def _in_room(
    x: npt.NDArray[np.float64], rate: int, decay_sec: float, chance: np.random.Generator
) -> npt.NDArray[np.float64]:
    from scipy.signal import fftconvolve

    time = np.arange(round(decay_sec * rate)) / rate
    tail = chance.standard_normal(len(time)) * np.exp(-DECAY * time / decay_sec)
    tail[: round(chance.uniform(0.002, 0.02) * rate)] = 0  # the first wall is some metres away
    tail /= np.sqrt(np.square(tail).sum()) + 1e-12
    response = tail * 10 ** (-chance.uniform(-3, 15) / 20)  # direct against reflected sound
    response[0] = 1.0
    return np.asarray(fftconvolve(x, response)[: len(x)])


def _filtered(
    x: npt.NDArray[np.float64], rate: int, options: ConditionOptions, chance: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return the sound with its spectrum leant and cut."""
    spectrum = np.fft.rfft(x)
    hz = np.fft.rfftfreq(len(x), 1 / rate)
    octaves = np.log2(np.maximum(hz, 50.0) / 1000.0)
    gain_db = chance.uniform(-1, 1) * options.tilt_db * octaves
    if chance.random() < options.band:
        low, high = np.exp(chance.uniform(np.log([50, 2500]), np.log([350, 7000])))
        gain_db -= 24 * np.maximum(np.log2(low / np.maximum(hz, 20.0)), 0)
        gain_db -= 48 * np.maximum(np.log2(np.maximum(hz, 20.0) / high), 0)
    return np.asarray(np.fft.irfft(spectrum * 10 ** (gain_db / 20), len(x)))


def _noise(n: int, rate: int, chance: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return noise of level 1 whose spectrum falls by nothing to 9 dB an octave, maybe with hum."""
    spectrum = np.fft.rfft(chance.standard_normal(n))
    hz = np.maximum(np.fft.rfftfreq(n, 1 / rate), 40.0)
    found = np.fft.irfft(spectrum * hz ** -chance.uniform(0, 1.5), n)
    found /= found.std() + 1e-12
    if chance.random() < 0.2:
        time = np.arange(n) / rate
        mains = chance.choice([50.0, 60.0])
        hum = sum(np.sin(2 * np.pi * mains * k * time) / k for k in (1, 2, 3, 5))
        found = found + chance.uniform(0, 1) * hum
    if chance.random() < 0.3:  # it swells and fades, as traffic and crowds do
        slow = np.interp(np.arange(n), np.linspace(0, n, 8), chance.uniform(0.2, 1.8, 8))
        found = found * slow
    return np.asarray(found / (found.std() + 1e-12))


def _through_codec(waveform: Waveform, rate: int, chance: np.random.Generator) -> Waveform:
    name = str(chance.choice(list(CODECS)))
    kind, rates, bit_rates = CODECS[name]
    own_rate, bit_rate = int(chance.choice(rates)), int(chance.choice(bit_rates))
    return coded(waveform, rate, name, kind, own_rate, bit_rate)


def coded(
    waveform: Waveform, rate: int, codec: str, kind: str, own_rate: int, bit_rate: int
) -> Waveform:
    """Return the sound after it was compressed by a codec and decoded again.

    Args:
        waveform: ``(n_samples,)``.
        rate: Hz, of the sound that is given and returned.
        codec: by FFmpeg's name.
        kind: of file that it is put into.
        own_rate: Hz, of the compressed sound.
        bit_rate: bits per second; 0 where the codec has only one.
    """
    import av
    import soxr

    narrow = soxr.resample(waveform, rate, own_rate) if own_rate != rate else waveform
    file = io.BytesIO()
    with av.open(file, "w", format=kind) as out:
        track: Any = out.add_stream(codec, rate=own_rate)
        track.layout = "mono"
        if bit_rate:
            track.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(narrow, dtype=np.float32)[None], format="fltp", layout="mono"
        )
        frame.sample_rate = own_rate
        frame.pts = 0
        resampler = av.AudioResampler(track.codec_context.format, "mono", track.codec_context.rate)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(track.encode(part))
        out.mux(track.encode(None))
    file.seek(0)
    back = av.AudioResampler("fltp", "mono", rate)
    with av.open(file, "r") as source:
        parts = [p for each in source.decode(audio=0) for p in back.resample(each)]
        parts += back.resample(None)
    decoded = np.concatenate([np.zeros(0, np.float32), *(p.to_ndarray()[0] for p in parts)])
    return guard_peak(decoded[: len(waveform) + rate // 10].astype(np.float32))
