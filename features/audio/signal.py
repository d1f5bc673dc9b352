"""From any clip to a waveform that every descriptor can read, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.config import Strict
from emotiw.core.errors import MediaError
from emotiw.core.media import Audio, MediaReader
from features.extractor import ClipSource

PEAK = 0.999  # full-scale samples wrap around in openSMILE's 16-bit input
CLIPPED_SHARE = 0.001
# ten of openSMILE's twelve sets, and pYIN, look for pitch in windows of about 60 ms: less than that
# would be measured on its own mirror image
SHORTEST_SEC = 0.06
# half of what makes speech understood lies above 1.9 kHz (French and Steinberg 1947, equal
# intelligibility of low and high pass), which a lower sampling rate doesn't hold
LOWEST_HZ = 4_000

State = Literal["present", "clipped", "silent", "missing", "empty", "damaged", "short", "slow"]
Quality = Mapping[str, float | int | str]
Waveform = npt.NDArray[np.float32]


class SignalOptions(Strict):
    """How the sound of a clip is prepared.

    Attributes:
        sampling_rate: Hz; whatever was recorded is resampled to it.
        min_sec: shorter tracks are mirrored at their end until they last this long. Below about
            0.1 s most openSMILE sets give nothing but NaN.
        silence_db: a track whose loudest sample, without its offset, is below this level
            (0 dB is full scale) counts as silent.
        trim_db: leading and trailing parts this much quieter than the loudest are cut off;
            None keeps them.
    """

    sampling_rate: int = Field(default=16_000, ge=LOWEST_HZ, le=192_000)
    min_sec: float = Field(default=0.25, ge=0.1, le=60)
    silence_db: float = Field(default=-70.0, lt=0)
    trim_db: float | None = Field(default=None, gt=0)


@dataclass(frozen=True)
class Signal:
    """The sound of one clip.

    Attributes:
        waveform: ``(n_samples,)`` float32, finite, |x| < 1, at least ``min_sec`` long;
            None where there is nothing to hear.
        sampling_rate: Hz.
        quality: measurements for the ledger. ``audio`` is ``present``, ``clipped`` (present, but at
            least 0.1 % of the samples are at full scale), ``silent``, ``missing`` (no track),
            ``empty`` (a track without samples), ``damaged`` (no sample is a number), ``short``
            (less than one analysis window) or ``slow`` (its sampling rate holds no speech).
    """

    waveform: Waveform | None
    sampling_rate: int
    quality: Quality


def heard_sec(quality: Quality) -> float:
    """Return how many seconds there are to measure, of what is noted of a sound."""
    return float(quality.get("trimmed_sec", quality.get("duration_sec", 0.0)))


def why_unheard(quality: Quality) -> str:
    """Return why there is no sound, of what is noted of it.

    Examples:
        >>> why_unheard({"audio": "short", "duration_sec": 0.012})
        '12 ms, too short'
        >>> why_unheard({"audio": "slow", "sampling_rate": 100})
        'sampled at 100 Hz, too low'
        >>> why_unheard({"audio": "silent"})
        'silent'
    """
    if quality["audio"] == "short":
        return f"{1000 * heard_sec(quality):.3g} ms, too short"
    if quality["audio"] == "slow":
        return f"sampled at {quality['sampling_rate']} Hz, too low"
    return str(quality["audio"])


def signal_of(source: ClipSource, options: SignalOptions) -> Signal:
    """Return the sound of a clip, decoded and prepared once for all extractors that ask for it.

    Raises:
        MediaError: if the file can't be read at all.
    """
    if options not in source.shared:
        if Audio not in source.shared:
            source.shared[Audio] = _read_track(source.path)
        source.shared[options] = _signal_of_track(source.shared[Audio], options)
    signal: Signal = source.shared[options]
    return signal


def read_signal(path: Path, options: SignalOptions | None = None) -> Signal:
    """Return the sound of a clip, mixed to the mean of its channels and prepared.

    A clip without an audio track is not an error: its ``audio`` is ``missing``.

    Raises:
        MediaError: if the file can't be read at all.
    """
    return _signal_of_track(_read_track(path), options or SignalOptions())


def prepare(audio: Audio, options: SignalOptions | None = None) -> Signal:
    """Clean, resample, guard and lengthen a waveform.

    Samples that are NaN or infinite become 0 and are counted as ``n_nan``.

    Examples:
        >>> tone = np.sin(np.arange(4000) / 5).astype(np.float32)
        >>> signal = prepare(Audio(2 * tone, 8000))
        >>> len(signal.waveform), round(float(abs(signal.waveform).max()), 3)
        (8000, 0.999)
        >>> signal.quality["audio"], signal.quality["duration_sec"]
        ('clipped', 0.5)
        >>> prepare(Audio(0 * tone, 8000)).quality["audio"]
        'silent'
    """
    wanted = options or SignalOptions()
    recorded, rate = audio.waveform, audio.sampling_rate
    is_number = np.isfinite(recorded)
    quality: dict[str, float | int | str] = {
        "audio": "present",
        "duration_sec": round(len(recorded) / max(rate, 1), 4),
        "sampling_rate": rate,
        "n_nan": int((~is_number).sum()),
    }

    def without_sound(state: State) -> Signal:
        return Signal(None, wanted.sampling_rate, {**quality, "audio": state})

    if not len(recorded):
        return without_sound("empty")
    if not is_number.any():
        return without_sound("damaged")
    if rate < LOWEST_HZ:
        return without_sound("slow")
    if len(recorded) < SHORTEST_SEC * rate:
        return without_sound("short")
    clean = np.where(is_number, recorded, np.float32(0)).astype(np.float32)
    peak_db = _decibels(float(np.abs(clean).max()))
    clipped_share = float((np.abs(clean) >= PEAK).mean())
    quality |= {"peak_db": round(peak_db, 2), "clipped_share": round(clipped_share, 5)}
    # a constant offset is no sound
    if _decibels(float(np.abs(clean - clean.mean()).max())) < wanted.silence_db:
        return without_sound("silent")
    if clipped_share >= CLIPPED_SHARE:
        quality["audio"] = "clipped"
    waveform = _resampled(clean, rate, wanted.sampling_rate)
    if wanted.trim_db is not None:
        waveform = trim_silence(waveform, top_db=wanted.trim_db)
        quality["trimmed_sec"] = round(len(waveform) / wanted.sampling_rate, 4)
        if len(waveform) < SHORTEST_SEC * wanted.sampling_rate:
            return without_sound("short")
    waveform = lengthen(waveform, round(wanted.min_sec * wanted.sampling_rate))
    return Signal(guard_peak(waveform), wanted.sampling_rate, quality)


def guard_peak(waveform: Waveform) -> Waveform:
    """Return the waveform scaled so that its largest |sample| is at most 0.999.

    Examples:
        >>> print(guard_peak(np.array([1.0, -2.0], dtype=np.float32)))
        [ 0.4995 -0.999 ]
    """
    peak = float(np.abs(waveform).max(initial=0.0))
    return waveform if peak <= PEAK else np.asarray(waveform * np.float32(PEAK / peak))


def lengthen(waveform: Waveform, n_samples: int) -> Waveform:
    """Return the waveform mirrored at its end, as often as needed, until it has ``n_samples``.

    A mirror image has the spectrum and the level of the original, where zeros would add a pause.

    Examples:
        >>> lengthen(np.array([1, 2, 3], dtype=np.float32), 8).tolist()
        [1.0, 2.0, 3.0, 3.0, 2.0, 1.0, 1.0, 2.0]
    """
    missing = n_samples - len(waveform)
    return waveform if missing <= 0 else np.pad(waveform, (0, missing), mode="symmetric")


def trim_silence(waveform: Waveform, *, top_db: float) -> Waveform:
    """Return the waveform without what is ``top_db`` below its loudest part at either end."""
    import librosa

    trimmed, _ = librosa.effects.trim(waveform, top_db=top_db)
    return np.ascontiguousarray(trimmed, dtype=np.float32)


def _read_track(path: Path) -> Audio | State:
    """Return the whole track as it was recorded, or why there is none."""
    with MediaReader(path) as reader:
        if not reader.info.has_audio:
            return "missing"
        try:
            return reader.audio()
        except MediaError:
            return "empty"


def _signal_of_track(track: Audio | State, options: SignalOptions) -> Signal:
    if isinstance(track, Audio):
        return prepare(track, options)
    return Signal(None, options.sampling_rate, {"audio": track})


def _resampled(waveform: Waveform, rate: int, wanted: int) -> Waveform:
    if rate == wanted:
        return waveform
    import soxr

    resampled = np.asarray(soxr.resample(waveform, rate, wanted), dtype=np.float32)
    return resampled if len(resampled) else waveform[:1]


def _decibels(amplitude: float) -> float:
    return max(20 * float(np.log10(max(amplitude, 1e-10))), -200.0)
