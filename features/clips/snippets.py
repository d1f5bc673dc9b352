"""Where a clip network looks: windows of frames that overlap by half."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LENGTH = 16
STRIDE = 8


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
