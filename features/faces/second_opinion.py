"""A second opinion on faces that others found: MTCNN's last network on points and on doubts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.faces.detect import Faces, Floats
from features.faces.last_network import LastNetwork

SURE = 0.5  # that there is a face at all
AGREED = 0.3  # of the distance between the eyes: what is farther apart is not averaged


class SecondOpinion:
    """Asks MTCNN's last network, whose weights come inside a package, about each face.

    Two networks that learnt otherwise err otherwise: the mean of their points is off by a quarter
    to a third less than the better ones, and what one is unsure of, the other may know.

    Args:
        device: where it computes.
    """

    def __init__(self, device: str = "cpu") -> None:
        self._network = LastNetwork(device)

    def on(self, picture: npt.NDArray[np.uint8], faces: Faces) -> tuple[Faces, Floats]:
        """Return the faces with better points, and how sure the other network is of each.

        Points that both see far apart stay as they were.
        """
        if not len(faces.box):
            return faces, np.zeros(0, np.float32)
        other = self._network.points_in(picture, faces.box)
        eyes = np.hypot(*(faces.landmarks[:, 1] - faces.landmarks[:, 0]).T)  # (n,)
        apart = np.linalg.norm(other.landmarks - faces.landmarks, axis=2).mean(axis=1)  # (n,)
        agreed = (other.confidence >= SURE) & (apart < AGREED * np.maximum(eyes, 1.0))
        landmarks = faces.landmarks.copy()
        landmarks[agreed] = (landmarks[agreed] + other.landmarks[agreed]) / 2
        return faces._replace(landmarks=landmarks), other.confidence
