"""A file to be scored, and where the windows of a long one begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError
from emotiw.core.face_tracks import FaceTracks

Span = tuple[float, float]
SHORTEST_SEC = 0.01  # of a hop; less than a frame tells nothing more
CLOCK_SEC = 0.0006  # of files that keep times in milliseconds


@dataclass(frozen=True)
class Footage:
    """What is known of a file before it is scored.

    Attributes:
        path: the file.
        tracks: its faces; None where none are needed, or it has no images.
        duration_sec: of the file.
        spans: the windows to be scored beside the whole, seconds.
    """

    path: Path
    tracks: FaceTracks | None
    duration_sec: float
    spans: Sequence[Span]


def window_spans(
    duration_sec: float, window_sec: float, hop_sec: float | None = None
) -> list[Span]:
    """Return (start, end) of every window, in seconds; the last one reaches the end.

    Args:
        duration_sec: of the video; 0 or less gives none.
        window_sec: length of a window.
        hop_sec: from one start to the next; half of the window by default.

    Raises:
        ConfigError: if window or hop is below a hundredth of a second, or the hop leaves parts out.

    Examples:
        >>> window_spans(5.0, 2.0, 1.5)
        [(0.0, 2.0), (1.5, 3.5), (3.0, 5.0)]
        >>> window_spans(1.2, 2.0)
        [(0.0, 1.2)]
    """
    hop = window_sec / 2 if hop_sec is None else hop_sec
    if not (window_sec > 0 and hop >= SHORTEST_SEC):  # not a number is neither
        raise ConfigError(
            f"window and hop must be at least {SHORTEST_SEC:g} s, got {window_sec:g} and {hop:g}"
        )
    if hop > window_sec:
        raise ConfigError(f"a hop of {hop:g} s leaves out parts between windows of {window_sec:g}")
    found = []
    start = 0.0
    while duration_sec > 0:
        end = min(start + window_sec, duration_sec)
        found.append((round(start, 6), round(end, 6)))
        if end >= duration_sec - 1e-9:
            break
        start += hop
    return found


def frames_between(
    shown_sec: npt.NDArray[np.float64], start_sec: float, end_sec: float
) -> tuple[int, int]:
    """Return the first frame of a window, and the one after its last.

    Those that come into view in it; where none does, the one that is on display all the while.

    Args:
        shown_sec: ``(n_frames, 2)``, when each frame comes into view, and when it goes.
        start_sec: of the window.
        end_sec: of the window.

    Examples:
        >>> shown = np.array([[0.0, 0.1], [0.1, 0.2], [0.2, 5.0], [5.0, 5.1]])
        >>> frames_between(shown, 0.1, 0.3), frames_between(shown, 2.0, 3.0)
        ((1, 3), (2, 3))
        >>> frames_between(shown, 6.0, 7.0)
        (4, 4)
    """
    window = [start_sec - CLOCK_SEC, end_sec - CLOCK_SEC]
    first, end = np.searchsorted(shown_sec[:, 0], window).tolist()
    if first == end and first and shown_sec[first - 1, 1] > start_sec + CLOCK_SEC:
        first -= 1
    return first, end
