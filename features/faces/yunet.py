"""YuNet as an ONNX file that a weights card names; what comes out is decoded here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import WeightsError
from emotiw.core.weights import locate, read_card
from features.backbones.onnx_session import open_session
from features.faces.detect import Detector, Faces, calibrated
from features.faces.overlaps import surest

STRIDES = (8, 16, 32)
OUTPUTS = tuple(f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in STRIDES)
MIN_SCORE, OVERLAP = 0.45, 0.3
Picture = npt.NDArray[np.uint8]


class YunetDetector(Detector):
    """Wu, Peng and Yu 2023, "YuNet: A Tiny Millisecond-level Face Detector", without anchors.

    One network looks at the picture once. It knows faces of 10 to 300 px, so the picture is shrunk
    until the smallest face asked for has 10 px; a file with a fixed input is given that size. That
    a score of 0.6, the one its authors use, stands for even odds is assumed, not measured.

    Args:
        weights: the name of a weights card, or a YAML file.
        device: where it computes.

    Raises:
        ConfigError: if onnxruntime is missing.
        WeightsError: if the file is missing, or not such a network.
    """

    min_face_px = 10.0
    scale = (4.0, -1.6)

    def __init__(self, weights: str = "yunet", device: str = "cpu") -> None:
        self.card = read_card(weights)
        self._session = open_session(locate(self.card), device, named="YuNet", outputs=OUTPUTS)
        self._input = self._session.get_inputs()[0].name
        sides = self._session.get_inputs()[0].shape[2:]
        self._fixed = tuple(sides) if all(isinstance(side, int) for side in sides) else None

    def detect(self, pictures: Sequence[Picture], smallest_px: float) -> list[Faces]:
        """Return the faces of each ``(height, width, 3)`` RGB image."""
        return [self._detect(picture, max(smallest_px, self.min_face_px)) for picture in pictures]

    def _detect(self, picture: Picture, smallest_px: float) -> Faces:
        import cv2

        height, width = picture.shape[:2]
        scale = min(1.0, self.min_face_px / smallest_px)
        if self._fixed is not None:
            scale = min(self._fixed[0] / height, self._fixed[1] / width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        shrunk = cv2.resize(picture, size, interpolation=how) if scale != 1 else picture
        padded = self._fixed or tuple(-(-side // STRIDES[-1]) * STRIDES[-1] for side in size[::-1])
        canvas = np.zeros((*padded, 3), np.float32)
        canvas[: size[1], : size[0]] = shrunk[..., ::-1]  # blue first
        found = self._session.run(list(OUTPUTS), {self._input: canvas.transpose(2, 0, 1)[None]})
        faces = decoded(dict(zip(OUTPUTS, found, strict=True)), padded)
        factors = np.array([width / size[0], height / size[1]], np.float32)
        return Faces(
            faces.box * np.tile(factors, 2),
            faces.landmarks * factors,
            calibrated(faces.confidence, self.scale),
        )


def decoded(
    outputs: dict[str, npt.NDArray[np.float32]],
    size: tuple[int, ...],
    *,
    min_score: float = MIN_SCORE,
    overlap: float = OVERLAP,
) -> Faces:
    """Return the faces that the network's outputs stand for, surest first.

    Args:
        outputs: for every stride ``cls`` and ``obj`` ``(1, cells, 1)`` in [0, 1], ``bbox``
            ``(1, cells, 4)`` and ``kps`` ``(1, cells, 10)``; cells row by row.
        size: (height, width) of the input, multiples of 32.
        min_score: a face's least score, the geometric mean of ``cls`` and ``obj``.
        overlap: of two boxes that overlap more, the surer one stays.

    Raises:
        WeightsError: if the outputs have another number of cells.
    """
    boxes, points, scores = [], [], []
    for stride in STRIDES:
        rows, columns = size[0] // stride, size[1] // stride
        cls, obj = (outputs[f"{kind}_{stride}"].reshape(-1) for kind in ("cls", "obj"))
        if len(cls) != rows * columns:
            raise WeightsError(
                f"no YuNet: of {size[1]}x{size[0]} px, cls_{stride} should have {rows * columns} "
                f"cells, got {len(cls)}"
            )
        score = np.sqrt(np.clip(cls, 0, 1) * np.clip(obj, 0, 1))  # (cells,)
        kept = np.flatnonzero(score >= min_score)
        cell = np.stack([kept % columns, kept // columns], axis=1).astype(np.float32)
        box = outputs[f"bbox_{stride}"].reshape(-1, 4)[kept]
        middle, reach = (cell + box[:, :2]) * stride, np.exp(box[:, 2:]) * stride / 2
        five = outputs[f"kps_{stride}"].reshape(-1, 5, 2)[kept]
        boxes.append(np.concatenate([middle - reach, middle + reach], axis=1))
        points.append((five + cell[:, None]) * stride)
        scores.append(score[kept])
    box, confidence = np.concatenate(boxes), np.concatenate(scores)
    order = surest(box, confidence, overlap)
    return Faces(box[order], np.concatenate(points)[order], confidence[order])
