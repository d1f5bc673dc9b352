"""How somebody speaks: melody, loudness and rhythm of a stretch of speech, as one vector.

Everything is relative: pitch to the speaker's own median, level to the loudest, rhythm as shares of
its own variation. So language, microphone and level say little, where the mean spectrum says much.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.audio.speech_activity import HOP_SEC, LOUD_DB, SoundTrack, Track

VOICED, FEWEST_ROWS = 0.6, 8
MOST_SEMITONES, MOST_RISE = 10.0, 8.0  # beyond, a pitch was mistaken for its octave
RANGE_DB = 30.0  # below the loudest, what is heard is the room
BANDS = (1, 3, 6, 11, 21, 42)  # rows of a spectrum of 256 × 10 ms: 0.4, 1.2, 2.3, 4.3, 8.2, 16 Hz
RHYTHM = tuple(f"{BANDS[i] / 2.56:.1f}_{BANDS[i + 1] / 2.56:.1f}hz" for i in range(len(BANDS) - 1))

COLUMNS = (
    *("pitch_median", "pitch_p5", "pitch_p20", "pitch_p80", "pitch_p95", "pitch_std"),
    *(f"pitch_{what}_{ms}ms" for ms in (10, 50, 100) for what in ("change", "rising")),
    "pitch_slope",
    *("level_p10", "level_p25", "level_p50", "level_p75", "level_std", "level_slope"),
    *(f"level_{what}_{ms}ms" for ms in (10, 30, 80) for what in ("change", "rise", "fall")),
    *(f"level_rhythm_{band}" for band in RHYTHM),
    "level_rhythm",
    *(f"pitch_rhythm_{band}" for band in RHYTHM),
    "pitch_rhythm",
    *("voiced_share", "loud_share", "voicing_mean", "voicing_std"),
    *("change_p10", "change_p50", "change_p90", "change_std"),
    *("voiced_sec_mean", "voiced_sec_std", "voiced_sec_max", "voiced_per_sec", "log_sec"),
)


def prosody(track: SoundTrack) -> npt.NDArray[np.float64]:
    """Return one value per name of :data:`COLUMNS`, of a stretch from first to last speech.

    Args:
        track: of at least two rows.
    """
    top = np.percentile(track.level_db, 95)
    loud = track.level_db > top - LOUD_DB
    voiced = loud & (track.voicing > VOICED)
    if voiced.sum() < FEWEST_ROWS:
        voiced = loud
    time = np.linspace(-0.5, 0.5, len(loud))
    level = np.maximum(track.level_db - top, -RANGE_DB)
    pitch = (track.pitch - np.median(track.pitch[voiced])).clip(-MOST_SEMITONES, MOST_SEMITONES)
    known = pitch[voiced]
    steps = [_steps(track.pitch, voiced, rows) for rows in (1, 5, 10)]
    gains = [level[rows:] - level[:-rows] for rows in (1, 3, 8)]
    contour = np.interp(np.arange(len(pitch)), np.flatnonzero(voiced), known)
    change = track.change[loud]
    edges = np.flatnonzero(np.diff(voiced.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    lasts_sec = (edges[:, 1] - edges[:, 0]) * HOP_SEC
    sec = len(loud) * HOP_SEC
    return np.array(
        [
            np.median(track.pitch[voiced]),
            *np.percentile(known, [5, 20, 80, 95]),
            known.std(),
            *(v for each in steps for v in (np.abs(each).mean(), (each > 0).mean())),
            np.polyfit(time[voiced], known, 1)[0],
            *np.percentile(level, [10, 25, 50, 75]),
            level.std(),
            np.polyfit(time, level, 1)[0],
            *(v for g in gains for v in (np.abs(g).mean(), *np.percentile(g, [90, 10]))),
            *_rhythm(level),
            *_rhythm(contour),
            *(voiced.mean(), loud.mean(), track.voicing[loud].mean(), track.voicing[loud].std()),
            *np.percentile(change, [10, 50, 90]),
            change.std(),
            *(lasts_sec.mean(), lasts_sec.std(), lasts_sec.max(), len(lasts_sec) / sec),
            np.log(sec),
        ]
    )


def _steps(pitch: Track, voiced: npt.NDArray[np.bool_], rows: int) -> Track:
    """Return how far the pitch moves in so many rows, where it is voiced before and after."""
    found = (pitch[rows:] - pitch[:-rows])[voiced[rows:] & voiced[:-rows]]
    return found.clip(-MOST_RISE, MOST_RISE) if len(found) else np.zeros(1)


def _rhythm(contour: Track) -> Track:
    """Return the logarithms of each band's share in how a contour moves, and of all of them."""
    moved = (contour - contour.mean()) * np.hanning(len(contour))
    power = np.abs(np.fft.rfft(moved, 256)) ** 2
    bands = np.add.reduceat(power, BANDS)[: len(BANDS) - 1]
    total = bands.sum()
    return np.asarray(np.log(np.append(bands / (total + 1e-9) + 1e-3, total + 1)))
