"""Seeded people: one of two portraits, mirrored, reshaped and recoloured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from emotiw.demo.neutral_bust import neutral_bust
from emotiw.demo.portraits import PORTRAITS, WIDTH, Bust, Pixels
from emotiw.demo.warping import FaceWarper

SHAPES = {
    "face_width": 0.5,
    "jaw_width": 0.5,
    "nose_width": 0.5,
    "nose_length": 0.5,
    "eye_size": 0.4,
    "eye_distance": 0.5,
    "chin_length": 0.5,
}


@dataclass(frozen=True)
class Person:
    """Someone who can be rendered with any expression.

    Attributes:
        warper: of the person's own, recoloured and mirrored, bust.
        shape: constant amounts of the actions that make up the shape of the face.
    """

    warper: FaceWarper
    shape: dict[str, float]

    @property
    def bust(self) -> Bust:
        """The person with a neutral face of the portrait's own shape."""
        return self.warper.bust


def draw_person(rng: np.random.Generator) -> Person:
    """Return a random person; much the same people come up in every split."""
    name, is_mirrored = PORTRAITS[rng.integers(len(PORTRAITS))], bool(rng.random() < 0.5)
    hue, tan, brightness, colourfulness = rng.uniform(
        (-12, -8, 0.78, 0.6), (12, 8, 1.15, 1.15)
    ).tolist()
    shape = {name: float(rng.normal(0, spread)) for name, spread in SHAPES.items()}
    warper = _warper(name, is_mirrored)
    rgb = _recoloured(warper.bust.rgb, hue, tan, brightness, colourfulness)
    return Person(warper.in_colours(rgb), shape)


@lru_cache(maxsize=2 * len(PORTRAITS))
def _warper(name: str, is_mirrored: bool) -> FaceWarper:
    bust = neutral_bust(name)
    return FaceWarper(_mirrored(bust) if is_mirrored else bust)


def _mirrored(bust: Bust) -> Bust:
    marks = bust.marks.moved(lambda points: points * (-1, 1) + (WIDTH - 1, 0))
    swapped = replace(
        marks,
        eyes=marks.eyes[::-1],
        brows=marks.brows[::-1],
        nostrils=marks.nostrils[::-1],
        mouth=marks.mouth[::-1],
    )
    flip = np.s_[:, ::-1]
    return replace(
        bust,
        rgb=np.ascontiguousarray(bust.rgb[flip]),
        alpha=np.ascontiguousarray(bust.alpha[flip]),
        marks=swapped,
    )


def _recoloured(
    rgb: Pixels, hue: float, tan: float, brightness: float, colourfulness: float
) -> Pixels:
    import cv2

    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB).astype(np.float32)
    a, b = lab[..., 1] - 128, lab[..., 2] - 128
    angle = np.radians(hue)
    lab[..., 1] = 128 + colourfulness * (np.cos(angle) * a - np.sin(angle) * b)
    lab[..., 2] = 128 + colourfulness * (np.sin(angle) * a + np.cos(angle) * b) + tan
    lab[..., 0] *= brightness
    clipped = np.clip(lab, 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(clipped, cv2.COLOR_LAB2RGB), dtype=np.uint8)
