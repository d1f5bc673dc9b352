"""A small residual network for aligned grey faces: an embedding, and scores of expressions."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emotiw.core.weights import WeightsCard
from features.backbones.network import FaceNetwork

Halving = Literal["pool", "stride"]


class FrameCNN(FaceNetwork):
    """Reads aligned grey faces; lighting and contrast are evened out inside.

    A 3×3 stem at full resolution, then residual blocks, after each width at half the resolution of
    before. What is left of the image is not averaged: in an aligned face, place means brow or
    mouth, so one linear layer reads all places and channels into the embedding.

    Resolution is halved by strides inside the blocks, or by the largest of 2×2 values, which keeps
    a fine line such as a wrinkle wherever it falls; the stem then halves as well, so that the same
    widths cost about the same, and about half as many places per side are left in the end.

    Args:
        n_labels: classes of the last layer.
        side: of the input, px.
        stem: channels at full resolution.
        widths: channels at each resolution after that of the stem.
        embedding: values in the embedding.
        dropout: before the embedding and before the scores, in training.
        depth: residual blocks at each width; the last of them halves.
        pooled: whether the stem and each width end in 2×2 maxima, and nothing has a stride.

    Source:
        Residual blocks after He et al. 2016, with the shortcut of ResNet-D (He et al. 2019); the
        linear embedding layer of face recognition networks, Deng et al. 2019, "option E".

    Examples:
        >>> network = FrameCNN(7, side=40, stem=4, widths=(8, 16), embedding=32).eval()
        >>> network(torch.rand(2, 1, 40, 40)).shape
        torch.Size([2, 7])
        >>> network.embed(torch.rand(2, 1, 40, 40)).shape
        torch.Size([2, 32])
    """

    def __init__(
        self,
        n_labels: int,
        *,
        side: int = 40,
        stem: int = 32,
        widths: tuple[int, ...] = (48, 96, 192),
        embedding: int = 256,
        dropout: float = 0.3,
        depth: int = 1,
        pooled: bool = False,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, stem, 3, padding=1, bias=False), nn.BatchNorm2d(stem), nn.ReLU()
        )
        if pooled:
            self.stem.append(_largest())
        blocks, channels, left = [], stem, -(-side // 2) if pooled else side
        halving: Halving = "pool" if pooled else "stride"
        for width in widths:
            for place in range(1, depth + 1):
                halves = halving if place == depth else None
                blocks.append(ResidualBlock(channels, width, halves=halves))
                channels = width
            left = -(-left // 2)
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(channels * left * left, embedding, bias=False)
        self.norm = nn.BatchNorm1d(embedding)
        self.head = nn.Linear(embedding, n_labels)

    def embed(self, faces: Tensor) -> Tensor:
        """Return ``(batch, embedding)`` of ``(batch, 1, side, side)`` faces in [0, 1]."""
        x: Tensor = even_out(faces).contiguous(memory_format=torch.channels_last)
        x = self.blocks(self.stem(x))  # (batch, widths[-1], side / 2^blocks, side / 2^blocks)
        x = self.project(self.dropout(x.flatten(1)))  # (batch, embedding)
        return F.relu(self.norm(x))

    def forward(self, faces: Tensor) -> Tensor:
        """Return logits, ``(batch, n_labels)``."""
        assert self.head is not None
        logits: Tensor = self.head(self.dropout(self.embed(faces)))
        return logits


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions with the input added back, at half the resolution at the end if asked.

    Args:
        n_in: channels of the input.
        n_out: channels of the output; where they are as many and nothing is halved, the input is
            added as it is.
        halves: ``pool`` takes the largest of 2×2 sums; with ``stride`` the first convolution has
            stride 2, and the mean of 2×2 inputs is added; None keeps the resolution.

    Examples:
        >>> [
        ...     tuple(ResidualBlock(4, 8, halves=how)(torch.zeros(1, 4, 5, 5)).shape[1:])
        ...     for how in ("pool", "stride", None)
        ... ]
        [(8, 3, 3), (8, 3, 3), (8, 5, 5)]
        >>> sum(p.numel() for p in ResidualBlock(8, 8).parameters())  # 2 · (8 · 8 · 9 + 2 · 8)
        1184
    """

    def __init__(self, n_in: int, n_out: int, *, halves: Halving | None = None) -> None:
        super().__init__()
        stride = 2 if halves == "stride" else 1
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(n_out)
        is_same = halves is None and n_in == n_out
        self.before_shortcut = nn.AvgPool2d(2, ceil_mode=True) if stride == 2 else nn.Identity()
        self.shortcut = nn.Identity() if is_same else nn.Conv2d(n_in, n_out, 1, bias=False)
        self.shortcut_norm = nn.Identity() if is_same else nn.BatchNorm2d(n_out)
        self.halve = _largest() if halves == "pool" else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, n_out, height, width)``, or ``⌈height / 2⌉`` and ``⌈width / 2⌉``."""
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y)) + self.shortcut_norm(self.shortcut(self.before_shortcut(x)))
        halved: Tensor = self.halve(F.relu(y))
        return halved


def _largest() -> nn.MaxPool2d:
    return nn.MaxPool2d(2, ceil_mode=True)


def build(card: WeightsCard) -> FrameCNN:
    """Return the network of a card."""
    return FrameCNN(len(card.labels), side=card.size, **card.options)


def even_out(faces: Tensor) -> Tensor:
    """Return each image with mean 0 and a spread of about 1; a flat image stays flat.

    Examples:
        >>> bright, dark = torch.full((1, 1, 2, 2), 0.9), torch.tensor([[[[0.0, 0.2], [0.0, 0.2]]]])
        >>> even_out(bright).abs().max().item(), round(even_out(dark).max().item(), 2)
        (0.0, 0.91)
    """
    mean = faces.mean((1, 2, 3), keepdim=True)
    spread = faces.std((1, 2, 3), keepdim=True, correction=0)
    return (faces - mean) / (spread + 0.01)
