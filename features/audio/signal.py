"""From any clip to a waveform that every descriptor can read, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.config import Strict
from emotiw.core.media import Audio, MediaReader, NoSamplesError
from emotiw.core.media.downmix import Rule
from emotiw.core.media.reading_report import quality_of
from features.extractor import ClipSource

PEAK = 0.999  # full-scale samples wrap around in openSMILE's 16-bit input
CLIPPED_SHARE = 0.001
# ten of openSMILE's twelve sets, and pYIN, look for pitch in windows of about 60 ms: less than that
# would be measured on its own mirror image
SHORTEST_SEC = 0.06
# half of what makes speech understood lies above 1.9 kHz (French and Steinberg 1947, equal
# intelligibility of low and high pass), which a lower sampling rate doesn't hold
LOWEST_HZ = 4_000
# of the rms: a smaller offset adds less than a quarter of a percent to the power, and stays
OFFSET_SHARE = 0.05

State = Literal["present", "clipped", "silent", "missing", "empty", "damaged", "short", "slow"]
Quality = Mapping[str, float | int | str]
Waveform = npt.NDArray[np.float32]
Span = tuple[float, float]


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
        level_db: the level (rms) that every sound is brought to, as far as its peaks allow, so that
            recordings of different gain are alike: -26, say, 0 dB being full scale. None keeps it.
        downmix: what is done with several channels. ``auto``: the only one that isn't silent; the
            difference of two in opposite phase; ITU weights of more than two; else their mean.
            ``mean``: always the mean.
        audio_track: which of several tracks to hear, counted from 0; what a player would take
            where None.
        enough: share of the sound that a file declares which must be read for it to count as read
            whole.
    """

    sampling_rate: int = Field(default=16_000, ge=LOWEST_HZ, le=192_000)
    min_sec: float = Field(default=0.25, ge=0.1, le=60)
    silence_db: float = Field(default=-70.0, lt=0)
    trim_db: float | None = Field(default=None, gt=0)
    level_db: float | None = Field(default=None, le=0, ge=-100)
    downmix: Rule = "auto"
    audio_track: int | None = Field(default=None, ge=0)
    enough: float = Field(default=0.95, ge=0, le=1)


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
        start_sec: when the waveform begins, counted from the start of the clip.
        gaps: begin and end of the parts that are missing in the file, and zero here, in seconds
            from the start of the clip.
    """

    waveform: Waveform | None
    sampling_rate: int
    quality: Quality
    start_sec: float = 0.0
    gaps: Sequence[Span] = ()


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
        track = (Audio, options.downmix, options.audio_track, options.enough)
        if track not in source.shared:
            source.shared[track] = _read_track(source.path, options)
        source.shared[options] = _signal_of_track(source.shared[track], options)
    signal: Signal = source.shared[options]
    return signal


def read_signal(path: Path, options: SignalOptions | None = None) -> Signal:
    """Return the sound of a clip, mixed down to one channel and prepared.

    A clip without an audio track is not an error: its ``audio`` is ``missing``.

    Raises:
        MediaError: if the file can't be read at all.
    """
    wanted = options or SignalOptions()
    return _signal_of_track(_read_track(path, wanted), wanted)


def prepare(audio: Audio, options: SignalOptions | None = None) -> Signal:
    """Clean, resample, guard and lengthen a waveform.

    Samples that are NaN or infinite become 0 and are counted as ``n_nan``. A constant offset is
    taken out where it is worth it, and told as ``offset``.

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
        **audio.notes,
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
    centred, offset, level_db = without_offset(clean, _is_heard(audio))
    quality |= {"offset": round(offset, 4), "level_db": round(level_db, 2)}
    if _decibels(float(np.abs(centred).max())) < wanted.silence_db:
        return without_sound("silent")
    if clipped_share >= CLIPPED_SHARE:
        quality["audio"] = "clipped"
    waveform, start_sec = _resampled(centred, rate, wanted.sampling_rate), audio.start_sec
    if wanted.trim_db is not None:
        waveform, cut = trim_silence(waveform, top_db=wanted.trim_db)
        start_sec += cut / wanted.sampling_rate
        quality["trimmed_sec"] = round(len(waveform) / wanted.sampling_rate, 4)
        if len(waveform) < SHORTEST_SEC * wanted.sampling_rate:
            return without_sound("short")
    if wanted.level_db is not None:
        waveform = at_level(waveform, wanted.level_db)
    waveform = lengthen(waveform, round(wanted.min_sec * wanted.sampling_rate))
    gaps = [(audio.start_sec + begin, audio.start_sec + end) for begin, end in audio.gaps]
    return Signal(guard_peak(waveform), wanted.sampling_rate, quality, start_sec, gaps)


def without_offset(
    waveform: Waveform, is_heard: npt.NDArray[np.bool_] | slice = slice(None)
) -> tuple[Waveform, float, float]:
    """Return the waveform around zero, the offset that it had, and its level in dB (rms).

    Examples:
        >>> wave, offset, level = without_offset(np.array([0.4, 0.2, 0.4, 0.2], np.float32))
        >>> print(wave.round(3), round(offset, 3), round(level, 2))
        [ 0.1 -0.1  0.1 -0.1] 0.3 -20.0
    """
    heard = waveform[is_heard].astype(np.float64)
    offset, rms = float(heard.mean()), float(heard.std())
    if abs(offset) > OFFSET_SHARE * rms:
        waveform = waveform.copy()
        waveform[is_heard] -= np.float32(offset)
    return waveform, offset, _decibels(rms)


def _is_heard(audio: Audio) -> npt.NDArray[np.bool_] | slice:
    """Return which samples were in the file, and don't only fill a gap."""
    if not audio.gaps:
        return slice(None)
    is_heard = np.ones(len(audio.waveform), bool)
    for begin, end in audio.gaps:
        is_heard[round(begin * audio.sampling_rate) : round(end * audio.sampling_rate)] = False
    return is_heard


def guard_peak(waveform: Waveform) -> Waveform:
    """Return the waveform scaled so that its largest |sample| is at most 0.999.

    Examples:
        >>> print(guard_peak(np.array([1.0, -2.0], dtype=np.float32)))
        [ 0.4995 -0.999 ]
    """
    peak = float(np.abs(waveform).max(initial=0.0))
    return waveform if peak <= PEAK else np.asarray(waveform * np.float32(PEAK / peak))


def at_level(waveform: Waveform, level_db: float) -> Waveform:
    """Return the waveform scaled to a level (rms), or less where its peak would be above 0.999.

    Examples:
        >>> quiet, burst = np.array([0.01, -0.01], np.float32), np.array([1e-3] * 99 + [0.1])
        >>> print(at_level(quiet, -20.0).round(3))
        [ 0.1 -0.1]
        >>> round(float(at_level(burst.astype(np.float32), -6.0).max()), 3)
        0.999
    """
    rms = float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
    if rms == 0:
        return waveform
    return guard_peak(np.asarray(waveform * np.float32(10 ** (level_db / 20) / rms)))


def lengthen(waveform: Waveform, n_samples: int) -> Waveform:
    """Return the waveform mirrored at its end, as often as needed, until it has ``n_samples``.

    A mirror image has the spectrum and the level of the original, where zeros would add a pause.

    Examples:
        >>> lengthen(np.array([1, 2, 3], dtype=np.float32), 8).tolist()
        [1.0, 2.0, 3.0, 3.0, 2.0, 1.0, 1.0, 2.0]
    """
    missing = n_samples - len(waveform)
    return waveform if missing <= 0 else np.pad(waveform, (0, missing), mode="symmetric")


def trim_silence(waveform: Waveform, *, top_db: float) -> tuple[Waveform, int]:
    """Return the waveform without what is ``top_db`` below its loudest part at either end.

    The number of samples that were cut off at its beginning comes with it.
    """
    import librosa

    trimmed, (begin, _) = librosa.effects.trim(waveform, top_db=top_db)
    return np.ascontiguousarray(trimmed, dtype=np.float32), int(begin)


def _read_track(path: Path, options: SignalOptions) -> tuple[Audio | State, Quality]:
    """Return the whole track as it was recorded, or why there is none, and what is noted."""
    with MediaReader(
        path, audio_track=options.audio_track, downmix=options.downmix, enough=options.enough
    ) as reader:
        info = reader.info
        if not info.has_audio:
            return "missing", {}
        noted: dict[str, float | int | str] = {}
        if info.n_audio_tracks > 1:
            noted = {"n_audio_tracks": info.n_audio_tracks, "audio_track": info.audio_track or 0}
        try:
            audio: Audio | State = reader.audio()
        except NoSamplesError:
            audio = "empty"
        return audio, {**noted, **quality_of(reader.report.told)}


def _signal_of_track(track: tuple[Audio | State, Quality], options: SignalOptions) -> Signal:
    audio, noted = track
    if not isinstance(audio, Audio):
        return Signal(None, options.sampling_rate, {"audio": audio, **noted})
    signal = prepare(audio, options)
    return replace(signal, quality={**signal.quality, **noted})


def _resampled(waveform: Waveform, rate: int, wanted: int) -> Waveform:
    if rate == wanted:
        return waveform
    import soxr

    resampled = np.asarray(soxr.resample(waveform, rate, wanted), dtype=np.float32)
    return resampled if len(resampled) else waveform[:1]


def _decibels(amplitude: float) -> float:
    return max(20 * float(np.log10(max(amplitude, 1e-10))), -200.0)
