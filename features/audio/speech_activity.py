"""Where in a recording somebody speaks, by rules that need nothing to be fetched.

Speech is voiced and comes in bursts: its level falls by many decibels several times a second, its
spectrum changes from syllable to syllable, and its pitch glides. Held notes stay where they are,
noise isn't voiced, and silence is not loud enough.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.audio.signal import Span, Waveform

HOP_SEC = 0.01
FRAME_SEC = 0.04  # two periods of the lowest pitch
PITCH_HZ = (60.0, 500.0)
OCTAVE_COST = 0.03  # of a lag twice as long, which repeats as well (Boersma 1993)
Track = npt.NDArray[np.float64]


class SoundTrack(NamedTuple):
    """What is measured every 10 ms.

    Attributes:
        level_db: of what lies between 100 and 4000 Hz.
        voicing: autocorrelation at the best lag of a pitch, 0 to 1.
        pitch: in semitones above 60 Hz, whether or not it is voiced.
        change: how much the spectrum's shape differs from that of 10 ms before, dB.
    """

    level_db: Track
    voicing: Track
    pitch: Track
    change: Track


def measured(waveform: Waveform, sampling_rate: int) -> SoundTrack:
    """Return level, voicing, pitch and change of a waveform ``(n_samples,)``."""
    hop, width = round(HOP_SEC * sampling_rate), round(FRAME_SEC * sampling_rate)
    padded = np.pad(waveform.astype(np.float64), (width // 2, width))
    n = max(1, len(waveform) // hop)
    size = 1 << (2 * width - 1).bit_length()
    window = np.hanning(width)
    hz = np.fft.rfftfreq(size, 1 / sampling_rate)
    band, low = (hz >= 100) & (hz <= 4000), (hz >= 60) & (hz <= 1500)
    own = np.fft.irfft(np.abs(np.fft.rfft(window, size)) ** 2)
    first, last = (round(sampling_rate / f) for f in reversed(PITCH_HZ))
    octave_cost = 1 - OCTAVE_COST * np.log2(np.maximum(np.arange(last + 1), 1) / first)
    edges = np.searchsorted(hz, np.geomspace(100, min(7000, sampling_rate / 2), 17))
    frames = np.lib.stride_tricks.sliding_window_view(padded, width)[::hop][:n]
    columns: list[Track] = [np.zeros((0, 20))]
    for part in np.array_split(frames, -(-n // 2000)):  # a long file never lies in memory
        power = np.abs(np.fft.rfft(part * window, size)) ** 2  # (n, size / 2 + 1)
        level = 10 * np.log10(power[:, band].sum(1) / width + 1e-12)
        repeats = np.fft.irfft(np.where(low, power, 0.0))[:, : last + 1]
        repeats = repeats / own[: last + 1] * own[0] / (repeats[:, :1] + 1e-12)
        best = (repeats * octave_cost)[:, first:].argmax(1) + first
        voicing = repeats[np.arange(len(part)), best].clip(0, 1)
        pitch = 12 * np.log2(sampling_rate / best / PITCH_HZ[0])
        shape = np.log10(np.add.reduceat(power, edges[:-1], 1) + 1e-10) * 10  # (n, 16)
        columns.append(np.column_stack([level, voicing, pitch, shape, np.zeros(len(part))]))
    rows = np.concatenate(columns)
    shape = rows[:, 3:19] - rows[:, 3:19].mean(1, keepdims=True)
    change = np.abs(np.diff(shape, axis=0, prepend=shape[:1])).mean(1)
    return SoundTrack(rows[:, 0], rows[:, 1], rows[:, 2], change)


WINDOW, STEP = 100, 10  # rows: 1 s, and the time from one look to the next
SMOOTHED = 9  # looks, so that a second of a song that bursts is not taken for speech
# near what a logistic regression finds, of seconds of RAVDESS and EmoDB, plain and recorded
# elsewhere, against music and noise: benchmarks/speech_activity.py
OF_SPREAD, OF_CHANGE, OF_STEADY, LESS = 3.0, 7.0, -4.0, 17.0
LOUD_DB = 25.0  # below the loudest of its second a sound is a pause
STEADY = 0.06  # semitones from one row to the next that a held note may drift
VOICED, FEWEST_VOICED, FEWEST_STEPS = 0.7, 0.08, 5
SILENT_DB = -90.0
CERTAIN = 4.0  # no second says more than this of its neighbours
FLOOR_DB = 6.0  # above the quietest tenth
RANGE_DB = 40.0  # below the loudest of all


def speech_spans(waveform: Waveform, sampling_rate: int) -> list[Span]:
    """Return (start, end) in seconds of all that sounds like speech, in order; pauses lie between.

    Args:
        waveform: ``(n_samples,)``, |x| ≤ 1.
        sampling_rate: Hz.

    Examples:
        >>> tone = np.sin(np.arange(32000) / 5).astype(np.float32)
        >>> speech_spans(tone, 16000)
        []
    """
    is_spoken = spoken_rows(measured(waveform, sampling_rate))
    edges = np.flatnonzero(np.diff(is_spoken.astype(np.int8), prepend=0, append=0))
    ends = np.minimum(edges * HOP_SEC, len(waveform) / sampling_rate).round(3)
    return [(float(begin), float(end)) for begin, end in ends.reshape(-1, 2)]


def spoken_rows(track: SoundTrack) -> npt.NDArray[np.bool_]:
    """Return which rows are speech: loud enough, in a second that sounds like it."""
    n = len(track.level_db)
    starts = np.arange(0, max(1, n - WINDOW + 1), STEP)
    scores, tops = np.zeros(len(starts)), np.zeros(len(starts))
    for number, start in enumerate(starts):
        rows = slice(start, start + WINDOW)
        part = SoundTrack(*(column[rows] for column in track))
        tops[number] = np.percentile(part.level_db, 95)
        scores[number] = _score_of(traits(part))
    smooth = _smoothed(scores)
    near = np.clip((np.arange(n) - WINDOW // 2) / STEP, 0, len(starts) - 1)
    looks = np.arange(len(starts))
    is_speech = np.interp(near, looks, smooth) > 0
    floor = np.percentile(track.level_db, 10) if n else 0.0
    ceiling = np.percentile(track.level_db, 95) if n else 0.0
    # a recording without pauses has no floor to be above
    least = max(min(floor + FLOOR_DB, ceiling - FLOOR_DB), ceiling - RANGE_DB)
    loud = track.level_db > np.maximum(np.interp(near, looks, tops) - LOUD_DB, least)
    return np.asarray(is_speech & _closed(loud))


def traits(track: SoundTrack) -> tuple[float, float, float] | None:
    """Return what tells speech in a second of sound; None where next to nothing is voiced.

    The logarithm of how much the level varies (dB), how much the spectrum changes where it is loud
    (dB from row to row), and the share of voiced steps in which the pitch stays where it is.
    """
    top = float(np.percentile(track.level_db, 95))
    loud = track.level_db > top - LOUD_DB
    voiced = loud & (track.voicing > VOICED)
    if top < SILENT_DB or voiced.mean() < FEWEST_VOICED:
        return None
    both = voiced[1:] & voiced[:-1]
    steps = np.abs(np.diff(track.pitch))[both]
    steady = float((steps < STEADY).mean()) if len(steps) > FEWEST_STEPS else 0.5
    return float(np.log(track.level_db.std() + 0.3)), float(track.change[loud].mean()), steady


def _score_of(found: tuple[float, float, float] | None) -> float:
    """Return how much a second sounds like speech (above 0) or like something else (below)."""
    if found is None:
        return -CERTAIN
    spread, change, steady = found
    score = OF_SPREAD * spread + OF_CHANGE * change + OF_STEADY * steady - LESS
    return float(np.clip(score, -CERTAIN, CERTAIN))


def _smoothed(values: Track) -> Track:
    reach = min(SMOOTHED, len(values)) // 2
    padded = np.pad(values, reach, mode="edge")
    return np.convolve(padded, np.ones(2 * reach + 1) / (2 * reach + 1), mode="valid")


def _closed(loud: npt.NDArray[np.bool_], most: int = 30) -> npt.NDArray[np.bool_]:
    """Return the same with pauses of up to 0.3 s closed: between syllables speech goes on."""
    rows = np.flatnonzero(loud)
    found = loud.copy()
    for begin, end in pairwise(rows.tolist()):
        if 1 < end - begin <= most:
            found[begin:end] = True
    return found
