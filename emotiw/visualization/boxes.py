"""What is drawn on images: sizes, colours, labels, faces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from emotiw.core.face_tracks import FaceTracks, Origin

COLOURS = ("#2459c4", "#c2571a", "#1b7a43", "#8a3fb0", "#8a6100", "#0e7f8c", "#b0265d", "#59616f")
FONT, SCALES = 0, (0.5, 0.38)  # OpenCV's Hershey Simplex
LONGEST_SIDE = 1280  # px of the image
Picture = npt.NDArray[np.uint8]
Place = tuple[int, int, int, int]  # x, y, width, height in px


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


class FaceLabel(NamedTuple):
    """What is to be written beside a face.

    Attributes:
        box: of the face: x_min, y_min, x_max, y_max in px of the picture.
        texts: ways to say it, the fullest first.
        colour: of its ground.
    """

    box: tuple[int, int, int, int]
    texts: tuple[str, ...]
    colour: tuple[int, ...]


def put_labels(picture: Picture, labels: Sequence[FaceLabel]) -> None:
    """Write labels beside their faces, where they hide no face and no other label.

    Everyone has the shortest text first, above the box or else below or beside it, and where there
    is no room at all where it hides least; then a fuller one where that has room as well. The
    largest faces choose first.
    """
    import cv2

    size = (picture.shape[1], picture.shape[0])
    taken = np.zeros(picture.shape[:2], dtype=np.intp)  # how many want each px

    def mark(place: Place, by: int) -> None:
        x, y, wide, high = place
        taken[max(y, 0) : max(y + high, 0), max(x, 0) : max(x + wide, 0)] += by

    def hidden(place: Place) -> int:
        x, y, wide, high = place
        return int(np.count_nonzero(taken[y : y + high, x : x + wide]))

    for x0, y0, x1, y1 in (label.box for label in labels):
        mark((x0, y0, x1 - x0 + 1, y1 - y0 + 1), 1)
    chosen: list[tuple[FaceLabel, str, float, Place]] = []
    for label in sorted(labels, key=_area, reverse=True):
        text, scale = ascii_of(label.texts[-1]), SCALES[-1]
        place = min(_places(label.box, text, scale, size), key=hidden)
        mark(place, 1)
        chosen.append((label, text, scale, place))
    for label, text, scale, place in chosen:
        mark(place, -1)
        fuller = (
            (ascii_of(full), larger, other)
            for full in label.texts
            for larger in SCALES
            for other in _places(label.box, ascii_of(full), larger, size)
            if not hidden(other)
        )
        text, scale, place = next(fuller, (text, scale, place))
        mark(place, 1)
        x, y, wide, high = place
        cv2.rectangle(picture, (x, y), (x + wide - 1, y + high - 1), label.colour, -1)
        cv2.putText(picture, text, (x + 3, y + high - 4), FONT, scale, (0, 0, 0), 1, cv2.LINE_AA)


def _places(
    box: tuple[int, int, int, int], text: str, scale: float, within: tuple[int, int]
) -> Iterator[Place]:
    """Yield where a text could stand, the best first."""
    import cv2

    (wide, high), _ = cv2.getTextSize(text, FONT, scale, 1)
    wide, high = wide + 6, high + 6
    x0, y0, x1, y1 = box
    for x, y in (
        *((x0, y0 - high), (x1 + 1 - wide, y0 - high)),
        *((x0, y1 + 1), (x1 + 1 - wide, y1 + 1)),
        *((x1 + 1, y0), (x0 - wide, y0)),
    ):
        yield (
            max(0, min(x, within[0] - wide)),
            max(0, min(y, within[1] - high)),
            *(wide, high),
        )


def _area(label: FaceLabel) -> int:
    x0, y0, x1, y1 = label.box
    return (x1 - x0) * (y1 - y0)


def ascii_of(text: str) -> str:
    """Return the text in the only letters that OpenCV's fonts have."""
    return text.encode("ascii", "replace").decode()


def colour_of(number: int) -> tuple[int, int, int]:
    """Return a colour that can be told from its neighbours on a dark ground."""
    dark = bytes.fromhex(COLOURS[number % len(COLOURS)].lstrip("#"))
    red, green, blue = (int(part + (255 - part) * 0.45) for part in dark)
    return red, green, blue
