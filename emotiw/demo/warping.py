"""Faces that move: smooth displacements of brows, eyes, nose and mouth, and a mouth that opens.

Every action is a sum of Gaussian bumps pinned to marks of the face, so a frame costs one weighted
sum of fields and one ``cv2.remap``.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from emotiw.demo.portraits import EYE_DISTANCE, Bust, Marks, Pixels

Field = npt.NDArray[np.float32]
LEFT, TOP, RIGHT, BOTTOM = 120, 20, 360, 290  # the part of a bust that moves, px
JAW_DROP = "jaw_drop"
WIDEST_MOUTH = 0.45  # height of the opening at jaw_drop 1, in units of the eye distance


class FaceWarper:
    """Renders one bust with any mixture of actions.

    Actions are named by what they do (``smile``, ``brow_lower`` …; see :func:`bumps`); 1 is a
    strong expression, negative values do the opposite; ``jaw_drop`` parts the lips.
    """

    def __init__(self, bust: Bust) -> None:
        self.bust = bust
        rows, columns = np.mgrid[TOP:BOTTOM, LEFT:RIGHT].astype(np.float32)
        self._grid = np.stack([columns, rows], axis=-1)  # (height, width, 2): x, y
        self._bumps = bumps(bust.marks)
        self.actions = (*self._bumps, JAW_DROP)
        fields = [_field(some, self._grid) for some in self._bumps.values()]
        self._fields = np.stack(fields).reshape(len(fields), -1)  # (actions, height * width * 2)
        self._creases = _creases(bust.marks, self._grid)

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

        sources = self._grid - self._displacement(amounts)
        sources, inside, inner = self._open_mouth(
            sources, WIDEST_MOUTH * amounts.get(JAW_DROP, 0.0)
        )
        face = cv2.remap(
            self.bust.rgb,
            sources[..., 0],
            sources[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.float32)
        for action, crease in self._creases.items():
            face *= 1 - max(amounts.get(action, 0.0), 0.0) * crease[..., None]
        if inside is not None:
            rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
            mouth = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            colour = _mouth_colour(*(part[mouth] for part in inner))
            face[mouth] += inside[mouth][..., None] * (colour - face[mouth])
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
                    total += amount * _field(self._bumps[action], moved)
            moved = points + total
        return moved

    def _displacement(self, amounts: Mapping[str, float]) -> Field:
        unknown = amounts.keys() - set(self.actions)
        if unknown:
            raise KeyError(f"no such action: {sorted(unknown)}")
        weights = np.array([amounts.get(action, 0.0) for action in self._bumps], np.float32)
        return (weights @ self._fields).reshape(self._grid.shape)

    def _open_mouth(
        self, sources: Field, gap: float
    ) -> tuple[Field, Field | None, tuple[Field, Field, Field]]:
        """Part the lips by ``gap`` (eye distances); close them where it is negative.

        Returns:
            New sources; how much of each pixel is inside the mouth; and there its depth (0 at the
            upper lip, 1 at the lower), its place along the mouth (-1 … 1) and the height of the
            opening (eye distances).
        """
        nothing = (sources[:0, :0, 0],) * 3
        if gap == 0:
            return sources, None, nothing
        marks, unit = self.bust.marks, EYE_DISTANCE
        (left, left_y), (right, right_y) = marks.mouth
        x, y = sources[..., 0], sources[..., 1]
        along = np.clip((2 * x - left - right) / (right - left), -1, 1)  # -1 … 1, corner to corner
        profile = (1 - along**2) ** 0.75
        bow = marks.lips[1] - (left_y + right_y) / 2
        line = left_y + (right_y - left_y) * (along + 1) / 2 + bow * (1 - along**2)
        up, down = 0.25 * gap * unit * profile, 0.75 * gap * unit * profile
        above = y < line - (up - down) / 2 if gap < 0 else y < line + (down - up) / 2
        rise = up * np.exp(-(((line - up - y) / (0.22 * unit)) ** 2) / 2)
        # the chin follows the lower lip most of the way
        fall = down * np.exp(-((np.maximum(y - line - down, 0) / (0.95 * unit)) ** 2))
        shifted = sources.copy()
        shifted[..., 1] += np.where(above, rise, -fall)
        if gap < 0:
            return shifted, None, nothing
        margin = np.minimum(y - (line - up), (line + down) - y)
        inside = np.clip(margin + 0.5, 0, 1) * (np.abs(along) < 1)
        if not inside.any():
            return shifted, None, nothing
        depth = (y - (line - up)) / np.maximum(up + down, 1e-3)
        return shifted, inside, (depth, along, (up + down) / unit)


def bumps(marks: Marks) -> dict[str, list[tuple[Field, tuple[float, float], tuple[float, float]]]]:
    """Return the bumps of every action: where, how far (x outwards, y down) and how wide.

    Distances are in units of the eye distance; outwards is away from the middle of the face.
    """
    found: dict[str, list[tuple[Field, tuple[float, float], tuple[float, float]]]] = {}

    def add(action: str, side: int, at: Field, move: tuple[float, float], *width: float) -> None:
        outwards = (-move[0], move[1]) if side == 0 else move
        found.setdefault(action, []).append((at, outwards, (width[0], width[-1])))

    unit = EYE_DISTANCE
    for side in (0, 1):
        out = np.array([-unit, 0] if side == 0 else [unit, 0], np.float32)
        down = np.array([0, unit], np.float32)
        eye, nostril, corner = marks.eyes[side], marks.nostrils[side], marks.mouth[side]
        inner, middle, outer = marks.brows[side]
        lid, pouch = eye - 0.10 * down, eye + 0.13 * down
        cheek = corner + 0.18 * out - 0.38 * down
        philtrum = (corner + marks.lips) / 2 - 0.10 * down
        boss = marks.chin - 0.22 * down + 0.08 * out
        add("brow_inner_up", side, inner, (0, -0.11), 0.17)
        add("brow_outer_up", side, middle, (0, -0.06), 0.17)
        add("brow_outer_up", side, outer, (0, -0.11), 0.17)
        add("brow_lower", side, inner, (-0.07, 0.13), 0.16)
        add("brow_lower", side, middle, (-0.03, 0.06), 0.16)
        add("eye_widen", side, lid, (0, -0.04), 0.19, 0.08)
        add("eye_widen", side, pouch, (0, 0.03), 0.19, 0.06)
        add("eye_narrow", side, lid, (0, 0.07), 0.19, 0.08)
        add("eye_narrow", side, pouch, (0, -0.05), 0.19, 0.07)
        add("nose_wrinkle", side, nostril, (0.03, -0.10), 0.15)
        add("nose_wrinkle", side, inner, (-0.03, 0.05), 0.14)
        add("lip_raise", side, philtrum, (0, -0.11), 0.16, 0.13)
        add("smile", side, corner, (0.15, -0.13), 0.26)
        add("smile", side, cheek, (0.02, -0.08), 0.24)
        add("lip_drop", side, corner, (0.02, 0.14), 0.22)
        add("lip_stretch", side, corner, (0.18, 0.04), 0.26)
        add("lip_press", side, corner, (-0.09, 0.0), 0.24)
        add("lip_press", side, philtrum, (0, 0.04), 0.16, 0.08)
        add("chin_raise", side, boss, (0, -0.10), 0.25, 0.16)
        add("face_width", side, eye + 0.35 * out + 0.6 * down, (0.12, 0), 0.45, 0.8)
        add("jaw_width", side, corner + 0.45 * out + 0.1 * down, (0.14, 0), 0.35, 0.4)
        add("nose_width", side, nostril, (0.06, 0), 0.18)
        add("eye_size", side, lid, (0, -0.05), 0.25, 0.08)
        add("eye_distance", side, eye, (0.06, 0), 0.25)
    middle_face = marks.eyes.mean(axis=0) + np.array([0, 0.5 * unit], np.float32)
    add("nose_length", 1, marks.nostrils.mean(axis=0), (0, 0.08), 0.3)
    add("chin_length", 1, marks.chin, (0, 0.12), 0.5, 0.35)
    # the nose stands out of the face, so a turned head shifts the middle most
    add("turn", 1, middle_face, (0.16, 0), 0.62, 0.85)
    add("nod", 1, middle_face, (0, 0.14), 0.62, 0.75)
    return found


def _field(some: list[tuple[Field, tuple[float, float], tuple[float, float]]], at: Field) -> Field:
    total = np.zeros(at.shape, np.float32)
    for centre, move, width in some:
        distance = (at - centre) / (np.array(width, np.float32) * EYE_DISTANCE)
        weight = np.exp(-(distance**2).sum(axis=-1) / 2)
        total += weight[..., None] * np.array(move, np.float32) * EYE_DISTANCE
    return total


def _creases(marks: Marks, grid: Field) -> dict[str, Field]:
    """Return how much each action darkens the skin where it folds, 0 … 1."""
    import cv2

    unit = EYE_DISTANCE
    folds: dict[str, list[Field]] = {"brow_lower": [], "nose_wrinkle": [], "smile": []}
    for side in (0, 1):
        out = np.array([-unit, 0] if side == 0 else [unit, 0], np.float32)
        down = np.array([0, unit], np.float32)
        inner, nostril, corner = marks.brows[side, 0], marks.nostrils[side], marks.mouth[side]
        frown = inner - 0.13 * out
        folds["brow_lower"].append(np.stack([frown - 0.10 * down, frown + 0.16 * down]))
        folds["nose_wrinkle"].append(
            np.stack([nostril - 0.12 * down, nostril + 0.14 * out, corner + 0.16 * out])
        )
        folds["smile"].append(np.stack([nostril + 0.12 * out, corner + 0.2 * out - 0.1 * down]))
    offset = np.array([LEFT, TOP], np.float32)
    creases = {}
    for (action, lines), strength in zip(folds.items(), (0.5, 0.35, 0.3), strict=True):
        ink = np.zeros(grid.shape[:2], np.float32)
        for line in lines:
            points = np.rint(line - offset).astype(np.int32)
            cv2.polylines(ink, [points], False, 1.0, 2, cv2.LINE_AA)
        creases[action] = strength * cv2.GaussianBlur(ink, (0, 0), 1.6)
    return creases


def _mouth_colour(depth: Field, along: Field, gap: Field) -> Field:
    """Return ``(height, width, 3)``: dark inside, a row of teeth above, a tongue below."""
    # teeth hang from the upper lip: a fixed height, whatever the opening
    teeth = np.clip((0.11 * (1 - 0.5 * along**2) - depth * gap) / 0.02 + 0.5, 0, 1)
    teeth *= np.clip(1.6 - 1.9 * np.abs(along), 0, 1)
    tongue = np.clip((depth - 0.68) / 0.15, 0, 1) * np.clip(gap / 0.3, 0, 1)
    tongue *= np.clip(1.3 - 1.6 * np.abs(along), 0, 1)
    colour = np.empty((*depth.shape, 3), np.float32)
    colour[:] = (52, 22, 24)
    colour += tongue[..., None] * (np.array((128, 62, 62), np.float32) - colour)
    colour += teeth[..., None] * (np.array((214, 204, 190), np.float32) - colour)
    return colour
