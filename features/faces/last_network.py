"""MTCNN's last network: whether there is a face near a box, where it is, and its five points.

It is asked about faces that others have found, too; then nothing else of MTCNN is needed, nor
torch.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emotiw.core.media.lazy_pictures import Pixels
from features.backbones.mtcnn_onet_graph import OUTPUTS, onet_session
from features.faces.align import warp
from features.faces.detect import Faces
from features.faces.squares import cut_out, is_inside, moved, region_of, squares

Boxes = npt.NDArray[np.float32]
SIDE = 48  # px of what the network sees
SURE = 0.7  # that what was turned upright is a face
FAR = 0.1  # of the side: a face found this far from where it was looked for is looked at again
TILTED = np.radians(8)
LARGEST_BATCH = 256


class LastNetwork:
    """Zhang et al. 2016, figure 2, O-Net, on squares around faces.

    Args:
        device: where it computes; a GPU only where onnxruntime's own package for it is installed.

    Raises:
        WeightsError: if its weights are missing or damaged.
    """

    def __init__(self, device: str = "cpu") -> None:
        self._session = onet_session(device)

    def points_in(self, picture: Pixels, boxes: Boxes) -> Faces:
        """Return the face near each of the ``(n, 4)`` boxes; the confidence says if it is one."""
        around = squares(boxes)
        faces = self.looked_at(picture, around)
        away = np.abs(squares(faces.box) - around).max(axis=1)
        far = np.flatnonzero(away > FAR * (around[:, 2] - around[:, 0]))
        if len(far):
            again = self.looked_at(picture, squares(faces.box[far]))
            for values, newer in zip(faces, again, strict=True):
                values[far] = newer
        return self.straightened(picture, faces)

    def looked_at(self, picture: Pixels, around: Boxes) -> Faces:
        """Return what is in each of the ``(n, 4)`` squares; beyond the picture there is nothing."""
        inside = is_inside(around, picture)
        faces = Faces(
            around.copy(),
            np.zeros((len(around), 5, 2), np.float32),
            np.zeros(len(around), np.float32),
        )
        if not inside.any():
            return faces
        shown = around[inside]
        moves, points, odds = self._run(cut_out(picture, shown, SIDE))
        low, high = np.split(region_of(shown, picture).astype(np.float32)[:, None], 2, axis=2)
        faces.box[inside] = moved(shown, moves)
        faces.landmarks[inside] = low + _places(points) * (high - low)  # of what it has seen
        faces.confidence[inside] = odds[:, 1]
        return faces

    def straightened(self, picture: Pixels, faces: Faces) -> Faces:
        """Look once more at tilted faces, turned upright.

        The network has seen few of them, and puts their points nearer to where an upright face
        has them.
        """
        eyes = faces.landmarks[:, 1] - faces.landmarks[:, 0]
        tilt = np.arctan2(eyes[:, 1], eyes[:, 0])
        rows = np.flatnonzero((np.abs(tilt) > TILTED) & (np.abs(tilt) < np.pi / 2))
        if not len(rows):
            return faces
        turns = [
            _upright(box, angle) for box, angle in zip(faces.box[rows], tilt[rows], strict=True)
        ]
        cutouts = np.stack([warp(picture, turn, SIDE) for turn in turns])
        _, points, odds = self._run(cutouts)
        for row, turn, places, sure in zip(rows, turns, _places(points), odds[:, 1], strict=True):
            if sure > SURE:
                turned = places * SIDE - 0.5 - turn[:, 2]  # (5, 2) px from the middle of one
                faces.landmarks[row] = turned @ np.linalg.inv(turn[:, :2]).T + 0.5
        return faces

    def _run(self, cutouts: npt.NDArray[np.uint8]) -> list[Boxes]:
        inputs = cutouts.transpose(0, 3, 1, 2)
        batches = [
            self._session.run(OUTPUTS, {"input": (part.astype(np.float32) - 127.5) * 0.0078125})
            for part in np.split(inputs, range(LARGEST_BATCH, len(inputs), LARGEST_BATCH))
        ]
        return [np.concatenate(part) for part in zip(*batches, strict=True)]


def _places(points: Boxes) -> Boxes:
    """Return the network's ``(n, 10)`` as ``(n, 5, 2)`` shares of what it was shown."""
    return points.reshape(-1, 2, 5).transpose(0, 2, 1)


def _upright(box: Boxes, angle: float) -> npt.NDArray[np.float64]:
    """Return the transform that turns the square around a box back, to ``SIDE`` px."""
    left, top, right, bottom = squares(box[None])[0]
    turn = (
        SIDE
        / (right - left)
        * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    )
    middle = np.array([left + right, top + bottom]) / 2
    return np.concatenate([turn, ((SIDE - 1) / 2 - turn @ middle)[:, None]], axis=1)
