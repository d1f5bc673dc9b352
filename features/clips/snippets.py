"""Where a clip network looks: windows of frames that overlap by half.

A network that was taught motion at a steady pace must see it so. Where a clip's pace is uneven,
each image stands in the snippets for as long as it is shown: the clip is seen at its usual pace,
image by image as a player shows them, none for longer than a second.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LENGTH = 16
STRIDE = 8
UNEVEN = 0.5  # of the usual time from image to image: what differs by more is no rounding
LONGEST_SEC = 1.0


def snippet_starts(n_frames: int, *, length: int = LENGTH, stride: int = STRIDE) -> list[int]:
    """Return the first frame of every full snippet in a face track.

    A track shorter than one snippet yields a single start at 0; :func:`snippet_rows` repeats its
    last frame to fill it. Frames after the last full snippet are not looked at.

    Raises:
        ValueError: if there is no frame at all.

    Examples:
        >>> snippet_starts(40)
        [0, 8, 16, 24]
        >>> snippet_starts(9)
        [0]
    """
    if n_frames < 1:
        raise ValueError("a track without frames has no snippets")
    return list(range(0, max(n_frames - length, 0) + 1, stride))


def snippet_rows(n_frames: int, start: int, *, length: int = LENGTH) -> npt.NDArray[np.intp]:
    """Return the ``(length,)`` frames of the snippet that begins at ``start``.

    Past the end of the track its last frame is repeated.

    Examples:
        >>> snippet_rows(9, 6, length=5).tolist()
        [6, 7, 8, 8, 8]
    """
    return np.minimum(np.arange(start, start + length), n_frames - 1)


def steady_rows(times: npt.NDArray[np.float64] | None, n_frames: int) -> npt.NDArray[np.intp]:
    """Return the frame to be seen at each tick of a steady clock: all in turn, if they are even.

    Args:
        times: ``(n_frames, 2)``, when each frame is shown and when it goes; None if nobody knows.
        n_frames: of the clip.

    Examples:
        >>> begins = np.array([0.0, 0.1, 0.2, 0.5])
        >>> steady_rows(np.stack([begins, [0.1, 0.2, 0.5, 0.6]], axis=1), 4).tolist()
        [0, 1, 2, 2, 2, 3]
    """
    every = np.arange(n_frames)
    if times is None or n_frames < 3:
        return every
    lasts = times[:, 1] - times[:, 0]
    usual = float(np.median(lasts))
    if usual <= 0 or np.abs(lasts - usual).max() <= UNEVEN * usual:
        return every
    n_ticks = np.rint(np.minimum(lasts, max(LONGEST_SEC, usual)) / usual).astype(int)
    return np.repeat(every, np.maximum(n_ticks, 1))
