"""CenterFace as an ONNX file that a weights card names: looks at the whole, and at each face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import WeightsError
from emotiw.core.weights import locate, read_card
from features.backbones.onnx_session import open_session
from features.faces.align import warp
from features.faces.detect import FLOOR, Detector, Faces, calibrated
from features.faces.last_network import LastNetwork
from features.faces.overlaps import surest
from features.faces.track import iou

OUTPUTS = ("537", "538", "539", "540")  # how the published file calls them, in this order
CELL = 4  # px of the input that one output stands for
SMALLEST_SEEN = 14  # px of the input that the smallest face asked for has; points need them
MULTIPLE = 32  # sides of the input
WIDE, COARSER = 480, 4  # px: of a larger input, large faces are looked for in one so much smaller
LARGEST_FINE, SMALLEST_COARSE = 224, 112  # px of the larger input: both look for those between
OVERLAP = 0.3
ALONE, SHOWN = 56, 128  # px of a face that is looked at alone, and of what is shown of the image
SAME = 0.4  # a box there that overlaps so much is that face
AT_ONCE = 16  # faces in one batch: about as many px as the whole image
SECOND_WEIGHT = 0.41  # of the second opinion's logit
Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class CenterfaceDetector(Detector):
    """Xu et al. 2019, "CenterFace: Joint Face Detection and Alignment Using Face as Point".

    The image is shrunk until the smallest face asked for is as small as the network can still see,
    and once more for large faces, which it sees less well. Then it looks at each face alone, all
    at one size, and MTCNN's last network, whose weights come inside a package, does too. Looks that
    differ in size or network err otherwise: the mean of all three points is off by less than any,
    and what one network is unsure of, the other may know.

    Args:
        weights: the name of a weights card, or a YAML file.
        device: where it computes.

    Raises:
        ConfigError: if onnxruntime is missing.
        WeightsError: if the file is missing, or not such a network.
    """

    min_face_px = 14.0
    points_tell_up = True
    version: ClassVar[str] = "2"
    scale = (4.3, 3.5)

    def __init__(self, weights: str = "centerface", device: str = "cpu") -> None:
        self.card = read_card(weights)
        self._session = open_session(
            locate(self.card), device, named="CenterFace", outputs=OUTPUTS, any_size=True
        )
        self._input = self._session.get_inputs()[0].name
        self._second = LastNetwork(device)

    def detect(self, pictures: Sequence[Picture], smallest_px: float) -> list[Faces]:
        """Return the faces of each ``(height, width, 3)`` RGB image."""
        return [self._detect(picture, max(smallest_px, self.min_face_px)) for picture in pictures]

    def _detect(self, picture: Picture, smallest_px: float) -> Faces:
        scale = min(1.0, SMALLEST_SEEN / smallest_px)
        found = self._at_scale(picture, scale)
        if max(picture.shape[:2]) * scale > WIDE:
            sides = (found.box[:, 2:] - found.box[:, :2]).max(axis=1) * scale
            coarse = self._at_scale(picture, scale / COARSER)
            wide = (coarse.box[:, 2:] - coarse.box[:, :2]).max(axis=1) * scale
            found = found.take(sides < LARGEST_FINE).join(coarse.take(wide >= SMALLEST_COARSE))
            found = found.take(surest(found.box, found.confidence, OVERLAP))
        other = self._second.points_in(picture, found.box)
        sure = calibrated(found.confidence, self.scale, other.confidence, SECOND_WEIGHT)
        faces = found._replace(confidence=sure).take(sure >= FLOOR)
        other = other.take(sure >= FLOOR)
        weights = np.ones((3, len(faces.box)), np.float32)
        weights[2] = other.confidence
        looks = [faces.landmarks, self._alone(picture, faces), other.landmarks]
        landmarks = np.einsum("ln,lnpc->npc", weights / weights.sum(axis=0), looks)
        return faces._replace(landmarks=landmarks)

    def _alone(self, picture: Picture, faces: Faces) -> Floats:
        """Return the points of each face by a look at nothing but it and a little around."""
        low, high = faces.box[:, :2], faces.box[:, 2:]
        sides = np.maximum(high - low, 1)
        zoom = ALONE / np.sqrt(sides.prod(axis=1, keepdims=True))
        shift = SHOWN / 2 - zoom * (low + high) / 2
        boxes = np.concatenate([low * zoom + shift, high * zoom + shift], axis=1)
        landmarks = faces.landmarks.copy()
        for begin in range(0, len(boxes), AT_ONCE):
            rows = range(begin, min(begin + AT_ONCE, len(boxes)))
            shown = np.stack([_magnified(picture, zoom[row, 0], shift[row]) for row in rows])
            inputs = shown.transpose(0, 3, 1, 2).astype(np.float32)
            outputs = self._session.run(OUTPUTS, {self._input: inputs})
            for row, one in zip(rows, zip(*outputs, strict=True), strict=True):
                seen = decoded(*(values[None] for values in one))
                overlap = iou(boxes[row][None], seen.box)[0]
                if overlap.max(initial=0.0) >= SAME:
                    place = seen.landmarks[overlap.argmax()]
                    landmarks[row] = (place - shift[row]) / zoom[row]
        return landmarks

    def _at_scale(self, picture: Picture, scale: float) -> Faces:
        import cv2

        height, width = picture.shape[:2]
        shown = (max(1, round(width * scale)), max(1, round(height * scale)))
        wide, high = (-(-side // MULTIPLE) * MULTIPLE for side in shown)
        canvas = np.zeros((high, wide, 3), np.uint8)
        shrunk = cv2.resize(picture, shown, interpolation=cv2.INTER_AREA)
        canvas[: shown[1], : shown[0]] = shrunk
        inputs = canvas.transpose(2, 0, 1)[None].astype(np.float32)  # (1, 3, height, width)
        found = decoded(*self._session.run(OUTPUTS, {self._input: inputs}))
        factors = np.array([width / shown[0], height / shown[1]], np.float32)
        return Faces(found.box * np.tile(factors, 2), found.landmarks * factors, found.confidence)


def _magnified(picture: Picture, zoom: float, shift: Floats) -> Picture:
    """Return what is around one face; ``zoom`` and ``shift`` go from edges of px to edges of px."""
    away = shift + (zoom - 1) / 2  # from middles to middles
    return warp(picture, np.array([[zoom, 0, away[0]], [0, zoom, away[1]]]), SHOWN)


def decoded(
    heat: Floats, size: Floats, offset: Floats, points: Floats, *, min_score: float = 0.15
) -> Faces:
    """Return the faces that the network's outputs stand for, in px of its input, surest first.

    Args:
        heat: ``(1, 1, rows, columns)`` in [0, 1]: whether a face's middle is here.
        size: ``(1, 2, rows, columns)``: logarithm of height and width, in cells.
        offset: ``(1, 2, rows, columns)``: of the middle, down and to the right, in cells.
        points: ``(1, 10, rows, columns)``: down and to the right for each of five points, in
            shares of the box.
        min_score: of a face.

    Raises:
        WeightsError: if the outputs have other shapes.
    """
    grid = heat.shape[2:]
    for values, n in ((heat, 1), (size, 2), (offset, 2), (points, 10)):
        if values.shape != (1, n, *grid):
            expected = (1, n, *grid)
            raise WeightsError(f"no CenterFace: expected outputs {expected}, got {values.shape}")
    row, column = np.nonzero(heat[0, 0] >= min_score)
    score = heat[0, 0, row, column]
    high, wide = np.exp(size[0][:, row, column]) * CELL
    down, right = offset[0][:, row, column]
    left, top = (column + right + 0.5) * CELL - wide / 2, (row + down + 0.5) * CELL - high / 2
    box = np.stack([left, top, left + wide, top + high], axis=1).astype(np.float32)
    places = points[0][:, row, column].reshape(5, 2, -1)
    landmarks = np.stack([places[:, 1] * wide + left, places[:, 0] * high + top], axis=-1)
    order = surest(box, score, OVERLAP)
    return Faces(box[order], landmarks.transpose(1, 0, 2)[order].astype(np.float32), score[order])
