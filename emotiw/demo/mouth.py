"""A mouth that opens: the lips part along the line where they meet, and show what is inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emotiw.demo.actions import Field
from emotiw.demo.portraits import EYE_DISTANCE, Marks

WIDEST = 0.45  # height of the opening at jaw_drop 1, in eye distances
TEETH = 0.11  # height of the upper teeth, in eye distances
DARK, TOOTH, TONGUE = (
    np.array(colour, np.float32) for colour in ((52, 22, 24), (214, 204, 190), (128, 62, 62))
)


@dataclass(frozen=True)
class Mouth:
    """The inside of an open mouth, pixel by pixel.

    Attributes:
        cover: 1 where the inside shows, 0 where there is skin.
        depth: 0 at the upper lip, 1 at the lower.
        along: -1 in the left corner, 1 in the right.
        height: of the opening, in eye distances.
    """

    cover: Field
    depth: Field
    along: Field
    height: Field

    def paint(self, face: Field) -> None:
        """Draw a dark inside, a row of teeth and a tongue over ``(height, width, 3)``."""
        rows = np.flatnonzero(self.cover.any(axis=1))
        columns = np.flatnonzero(self.cover.any(axis=0))
        if not len(rows):
            return
        part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        depth, along, height = self.depth[part], self.along[part], self.height[part]
        teeth = np.clip((TEETH * (1 - 0.5 * along**2) - depth * height) / 0.02 + 0.5, 0, 1)
        teeth *= np.clip(1.6 - 1.9 * np.abs(along), 0, 1)
        tongue = np.clip((depth - 0.68) / 0.15, 0, 1) * np.clip(height / 0.3, 0, 1)
        tongue *= np.clip(1.3 - 1.6 * np.abs(along), 0, 1)
        colour = DARK + tongue[..., None] * (TONGUE - DARK)  # (height, width, 3)
        colour += teeth[..., None] * (TOOTH - colour)
        face[part] += self.cover[part][..., None] * (colour - face[part])


def open_lips(sources: Field, marks: Marks, amount: float) -> Mouth:
    """Part the lips, in place, and return what shows between them.

    Args:
        sources: ``(height, width, 2)``, where in the bust each pixel comes from; moved apart above
            and below the line of the lips.
        marks: the face with its mouth closed.
        amount: of ``jaw_drop``; a negative one draws the lips of an open mouth together.
    """
    gap, unit = WIDEST * amount, EYE_DISTANCE
    (left, left_y), (right, right_y) = marks.mouth
    x, y = sources[..., 0], sources[..., 1].copy()
    along = np.clip((2 * x - left - right) / (right - left), -1, 1)
    arch = 1 - along * along
    bow = marks.lips[1] - (left_y + right_y) / 2
    line = left_y + (right_y - left_y) * (along + 1) / 2 + bow * arch
    opening = gap * unit * arch**0.75
    up, down = line - 0.25 * opening, line + 0.75 * opening  # where the lips come to lie
    rise = 0.25 * opening * np.exp(-(((up - y) / (0.22 * unit)) ** 2) / 2)
    # the chin follows the lower lip most of the way
    fall = 0.75 * opening * np.exp(-((np.maximum(y - down, 0) / (0.95 * unit)) ** 2))
    sources[..., 1] += np.where(y < (up + down) / 2, rise, -fall)
    cover = np.clip(np.minimum(y - up, down - y) + 0.5, 0, 1) * (opening > 0)
    return Mouth(cover, (y - up) / np.maximum(opening, 1e-3), along, opening / unit)
