"""The seven labels, and how hard it is made to tell them apart.

A clip shows its label's typical face and voice only in part: each is blended, by a random amount,
with those of another label, and every amount is disturbed. The face takes for its partner a label
of like valence, the voice one of like arousal, so each modality errs where the other does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

LABELS = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
FACE_PARTNER = {
    "Angry": "Disgust",
    "Disgust": "Angry",
    "Fear": "Surprise",
    "Surprise": "Fear",
    "Neutral": "Sad",
    "Sad": "Neutral",
    "Happy": "Neutral",
}
VOICE_PARTNER = {
    "Angry": "Happy",
    "Happy": "Angry",
    "Surprise": "Happy",
    "Fear": "Sad",
    "Sad": "Fear",
    "Neutral": "Disgust",
    "Disgust": "Neutral",
}


@dataclass(frozen=True)
class Difficulty:
    """How far faces and voices stray from what is typical of their label.

    With every blend and noise at 0 and intensities at 1 each modality alone is nearly perfect.

    Attributes:
        face_blend: the most that a face takes over from another label, in [0, 1]; beyond 0.5
            it shows more of the other.
        face_noise: standard deviation added to every action of the face (a strong one is 1).
        face_intensity: the weakest and strongest expression.
        voice_blend: as ``face_blend``, for the voice.
        voice_noise: standard deviation added to every trait of the voice (a strong one is 1).
        voice_intensity: as ``face_intensity``, for the voice.
        partner_share: how often the other label is the partner; else it is any label.
    """

    face_blend: float = 0.45
    face_noise: float = 0.08
    face_intensity: tuple[float, float] = (0.75, 1.2)
    voice_blend: float = 0.5
    voice_noise: float = 0.18
    voice_intensity: tuple[float, float] = (0.75, 1.2)
    partner_share: float = 0.7


def blended(
    typical: Mapping[str, Mapping[str, float]],
    label: str,
    partner: Mapping[str, str],
    *,
    most: float,
    noise: float,
    intensity: tuple[float, float],
    partner_share: float,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Return one clip's amounts: those typical of its label, blended, scaled and disturbed.

    Args:
        typical: amounts per label; a missing one is 0.
        label: what the clip should show.
        partner: the label that each label is most easily taken for.
        most: the largest share of the other label.
        noise: standard deviation added to every amount.
        intensity: range of the factor on all amounts.
        partner_share: how often the other label is the partner.
        rng: drawn from a fixed number of times, whatever the label.

    Examples:
        >>> typical = {"Happy": {"smile": 1.0}, "Neutral": {}}
        >>> sure = dict(most=0.0, noise=0.0, intensity=(1.0, 1.0), partner_share=1.0)
        >>> blended(typical, "Happy", {"Happy": "Neutral"}, rng=np.random.default_rng(0), **sure)
        {'smile': 1.0}
    """
    names = sorted({name for amounts in typical.values() for name in amounts})
    is_partner, anyone = rng.random() < partner_share, list(typical)[rng.integers(len(typical))]
    other = partner[label] if is_partner else anyone
    share = most * rng.beta(1.0, 1.5)
    factor = rng.uniform(*intensity)
    disturbance = rng.normal(0.0, noise, len(names)) if noise else np.zeros(len(names))
    return {
        name: float(
            factor
            * ((1 - share) * typical[label].get(name, 0.0) + share * typical[other].get(name, 0.0))
            + extra
        )
        for name, extra in zip(names, disturbance, strict=True)
    }
