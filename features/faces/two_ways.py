"""How far to believe in each of two ways to a face: from the detection before, and from the next.

Both start where the face was found, and drift. Blended by time alone, a way that has gone astray
at once is believed for half of the frames. But where the ways go on otherwise, from one frame to
the next, one of them goes astray: before it the one that comes from the start is right, after it
the one that comes from the end.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NOISE = 0.003  # of a box: by so much both ways drift all along, where they never differ


def shares_of_later(
    times: npt.NDArray[np.floating],
    forth: npt.NDArray[np.floating],
    back: npt.NDArray[np.floating],
    sides: npt.NDArray[np.floating],
) -> npt.NDArray[np.float32]:
    """Return what the way from the later detection counts for in each frame, between 0 and 1.

    Two estimates count as the inverse of their variance. That of a way grows by the square of
    what both differ by in a step, and a little with time.

    Args:
        times: ``(frames,)`` s, rising, from one detection to the next.
        forth: ``(frames, n, 5, 2)`` px: points as they come from the first.
        back: the same as they come from the last.
        sides: ``(n,)`` px of the faces.

    Returns:
        ``(frames, n)``: 0 in the first, 1 in the last.

    Examples:
        >>> still = np.zeros((5, 1, 5, 2))
        >>> shares_of_later(np.arange(5.0), still, still, np.array([30.0])).ravel().tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
        >>> astray = still + np.array([0, 9, 9, 9, 9]).reshape(5, 1, 1, 1)
        >>> shares_of_later(np.arange(5.0), astray, still, np.array([30.0])).ravel().round(2)
        array([0., 1., 1., 1., 1.], dtype=float32)
    """
    apart = forth.astype(np.float64) - back
    away = np.linalg.norm(np.diff(apart, axis=0), axis=3).mean(axis=2) / np.maximum(sides, 1.0)
    passed = np.diff(times) / max(float(times[-1] - times[0]), 1e-9)  # (frames - 1,)
    variance = np.cumsum(away**2 + NOISE**2 * passed[:, None], axis=0)
    shares = variance / np.maximum(variance[-1:], 1e-12)
    return np.concatenate([np.zeros((1, len(sides))), shares]).astype(np.float32)
