"""What a face does in each emotion, and when it does it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotiw.demo.emotions import FACE_PARTNER, Difficulty, blended
from emotiw.demo.motion import smooth_noise

Curve = npt.NDArray[np.float32]

# amounts of the actions of emotiw.demo.actions at the height of an expression
TYPICAL_FACE: dict[str, dict[str, float]] = {
    "Angry": {"brow_lower": 1.0, "eye_narrow": 0.35, "lip_press": 0.9, "chin_raise": 0.4},
    "Disgust": {
        "nose_wrinkle": 0.9,
        "lip_raise": 0.9,
        "brow_lower": 0.35,
        "eye_narrow": 0.5,
        "lip_drop": 0.4,
    },
    "Fear": {
        "brow_inner_up": 0.9,
        "eye_widen": 0.9,
        "lip_stretch": 0.9,
        "jaw_drop": 0.3,
    },
    "Happy": {"smile": 1.0, "eye_narrow": 0.3, "jaw_drop": 0.3},
    "Neutral": {},
    "Sad": {"brow_inner_up": 0.9, "lip_drop": 0.9, "chin_raise": 0.6, "eye_narrow": 0.35},
    "Surprise": {
        "brow_inner_up": 0.8,
        "brow_outer_up": 1.0,
        "eye_widen": 1.0,
        "jaw_drop": 0.95,
        "lip_press": 0.3,
    },
}


@dataclass(frozen=True)
class Timing:
    """The course of an expression, in seconds.

    Attributes:
        start: when it begins.
        rise: how long it takes to its height.
        hold: how long it stays there.
        fall: how long it takes back to a quarter.
    """

    start: float
    rise: float
    hold: float
    fall: float


# a surprise flashes up and goes, fear builds up and stays: much the same frames in another order
TIMINGS = {
    "Angry": Timing(0.10, 0.30, 2.0, 1.0),
    "Disgust": Timing(0.25, 0.35, 0.5, 0.8),
    "Fear": Timing(0.30, 0.80, 2.0, 1.0),
    "Happy": Timing(0.20, 0.50, 0.8, 1.0),
    "Neutral": Timing(0.20, 0.40, 1.0, 1.0),
    "Sad": Timing(0.05, 1.00, 2.0, 1.0),
    "Surprise": Timing(0.10, 0.16, 0.45, 0.6),
}


def draw_expression(
    label: str, difficulty: Difficulty, rng: np.random.Generator
) -> dict[str, float]:
    """Return the amounts of every action at the height of one clip's expression."""
    return blended(
        TYPICAL_FACE,
        label,
        FACE_PARTNER,
        most=difficulty.face_blend,
        noise=difficulty.face_noise,
        intensity=difficulty.face_intensity,
        partner_share=difficulty.partner_share,
        rng=rng,
    )


def envelope(timing: Timing, times: Curve) -> Curve:
    """Return how much of an expression shows at each time, 0 … 1.

    Examples:
        >>> timing = Timing(start=0.1, rise=0.2, hold=0.5, fall=0.4)
        >>> envelope(timing, np.array([0.0, 0.2, 0.5, 5.0], np.float32)).round(2).tolist()
        [0.0, 0.5, 1.0, 0.25]
    """
    up = np.clip((times - timing.start) / timing.rise, 0, 1)
    down = np.clip((times - timing.start - timing.rise - timing.hold) / timing.fall, 0, 1)
    eased_up, eased_down = up * up * (3 - 2 * up), down * down * (3 - 2 * down)
    return np.asarray(eased_up * (1 - 0.75 * eased_down), dtype=np.float32)


def animate(
    label: str,
    height: dict[str, float],
    loudness: Curve,
    fps: float,
    rng: np.random.Generator,
) -> list[dict[str, float]]:
    """Return the amounts of every action in each frame of a clip.

    A clip of a single frame shows the expression at its height.

    Args:
        label: sets the timing.
        height: what :func:`draw_expression` returned.
        loudness: ``(n_frames,)`` of the voice, 0 … 1: the mouth speaks along with it.
        fps: frames per second.
        rng: for the timing, the unrest of the face and the blinks.
    """
    n_frames = len(loudness)
    if n_frames == 1:
        return [dict(height)]
    times = np.arange(n_frames, dtype=np.float32) / fps
    typical = TIMINGS[label]
    early, fast, long = rng.uniform(-0.05, 0.15), rng.uniform(0.8, 1.3), rng.uniform(0.8, 1.25)
    timing = Timing(
        max(typical.start + early, 0.0), typical.rise * fast, typical.hold * long, typical.fall
    )
    shown = envelope(timing, times)
    unrest = {name: 0.05 * smooth_noise(n_frames, 0.2 * fps, rng) for name in sorted(height)}
    talk = rng.uniform(0.1, 0.3) * loudness
    blink = np.zeros(n_frames, np.float32)
    if rng.random() < 0.5:
        moment = rng.uniform(0, times[-1])
        blink = np.exp(-(((times - moment) / 0.06) ** 2)).astype(np.float32)
    frames = []
    for frame in range(n_frames):
        amounts = {
            name: float(shown[frame] * amount + unrest[name][frame])
            for name, amount in height.items()
        }
        amounts["eye_narrow"] = amounts.get("eye_narrow", 0.0) + 0.7 * float(blink[frame])
        jaw = float(shown[frame]) * height.get("jaw_drop", 0.0) + float(talk[frame])
        amounts["jaw_drop"] = jaw if jaw > 0.04 else 0.0
        frames.append(amounts)
    return frames
