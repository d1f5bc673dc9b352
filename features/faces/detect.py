"""Detectors: pictures in, boxes and five points out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from emotiw.core.registry import Registry

Floats = npt.NDArray[np.float32]


class Faces(NamedTuple):
    """The faces of one picture, in px of that picture.

    Attributes:
        box: ``(n, 4)`` float32, ``x_min, y_min, x_max, y_max``.
        landmarks: ``(n, 5, 2)`` float32: left eye, right eye, nose, left and right mouth corner,
            left and right as in the picture.
        confidence: ``(n,)`` float32 in [0, 1].
    """

    box: Floats
    landmarks: Floats
    confidence: Floats

    def take(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> Faces:
        """Return some of the faces."""
        return Faces(self.box[rows], self.landmarks[rows], self.confidence[rows])

    @classmethod
    def none(cls) -> Faces:
        """Return no faces."""
        return cls(
            np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, np.float32)
        )


class Detector(Protocol):
    """What a backend has to offer.

    Attributes:
        min_face_px: the smallest face that it finds, in px of the picture it is given; the stage
            scales frames down until the smallest face asked for has this size.
    """

    min_face_px: float

    def detect(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> list[Faces]:
        """Return the faces of each ``(height, width, 3)`` RGB picture, all of one size."""
        ...


DETECTORS: Registry[Callable[[str], Detector]] = Registry(
    "face detector", {"mtcnn": "features.faces.mtcnn:MtcnnDetector"}
)


@cache
def load_detector(name: str, device: str = "cpu") -> Detector:
    """Return the detector of that name; a process loads each only once."""
    return DETECTORS.resolve(name)(device)
