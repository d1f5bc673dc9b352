"""Detectors: images in, boxes and five points out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from inspect import signature
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from emotiw.core.device import CPU, resolve_device
from emotiw.core.media.lazy_pictures import Pixels
from emotiw.core.part import Part
from emotiw.core.registry import Registry

Floats = npt.NDArray[np.float32]


class Faces(NamedTuple):
    """The faces of one image, in px of that image.

    Attributes:
        box: ``(n, 4)`` float32, ``x_min, y_min, x_max, y_max``.
        landmarks: ``(n, 5, 2)`` float32: left eye, right eye, nose, left and right mouth corner,
            left and right as in the image.
        confidence: ``(n,)`` float32 in [0, 1].
    """

    box: Floats
    landmarks: Floats
    confidence: Floats

    def take(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> Faces:
        """Return some of the faces."""
        return Faces(self.box[rows], self.landmarks[rows], self.confidence[rows])

    def join(self, others: Faces) -> Faces:
        """Return these faces and then the others."""
        return Faces(*(np.concatenate(pair) for pair in zip(self, others, strict=True)))

    @classmethod
    def none(cls) -> Faces:
        """Return no faces."""
        return cls(
            np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, np.float32)
        )


class Detector(Part):
    """Finds the faces of images; made without arguments, or with ``weights`` and ``device``.

    Its constructor takes ``weights`` if its network has a weights card, and ``device`` if it can be
    told where to compute.

    Attributes:
        min_face_px: the smallest face that it can find at all, in px.
        points_tell_up: of a face that stands on its head, its points do too.
    """

    min_face_px: ClassVar[float]
    points_tell_up: ClassVar[bool] = False

    def detect(self, pictures: Sequence[npt.NDArray[np.uint8]], smallest_px: float) -> list[Faces]:
        """Return the faces of each ``(height, width, 3)`` RGB image, all of one size.

        Args:
            pictures: at full size; the backend scales them as it needs.
            smallest_px: faces below this need not be found, at least ``min_face_px``.
        """
        raise NotImplementedError


@runtime_checkable
class Follower(Protocol):
    """A detector that needs less time for a face when it is told where to look.

    One that doesn't is asked for all faces of every frame.
    """

    def follow(self, picture: Pixels, boxes: Floats) -> Faces:
        """Return the face at or near each of the ``(n, 4)`` boxes.

        The confidence says whether there is one; the other values then mean nothing.
        """
        ...


DETECTORS: Registry[type[Detector]] = Registry(
    "face detector",
    {
        "mtcnn": "features.faces.mtcnn:MtcnnDetector",
        "yunet": "features.faces.yunet:YunetDetector",
    },
)


@cache
def load_detector(name: str, device: str = CPU, weights: str | None = None) -> Detector:
    """Return the detector of that name; a process loads each only once.

    Args:
        name: registered, or ``module:attribute``.
        device: as a recipe says it, for a detector whose constructor takes ``device``.
        weights: a weights card, for a detector whose constructor takes ``weights``.

    Raises:
        ConfigError: if there is no such detector, or no such device here.
    """
    given = {} if weights is None else {"weights": weights}
    if takes_device(name):
        given["device"] = resolve_device(device)
    return DETECTORS.resolve(name)(**given)


def takes_device(name: str) -> bool:
    """Return whether the detector of that name can be told where to compute.

    Examples:
        >>> takes_device("mtcnn"), takes_device("yunet")
        (True, False)
    """
    return "device" in signature(DETECTORS.resolve(name)).parameters
