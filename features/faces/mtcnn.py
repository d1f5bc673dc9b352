"""MTCNN by facenet-pytorch, whose weights come inside its wheel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from facenet_pytorch import MTCNN

from features.faces.detect import Faces


class MtcnnDetector:
    """Zhang et al. 2016, "Joint Face Detection and Alignment Using Multi-task Cascaded CNNs".

    Only ``MTCNN.detect`` is used: ``forward`` fails where one picture of a batch has no face, and
    aligns nothing.
    """

    min_face_px = 20.0

    def __init__(self, device: str = "cpu") -> None:
        self._mtcnn = MTCNN(
            keep_all=True, min_face_size=int(self.min_face_px), device=torch.device(device)
        )

    def detect(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> list[Faces]:
        """Return the faces of each ``(height, width, 3)`` RGB picture, all of one size."""
        if not pictures or min(pictures[0].shape[:2]) <= self.min_face_px:
            return [Faces.none() for _ in pictures]
        with _one_thread():
            found = self._mtcnn.detect(np.stack(pictures), landmarks=True)
        return [
            Faces.none()
            if boxes is None
            else Faces(
                np.asarray(boxes, dtype=np.float32),
                np.asarray(landmarks, dtype=np.float32),
                np.asarray(confidence, dtype=np.float32),
            )
            for boxes, confidence, landmarks in zip(*found, strict=True)
        ]


@contextmanager
def _one_thread() -> Iterator[None]:
    # networks this small gain nothing from more, and the result can't depend on their number
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
