"""Detectors: images in, boxes and five points out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from inspect import signature
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from emotiw.core.device import CPU, resolve_device
from emotiw.core.part import Part
from emotiw.core.registry import Registry

Floats = npt.NDArray[np.float32]
FLOOR = 0.15  # the least confidence that a detector tells of


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
        scale: slope and offset that bring the logit of a network's score to that of the
            probability that two detectors of other families agree; see :func:`calibrated`.
    """

    min_face_px: ClassVar[float]
    points_tell_up: ClassVar[bool] = False
    scale: ClassVar[tuple[float, float]] = (1.0, 0.0)

    def detect(self, pictures: Sequence[npt.NDArray[np.uint8]], smallest_px: float) -> list[Faces]:
        """Return the faces of each ``(height, width, 3)`` RGB image, all of one size.

        Faces that are hardly sure come too, down to a confidence of :data:`FLOOR`: in a video they
        say that a face is still there.

        Args:
            pictures: at full size; the backend scales them as it needs.
            smallest_px: faces below this need not be found, at least ``min_face_px``.
        """
        raise NotImplementedError


def calibrated(
    score: Floats,
    scale: tuple[float, float],
    other: Floats | None = None,
    weight: float = 0.0,
) -> Floats:
    """Return the probability that what has a score is a face that others see too.

    Args:
        score: in [0, 1].
        scale: slope and offset of its logit.
        other: a second network's score of the same face.
        weight: of that one's logit.

    Examples:
        >>> calibrated(np.array([0.5, 0.8], np.float32), (2.0, 0.0))
        array([0.5      , 0.9411765], dtype=float32)
    """
    slope, offset = scale
    logit = slope * _logit(score, 1e-7) + offset
    if other is not None:
        logit += weight * _logit(other, 1e-4)
    return (1 / (1 + np.exp(-logit))).astype(np.float32)


def _logit(score: Floats, least: float) -> npt.NDArray[np.float64]:
    clipped = np.clip(score.astype(np.float64), least, 1 - least)
    return np.log(clipped / (1 - clipped))


DETECTORS: Registry[type[Detector]] = Registry(
    "face detector",
    {
        "centerface": "features.faces.centerface:CenterfaceDetector",
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
        >>> takes_device("mtcnn"), takes_device("centerface")
        (True, True)
    """
    return "device" in signature(DETECTORS.resolve(name)).parameters
