"""MTCNN's first network, sped up: where in an image a face might be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from features.faces.overlaps import surest
from features.faces.squares import squares

Boxes = npt.NDArray[np.float32]
CELL, STRIDE = 12, 2  # px that one output looks at, and between two outputs
STEP = 0.709  # from one size of the image to the next
CHANNELS = 16  # the first layer's 10, filled up to what a vector register holds
ROWS = 128  # of the image at a time, so that what a layer writes is still in the cache


class Proposals:
    """The P-Net of an image at every size: the same numbers, in about half the time.

    The two classes are compared by the difference of their logits, in one channel (a softmax over
    two channels took longer than the convolutions), the first layer is filled up with zeros to 16
    channels, and large images pass in bands.

    Args:
        pnet: the weights of facenet-pytorch's network, by their names there.
        threshold: of the probability.
        device: where it runs.
    """

    def __init__(self, pnet: Mapping[str, Tensor], threshold: float, device: torch.device) -> None:
        layers = {name: value.detach().float() for name, value in pnet.items()}
        layers["conv1.weight"] = _filled(layers["conv1.weight"], 0)
        layers["conv1.bias"] = _filled(layers["conv1.bias"], 0)
        layers["prelu1.weight"] = _filled(layers["prelu1.weight"], 0)
        layers["conv2.weight"] = _filled(layers["conv2.weight"], 1)
        for part in ("weight", "bias"):
            no, yes = layers.pop(f"conv4_1.{part}")
            layers[f"face.{part}"] = (yes - no)[None]
        self._layers = {
            name: value.to(device).contiguous(memory_format=torch.channels_last)
            if value.ndim == 4
            else value.to(device)
            for name, value in layers.items()
        }
        self._threshold = float(np.log(threshold / (1 - threshold)))
        self._device = device

    def __call__(self, pictures: npt.NDArray[np.uint8], smallest_px: float) -> list[Boxes]:
        """Return the squares of each image that may hold a face.

        Args:
            pictures: ``(batch, height, width, 3)`` RGB.
            smallest_px: side of the smallest face to look for.

        Returns:
            Per image ``(n, 4)``, ``x_min, y_min, x_max, y_max``, most likely first.
        """
        height, width = pictures.shape[1:3]
        scale = CELL / smallest_px
        levels = [_shrunk(pictures, scale, (width, height))]
        found: list[list[Boxes]] = [[] for _ in pictures]
        while min(height, width) * scale >= CELL:
            # made from the one twice as large: from the next larger one they would get blurred
            level = _shrunk(levels[max(len(levels) - 2, 0)], scale, (width, height))
            levels.append(level)
            for row, boxes in enumerate(self._at_one_size(level, scale)):
                if len(boxes):
                    found[row].append(boxes[surest(boxes[:, :4], boxes[:, 4], 0.5)])
            scale *= STEP
        return [self._squares(boxes) for boxes in found]

    def _at_one_size(self, pictures: npt.NDArray[np.uint8], scale: float) -> list[Boxes]:
        inputs = torch.from_numpy(pictures).to(self._device).permute(0, 3, 1, 2)
        # (batch, 3, height, width), of which each output row sees 12
        found: list[list[Tensor]] = [[] for _ in pictures]
        for top in range(0, inputs.shape[2] - CELL + 1, ROWS):
            band = inputs[:, :, top : top + ROWS + CELL - STRIDE].float()
            logits, features = self._run(band.sub_(127.5).mul_(0.0078125))
            picture, row, column = (logits >= self._threshold).nonzero().unbind(1)
            if not len(row):
                continue
            moved = F.linear(
                features[picture, :, row, column],
                self._layers["conv4_2.weight"][:, :, 0, 0],
                self._layers["conv4_2.bias"],
            )
            corner = torch.stack([column, row + top // STRIDE], 1).float() * STRIDE + 1
            low, high = (corner / scale).floor(), ((corner + CELL - 1) / scale).floor()
            boxes = torch.cat([low, high, logits[picture, row, column, None], moved], dim=1)
            for index in range(len(pictures)):
                found[index].append(boxes[picture == index])
        nothing = torch.zeros(0, 9)
        return [(torch.cat(bands) if bands else nothing).cpu().numpy() for bands in found]

    def _run(self, h: Tensor) -> tuple[Tensor, Tensor]:
        w = self._layers
        h = F.prelu(F.conv2d(h, w["conv1.weight"], w["conv1.bias"]), w["prelu1.weight"])
        h = F.max_pool2d(h, 2, 2, ceil_mode=True)
        h = F.prelu(F.conv2d(h, w["conv2.weight"], w["conv2.bias"]), w["prelu2.weight"])
        h = F.prelu(F.conv2d(h, w["conv3.weight"], w["conv3.bias"]), w["prelu3.weight"])
        return F.conv2d(h, w["face.weight"], w["face.bias"])[:, 0], h

    def _squares(self, found: list[Boxes]) -> Boxes:
        if not found:
            return np.zeros((0, 4), np.float32)
        boxes = np.concatenate(found)
        kept = boxes[surest(boxes[:, :4], boxes[:, 4], 0.7)]
        sides = np.tile(kept[:, 2:4] - kept[:, :2], 2)
        return squares(kept[:, :4] + kept[:, 5:] * sides)


def _filled(values: Tensor, dim: int) -> Tensor:
    shape = list(values.shape)
    shape[dim] = CHANNELS - shape[dim]
    return torch.cat([values, values.new_zeros(shape)], dim=dim)


def _shrunk(
    pictures: npt.NDArray[np.uint8], scale: float, size: tuple[int, int]
) -> npt.NDArray[np.uint8]:
    import cv2

    to = (int(size[0] * scale + 1), int(size[1] * scale + 1))
    if to == pictures.shape[2:0:-1]:
        return pictures
    return np.stack([cv2.resize(one, to, interpolation=cv2.INTER_AREA) for one in pictures]).astype(
        np.uint8, copy=False
    )
