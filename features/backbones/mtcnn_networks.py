"""MTCNN's two networks of single squares, for the weights in facenet-pytorch's wheel.

Layers have that package's names and do what they do there, bit for bit. The package itself is not
imported, because it imports torchvision, and with it what compiles networks: a second of every
process that looks for faces.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from emotiw.core.errors import WeightsError
from emotiw.core.stored_tensors import load_state
from emotiw.core.weights import package_folder

PACKAGE = "facenet_pytorch"


class RNet(nn.Module):
    """The second network: whether a square of 24 px holds a face, and where in it.

    Source:
        Zhang et al. 2016, figure 2, R-Net.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 28, 3), nn.PReLU(28)
        self.pool1 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv2, self.prelu2 = nn.Conv2d(28, 48, 3), nn.PReLU(48)
        self.pool2 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv3, self.prelu3 = nn.Conv2d(48, 64, 2), nn.PReLU(64)
        self.dense4, self.prelu4 = nn.Linear(576, 128), nn.PReLU(128)
        self.dense5_1, self.dense5_2 = nn.Linear(128, 2), nn.Linear(128, 4)

    def forward(self, squares: Tensor) -> tuple[Tensor, Tensor]:
        """Return how far to move each box, ``(batch, 4)``, and the odds of a face, ``(batch, 2)``.

        Args:
            squares: ``(batch, 3, 24, 24)`` RGB, about -1 to 1.
        """
        x = self.pool1(self.prelu1(self.conv1(squares)))
        x = self.pool2(self.prelu2(self.conv2(x)))
        x = self.prelu3(self.conv3(x))  # (batch, 64, 3, 3)
        x = self.prelu4(self.dense4(_in_row(x)))
        return self.dense5_2(x), torch.softmax(self.dense5_1(x), dim=1)


class ONet(nn.Module):
    """The third network: whether a square of 48 px holds a face, where, and its five points.

    Source:
        Zhang et al. 2016, figure 2, O-Net.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 32, 3), nn.PReLU(32)
        self.pool1 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv2, self.prelu2 = nn.Conv2d(32, 64, 3), nn.PReLU(64)
        self.pool2 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv3, self.prelu3 = nn.Conv2d(64, 64, 3), nn.PReLU(64)
        self.pool3 = nn.MaxPool2d(2, 2, ceil_mode=True)
        self.conv4, self.prelu4 = nn.Conv2d(64, 128, 2), nn.PReLU(128)
        self.dense5, self.prelu5 = nn.Linear(1152, 256), nn.PReLU(256)
        self.dense6_1, self.dense6_2 = nn.Linear(256, 2), nn.Linear(256, 4)
        self.dense6_3 = nn.Linear(256, 10)

    def embed(self, squares: Tensor) -> Tensor:
        """Return ``(batch, 256)`` of ``(batch, 3, 48, 48)`` RGB, about -1 to 1."""
        x = self.pool1(self.prelu1(self.conv1(squares)))
        x = self.pool2(self.prelu2(self.conv2(x)))
        x = self.pool3(self.prelu3(self.conv3(x)))
        x = self.prelu4(self.conv4(x))  # (batch, 128, 3, 3)
        embedding: Tensor = self.prelu5(self.dense5(_in_row(x)))
        return embedding

    def forward(self, squares: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return moves ``(batch, 4)``, points ``(batch, 10)``, all x first, and odds of a face."""
        x = self.embed(squares)
        return self.dense6_2(x), self.dense6_3(x), torch.softmax(self.dense6_1(x), dim=1)


def packaged_state(network: str) -> dict[str, Any]:
    """Return the weights of ``pnet``, ``rnet`` or ``onet`` as they come in the package.

    Raises:
        WeightsError: if the package is not installed, or damaged.
    """
    folder = package_folder(PACKAGE)
    if folder is None:
        raise WeightsError(f"MTCNN's weights are in the package {PACKAGE!r}: it is not installed")
    return load_state(folder / "data" / f"{network}.pt")


def _in_row(x: Tensor) -> Tensor:
    # columns first, as the weights were when they were ported
    return x.permute(0, 3, 2, 1).flatten(1)
