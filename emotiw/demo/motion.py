"""Movement in time: unrest that is smooth, and a head that is never quite still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Curve = npt.NDArray[np.float32]


def smooth_noise(n_frames: int, correlation: float, rng: np.random.Generator) -> Curve:
    """Return ``(n_frames,)`` random values of unit variance that change slowly.

    Args:
        n_frames: at least 1.
        correlation: frames over which the values hang together, > 0.
        rng: where they come from.

    Examples:
        >>> noise = smooth_noise(1000, 10.0, np.random.default_rng(0))
        >>> bool(np.abs(np.diff(noise)).max() < 0.5), noise.shape
        (True, (1000,))
    """
    reach = int(np.ceil(3 * correlation))
    kernel = np.exp(-((np.arange(-reach, reach + 1) / correlation) ** 2) / 2)
    kernel /= np.sqrt((kernel**2).sum())
    white = rng.standard_normal(n_frames + 2 * reach)
    return np.convolve(white, kernel, mode="valid").astype(np.float32)


@dataclass(frozen=True)
class HeadMotion:
    """Where a head is in each frame.

    Attributes:
        x: px to the right of its place.
        y: px below its place.
        tilt: degrees, anticlockwise.
        scale: factor on its size, about 1.
        turn: amount of the action ``turn``, to the left and right.
        nod: amount of the action ``nod``, up and down.
    """

    x: Curve
    y: Curve
    tilt: Curve
    scale: Curve
    turn: Curve
    nod: Curve


def draw_head_motion(n_frames: int, fps: float, rng: np.random.Generator) -> HeadMotion:
    """Return a head that sways by a few px and degrees around a pose of its own."""
    slow, quick = 0.5 * fps, 0.25 * fps
    unrest = rng.uniform(0.4, 1.4)
    return HeadMotion(
        x=unrest * 2.5 * smooth_noise(n_frames, slow, rng),
        y=unrest * 1.5 * smooth_noise(n_frames, slow, rng),
        tilt=rng.normal(0, 3.0) + unrest * 1.2 * smooth_noise(n_frames, slow, rng),
        scale=1 + 0.008 * unrest * smooth_noise(n_frames, slow, rng),
        turn=rng.normal(0, 0.35) + unrest * 0.22 * smooth_noise(n_frames, quick, rng),
        nod=rng.normal(0, 0.25) + unrest * 0.18 * smooth_noise(n_frames, quick, rng),
    )
