"""MTCNN by facenet-pytorch, whose weights come inside its wheel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from emotiw.core.media.lazy_pictures import Pixels
from features.backbones.mtcnn_networks import RNet, packaged_state
from features.faces.detect import Detector, Faces, calibrated
from features.faces.last_network import LARGEST_BATCH, LastNetwork
from features.faces.overlaps import surest
from features.faces.proposals import Proposals
from features.faces.squares import cut_out, is_inside, moved, squares

Boxes = npt.NDArray[np.float32]
THRESHOLDS = (0.7, 0.7, 0.7)  # facenet-pytorch has 0.6 first: many more squares, few more faces


class MtcnnDetector(Detector):
    """Zhang et al. 2016, "Joint Face Detection and Alignment Using Multi-task Cascaded CNNs".

    The networks are facenet-pytorch's, and so is the result; the way through them is ours. Its
    ``MTCNN.forward`` fails where one image of a batch has no face and aligns nothing, and its
    ``detect`` spends most of its time on resizing whole images in float and on a softmax. It cuts
    whole px out and tells points of the box before rounding, up to a px away; here they are exact.
    """

    min_face_px = 20.0
    version: ClassVar[str] = "2"
    scale = (1.8, -0.8)

    def __init__(self, device: str = "cpu") -> None:
        self._device = torch.device(device)
        self._proposals = Proposals(packaged_state("pnet"), THRESHOLDS[0], self._device)
        self._rnet = RNet()
        self._rnet.load_state_dict(packaged_state("rnet"))
        self._rnet.eval().to(self._device).to(memory_format=torch.channels_last)
        self._last = LastNetwork(device)

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

    def _refined(self, picture: Pixels, boxes: Boxes) -> Boxes:
        """Return what the second network leaves of the proposals, as squares."""
        boxes = boxes[is_inside(boxes, picture)]
        if not len(boxes):
            return boxes
        moves, odds = self._run(cut_out(picture, boxes, 24))
        is_face = odds[:, 1] > THRESHOLDS[1]
        boxes, moves, score = boxes[is_face], moves[is_face], odds[is_face, 1]
        kept = surest(boxes, score, 0.7)
        return squares(moved(boxes[kept], moves[kept]))

    def _sorted_out(self, picture: Pixels, boxes: Boxes) -> Faces:
        """Return what the third network says of the squares, each face once."""
        boxes = boxes[is_inside(boxes, picture)]
        if not len(boxes):
            return Faces.none()
        faces = self._last.looked_at(picture, boxes)
        faces = faces.take(faces.confidence > THRESHOLDS[2])
        faces = faces.take(_most_certain(faces.box, faces.confidence))
        return self._last.straightened(picture, faces)

    @torch.inference_mode()
    def _run(self, cutouts: npt.NDArray[np.uint8]) -> list[Boxes]:
        inputs = torch.from_numpy(cutouts).to(self._device).permute(0, 3, 1, 2)
        batches: list[tuple[Tensor, ...]] = [
            self._rnet(part.float().sub_(127.5).mul_(0.0078125))
            for part in torch.split(inputs, LARGEST_BATCH)
        ]
        return [torch.cat(part).cpu().numpy() for part in zip(*batches, strict=True)]


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
