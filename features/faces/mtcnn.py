"""MTCNN by facenet-pytorch, whose weights come inside its wheel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from emotiw.core.media.lazy_pictures import Pixels
from features.backbones.mtcnn_networks import ONet, RNet, packaged_state
from features.faces.align import warp
from features.faces.detect import Detector, Faces, calibrated
from features.faces.overlaps import surest
from features.faces.proposals import Proposals, squares

Boxes = npt.NDArray[np.float32]
THRESHOLDS = (0.7, 0.7, 0.7)  # facenet-pytorch has 0.6 first: many more squares, few more faces
FAR = 0.1  # of the side: a face found this far from where it was looked for is looked at again
TILTED = np.radians(8)
LARGEST_BATCH = 256


class MtcnnDetector(Detector):
    """Zhang et al. 2016, "Joint Face Detection and Alignment Using Multi-task Cascaded CNNs".

    The networks are facenet-pytorch's, and so is the result; the way through them is ours. Its
    ``MTCNN.forward`` fails where one image of a batch has no face and aligns nothing, and its
    ``detect`` spends most of its time on resizing whole images in float and on a softmax. It cuts
    whole px out and tells points of the box before rounding, up to a px away; here they are exact.
    The last network alone tells the points of faces that others have found.
    """

    min_face_px = 20.0
    scale = (1.8, -0.8)

    def __init__(self, device: str = "cpu") -> None:
        self._device = torch.device(device)
        self._proposals = Proposals(packaged_state("pnet"), THRESHOLDS[0], self._device)
        self._rnet = self._ready(RNet(), "rnet")
        self._onet = self._ready(ONet(), "onet")

    def detect(self, pictures: Sequence[npt.NDArray[np.uint8]], smallest_px: float) -> list[Faces]:
        """Return the faces of each ``(height, width, 3)`` RGB image, all of one size."""
        if not pictures or min(pictures[0].shape[:2]) <= smallest_px:
            return [Faces.none() for _ in pictures]
        with _one_thread():
            proposed = self._proposals(np.stack(pictures), smallest_px)
            found = [
                self._sorted_out(picture, self._refined(picture, boxes))
                for picture, boxes in zip(pictures, proposed, strict=True)
            ]
        return [
            faces._replace(confidence=calibrated(faces.confidence, self.scale)) for faces in found
        ]

    def points_in(self, picture: Pixels, boxes: Boxes) -> Faces:
        """Return the face near each of the ``(n, 4)`` boxes; the confidence says if it is one."""
        with _one_thread():
            around = squares(boxes)
            faces = self._looked_at(picture, around)
            moved = np.abs(squares(faces.box) - around).max(axis=1)
            far = np.flatnonzero(moved > FAR * (around[:, 2] - around[:, 0]))
            if len(far):
                again = self._looked_at(picture, squares(faces.box[far]))
                for values, newer in zip(faces, again, strict=True):
                    values[far] = newer
            return self._straightened(picture, faces)

    def _refined(self, picture: Pixels, boxes: Boxes) -> Boxes:
        """Return what the second network leaves of the proposals, as squares."""
        boxes = boxes[_is_inside(boxes, picture)]
        if not len(boxes):
            return boxes
        moved, odds = self._run(self._rnet, _cut_out(picture, boxes, 24))
        is_face = odds[:, 1] > THRESHOLDS[1]
        boxes, moved, score = boxes[is_face], moved[is_face], odds[is_face, 1]
        kept = surest(boxes, score, 0.7)
        return squares(_moved(boxes[kept], moved[kept]))

    def _sorted_out(self, picture: Pixels, boxes: Boxes) -> Faces:
        """Return what the third network says of the squares, each face once."""
        boxes = boxes[_is_inside(boxes, picture)]
        if not len(boxes):
            return Faces.none()
        faces = self._looked_at(picture, boxes)
        faces = faces.take(faces.confidence > THRESHOLDS[2])
        faces = faces.take(_most_certain(faces.box, faces.confidence))
        return self._straightened(picture, faces)

    def _looked_at(self, picture: Pixels, around: Boxes) -> Faces:
        inside = _is_inside(around, picture)
        faces = Faces(
            around.copy(),
            np.zeros((len(around), 5, 2), np.float32),
            np.zeros(len(around), np.float32),
        )
        if not inside.any():
            return faces
        shown = around[inside]
        moved, points, odds = self._run(self._onet, _cut_out(picture, shown, 48))
        region = _region(shown, picture).astype(np.float32)[:, None]  # whole px: what it has seen
        faces.box[inside] = _moved(shown, moved)
        faces.landmarks[inside] = region[..., :2] + _places(points) * (
            region[..., 2:] - region[..., :2]
        )
        faces.confidence[inside] = odds[:, 1]
        return faces

    def _straightened(self, picture: Pixels, faces: Faces) -> Faces:
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
        cutouts = np.stack([warp(picture, turn, 48) for turn in turns])
        _, points, odds = self._run(self._onet, cutouts)
        for row, turn, places, sure in zip(rows, turns, _places(points), odds[:, 1], strict=True):
            if sure > THRESHOLDS[2]:
                turned = places * 48 - 0.5 - turn[:, 2]  # (5, 2) px, counted from the middle of one
                faces.landmarks[row] = turned @ np.linalg.inv(turn[:, :2]).T + 0.5
        return faces

    def _ready(self, network: nn.Module, name: str) -> nn.Module:
        network.load_state_dict(packaged_state(name))
        network.eval().to(self._device)
        return network.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def _run(self, network: nn.Module, cutouts: npt.NDArray[np.uint8]) -> list[Boxes]:
        inputs = torch.from_numpy(cutouts).to(self._device).permute(0, 3, 1, 2)
        batches: list[tuple[Tensor, ...]] = [
            network(part.float().sub_(127.5).mul_(0.0078125))
            for part in torch.split(inputs, LARGEST_BATCH)
        ]
        return [torch.cat(part).cpu().numpy() for part in zip(*batches, strict=True)]


def _places(points: Boxes) -> Boxes:
    """Return the network's ``(n, 10)`` as ``(n, 5, 2)`` shares of what it was shown."""
    return points.reshape(-1, 2, 5).transpose(0, 2, 1)


def _upright(box: Boxes, angle: float) -> npt.NDArray[np.float64]:
    """Return the transform that turns the square around a box back, to 48 px."""
    left, top, right, bottom = squares(box[None])[0]
    turn = (
        48
        / (right - left)
        * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    )
    middle = np.array([left + right, top + bottom]) / 2
    return np.concatenate([turn, (23.5 - turn @ middle)[:, None]], axis=1)


def _cut_out(picture: Pixels, boxes: Boxes, side: int) -> npt.NDArray[np.uint8]:
    import cv2

    cutouts = np.empty((len(boxes), side, side, 3), dtype=np.uint8)
    for cutout, (left, top, right, bottom) in zip(
        cutouts, _region(boxes, picture).tolist(), strict=True
    ):
        cutout[...] = cv2.resize(
            picture[top:bottom, left:right], (side, side), interpolation=cv2.INTER_AREA
        )
    return cutouts


def _region(boxes: Boxes, picture: Pixels) -> npt.NDArray[np.int64]:
    """Return the part of the image to look at, as facenet-pytorch counts px: from 1."""
    whole = np.trunc(boxes).astype(np.int64)
    low = np.maximum(whole[:, :2], 1) - 1
    high = np.minimum(whole[:, 2:], picture.shape[1::-1])
    return np.concatenate([low, high], axis=1)


def _is_inside(boxes: Boxes, picture: Pixels) -> npt.NDArray[np.bool_]:
    region = _region(boxes, picture)
    return np.asarray((region[:, 2:] > region[:, :2]).all(axis=1))


def _moved(boxes: Boxes, by: Boxes) -> Boxes:
    sides = np.tile(boxes[:, 2:] - boxes[:, :2] + 1, 2)
    return np.asarray(boxes + by * sides, dtype=np.float32)


def _most_certain(boxes: Boxes, confidence: Boxes, overlap: float = 0.7) -> npt.NDArray[np.intp]:
    """Return the rows that are left when of two boxes, one in the other, the surer one stays."""
    low, high = boxes[:, :2], boxes[:, 2:]
    area = np.prod(high - low + 1, axis=1)
    left = list(np.argsort(-confidence, kind="stable"))
    kept: list[np.intp] = []
    while left:
        best = left.pop(0)
        kept.append(best)
        sides = np.minimum(high[left], high[best]) - np.maximum(low[left], low[best]) + 1
        shared = np.prod(np.maximum(sides, 0), axis=1) / np.minimum(area[left], area[best])
        left = [row for row, share in zip(left, shared.tolist(), strict=True) if share <= overlap]
    return np.array(kept, dtype=np.intp)


@contextmanager
def _one_thread() -> Iterator[None]:
    # networks this small gain nothing from more, and the result can't depend on their number
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)
