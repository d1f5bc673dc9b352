"""What a face can do: for every action, which part of it moves where, and which skin folds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from emotiw.demo.portraits import EYE_DISTANCE, Marks

Field = npt.NDArray[np.float32]


class Bump(NamedTuple):
    """A smooth displacement around one point.

    Attributes:
        at: ``(2,)`` px of the bust.
        move: how far the point itself goes, right and down, in eye distances.
        width: standard deviation of the Gaussian across and down, in eye distances.
    """

    at: Field
    move: tuple[float, float]
    width: tuple[float, float]


def find_bumps(marks: Marks) -> dict[str, list[Bump]]:
    """Return the bumps of every action at amount 1, for a face with these marks."""
    found: dict[str, list[Bump]] = {}

    # moves are given away from the middle of the face and down
    def add(action: str, side: int, at: Field, move: tuple[float, float], *width: float) -> None:
        outwards = (-move[0], move[1]) if side == 0 else move
        found.setdefault(action, []).append(Bump(at, outwards, (width[0], width[-1])))

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


def displacement(bumps: list[Bump], at: Field) -> Field:
    """Return how far the points ``(…, 2)`` are moved by an action at amount 1, in px."""
    total = np.zeros(at.shape, np.float32)
    for centre, move, width in bumps:
        distance = (at - centre) / (np.array(width, np.float32) * EYE_DISTANCE)
        weight = np.exp(-(distance**2).sum(axis=-1) / 2)
        total += weight[..., None] * np.array(move, np.float32) * EYE_DISTANCE
    return total


def find_creases(marks: Marks, shape: tuple[int, int], corner: tuple[int, int]) -> dict[str, Field]:
    """Return how much each action darkens the skin where it folds, 0 … 1.

    Args:
        marks: the parts of the face.
        shape: height and width of the part of the bust that is asked for.
        corner: x and y of its upper left corner, px of the bust.
    """
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
    offset = np.array(corner, np.float32)
    creases = {}
    for (action, lines), strength in zip(folds.items(), (0.5, 0.35, 0.3), strict=True):
        ink = np.zeros(shape, np.float32)
        for line in lines:
            points = np.rint(line - offset).astype(np.int32)
            cv2.polylines(ink, [points], False, 1.0, 2, cv2.LINE_AA)
        creases[action] = strength * cv2.GaussianBlur(ink, (0, 0), 1.6)
    return creases
