"""How far a head is turned, by its five points, and whether those can be trusted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NARROW = 0.2  # of the box's width: eyes that are nearer to each other are those of a profile
MOST_TURNED = 0.8  # see turn_of: beyond, the far half of the face is not seen


def turn_of(landmarks: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return how far heads are turned to a side: 0 from the front, about 1 in profile.

    Args:
        landmarks: ``(n, 5, 2)``.

    Returns:
        ``(n,)``: how far the nose is from the middle of the eyes, along their line, in distances
        between them; at most 10.

    Examples:
        >>> turn_of(np.array([[[0, 0], [4, 0], [3, 2], [1, 4], [3, 4]]])).tolist()
        [0.25]
    """
    points = landmarks.astype(np.float64)
    eyes = points[:, 1] - points[:, 0]  # (n, 2)
    nose = points[:, 2] - points[:, :2].mean(axis=1)
    along = np.abs((nose * eyes).sum(axis=1))
    return np.asarray(np.minimum(along / np.maximum((eyes**2).sum(axis=1), 1e-9), 10.0))


def tilt_of(landmarks: npt.NDArray[np.floating]) -> float:
    """Return by how much a head leans, in radians; of profiles too, whose eyes are one.

    Args:
        landmarks: ``(5, 2)``.

    Examples:
        >>> round(tilt_of(np.array([[2, 0], [2, 0], [3, 2], [0, 2], [0, 2]])), 3)
        0.785
    """
    down = landmarks[3:].mean(axis=0) - landmarks[:2].mean(axis=0)
    return float(np.arctan2(-down[0], down[1])) if np.abs(down).max() > 0 else 0.0


def are_trusted(
    boxes: npt.NDArray[np.floating], landmarks: npt.NDArray[np.floating]
) -> npt.NDArray[np.bool_]:
    """Return which faces are turned so little that all five points are seen.

    Args:
        boxes: ``(n, 4)`` px.
        landmarks: ``(n, 5, 2)`` px.
    """
    apart = np.linalg.norm(landmarks[:, 1] - landmarks[:, 0], axis=1)
    is_wide = apart >= NARROW * (boxes[:, 2] - boxes[:, 0])
    return np.asarray(is_wide & (turn_of(landmarks) <= MOST_TURNED))
