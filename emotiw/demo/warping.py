"""Faces that move: smooth displacements of brows, eyes, nose and mouth, and a mouth that opens.

Every action is a sum of Gaussian bumps pinned to marks of the face, so a frame costs one weighted
sum of fields and one ``cv2.remap``.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace

import numpy as np

from emotiw.demo.actions import Field, displacement, find_bumps, find_creases
from emotiw.demo.mouth import open_lips
from emotiw.demo.portraits import EYE_DISTANCE, Bust, Pixels

LEFT, TOP, RIGHT, BOTTOM = 120, 20, 360, 290  # the part of a bust that moves, px
JAW_DROP = "jaw_drop"


class FaceWarper:
    """Renders one bust with any mixture of actions.

    Actions are named by what they do (``smile``, ``brow_lower`` …; ``actions`` lists them); 1 is a
    strong expression, negative amounts do the opposite; ``jaw_drop`` parts the lips.
    """

    def __init__(self, bust: Bust) -> None:
        self.bust = bust
        rows, columns = np.mgrid[TOP:BOTTOM, LEFT:RIGHT].astype(np.float32)
        self._grid = np.stack([columns, rows], axis=-1)  # (height, width, 2): x, y
        self._bumps = find_bumps(bust.marks)
        self.actions = (*self._bumps, JAW_DROP)
        fields = [displacement(bumps, self._grid) for bumps in self._bumps.values()]
        self._fields = np.stack(fields).reshape(len(fields), -1)  # (actions, height * width * 2)
        self._creases = find_creases(bust.marks, rows.shape, (LEFT, TOP))
        # an opening mouth moves nothing above this row
        self._mouth_top = int(bust.marks.lips[1] - 0.9 * EYE_DISTANCE) - TOP

    def in_colours(self, rgb: Pixels) -> FaceWarper:
        """Return a warper of the same face in other colours, sharing the fields."""
        other = copy(self)
        other.bust = replace(self.bust, rgb=rgb)
        return other

    def render(self, amounts: Mapping[str, float]) -> Pixels:
        """Return the bust's ``rgb`` with these amounts of each action; others are 0.

        Raises:
            KeyError: if there is no such action.
        """
        import cv2

        unknown = amounts.keys() - set(self.actions)
        if unknown:
            raise KeyError(f"no such action: {sorted(unknown)}")
        weights = np.array([amounts.get(action, 0.0) for action in self._bumps], np.float32)
        sources = self._grid - (weights @ self._fields).reshape(self._grid.shape)
        lower = np.s_[self._mouth_top :]
        jaw = amounts.get(JAW_DROP, 0.0)
        mouth = open_lips(sources[lower], self.bust.marks, jaw) if jaw else None
        face = cv2.remap(
            self.bust.rgb,
            sources[..., 0],
            sources[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.float32)
        for action, crease in self._creases.items():
            if (amount := amounts.get(action, 0.0)) > 0:
                face *= 1 - amount * crease[..., None]
        if mouth is not None:
            mouth.paint(face[lower])
        rgb = self.bust.rgb.copy()
        rgb[TOP:BOTTOM, LEFT:RIGHT] = np.clip(face, 0, 255).astype(np.uint8)
        return rgb

    def carry(self, points: Field, amounts: Mapping[str, float]) -> Field:
        """Return where ``(n, 2)`` points of the bust come to lie; an opening mouth is left out."""
        moved = points.copy()
        for _ in range(20):
            total = np.zeros_like(points)
            for action, amount in amounts.items():
                if action != JAW_DROP:
                    total += amount * displacement(self._bumps[action], moved)
            moved = points + total
        return moved
