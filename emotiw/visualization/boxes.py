"""What is drawn on images: sizes, colours, labels, faces."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emotiw.core.face_tracks import FaceTracks, Origin

COLOURS = ("#2459c4", "#c2571a", "#1b7a43", "#8a3fb0", "#8a6100", "#0e7f8c", "#b0265d", "#59616f")
LONGEST_SIDE = 1280  # px of the image
Picture = npt.NDArray[np.uint8]


def shown(rgb: Picture) -> tuple[Picture, npt.NDArray[np.float64]]:
    """Return a copy that is not too large, of even sides, and how much smaller it is in x and y."""
    import cv2

    height, width = rgb.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    size = (max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(rgb, size, interpolation=how)
    picture = np.array(resized, dtype=np.uint8, order="C")
    return picture, np.array([size[0] / width, size[1] / height])


def visible_rows(tracks: FaceTracks) -> dict[int, list[int]]:
    """Return the rows of the faces in each frame that has some; a fallback is no face."""
    rows: dict[int, list[int]] = {}
    for row in np.flatnonzero(tracks.origin != Origin.FALLBACK).tolist():
        rows.setdefault(int(tracks.frame[row]), []).append(row)
    return rows


def put_label(
    picture: Picture, text: str, corner: tuple[int, int], colour: tuple[int, ...]
) -> None:
    """Write a text on a ground of its colour, above the corner or where there is room."""
    import cv2

    font, size = cv2.FONT_HERSHEY_SIMPLEX, 0.5
    (wide, high), _ = cv2.getTextSize(ascii_of(text), font, size, 1)
    x = max(0, min(corner[0], picture.shape[1] - wide - 6))
    y = max(high + 6, corner[1])
    cv2.rectangle(picture, (x, y - high - 6), (x + wide + 6, y), colour, -1)
    cv2.putText(picture, ascii_of(text), (x + 3, y - 4), font, size, (0, 0, 0), 1, cv2.LINE_AA)


def ascii_of(text: str) -> str:
    """Return the text in the only letters that OpenCV's fonts have."""
    return text.encode("ascii", "replace").decode()


def colour_of(number: int) -> tuple[int, int, int]:
    """Return a colour that can be told from its neighbours on a dark ground."""
    dark = bytes.fromhex(COLOURS[number % len(COLOURS)].lstrip("#"))
    red, green, blue = (int(part + (255 - part) * 0.45) for part in dark)
    return red, green, blue
