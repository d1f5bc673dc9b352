"""A small residual network for grey faces: an embedding, and the probabilities of expressions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FrameCNN(nn.Module):
    """Reads faces of about 48×48 px; lighting and contrast are evened out inside.

    A 3×3 stem at full resolution, then stages of residual blocks with squeeze-and-excitation,
    each stage at half the resolution of the one before, global average pooling and one linear
    layer.

    Args:
        n_labels: classes of the last layer.
        stem: channels at full resolution.
        widths: channels of each stage; the last one is the size of the embedding.
        depths: blocks in each stage.
        dropout: before the last layer, in training.

    Source:
        He et al. 2016 (residual blocks, projection after average pooling as in ResNet-D), Hu et
        al. 2018 (squeeze-and-excitation).

    Examples:
        >>> network = FrameCNN(7, stem=4, widths=(8, 16), depths=(1, 1)).eval()
        >>> network(torch.rand(2, 1, 48, 48)).shape
        torch.Size([2, 7])
        >>> network.embed(torch.rand(2, 1, 48, 48)).shape
        torch.Size([2, 16])
    """

    def __init__(
        self,
        n_labels: int,
        *,
        stem: int = 32,
        widths: tuple[int, ...] = (64, 128, 256),
        depths: tuple[int, ...] = (1, 1, 2),
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, stem, 3, padding=1, bias=False), nn.BatchNorm2d(stem), nn.ReLU()
        )
        blocks, channels = [], stem
        for width, depth in zip(widths, depths, strict=True):
            for index in range(depth):
                blocks.append(ResidualBlock(channels, width, stride=2 if index == 0 else 1))
                channels = width
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels, n_labels)

    def embed(self, faces: Tensor) -> Tensor:
        """Return ``(batch, widths[-1])`` embeddings of ``(batch, 1, height, width)`` in [0, 1]."""
        x: Tensor = even_out(faces).contiguous(memory_format=torch.channels_last)
        x = self.blocks(self.stem(x))  # (batch, channels, height / 2^stages, width / 2^stages)
        return x.mean((2, 3))  # (batch, channels)

    def forward(self, faces: Tensor) -> Tensor:
        """Return logits, ``(batch, n_labels)``."""
        logits: Tensor = self.head(self.dropout(self.embed(faces)))
        return logits


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions, squeeze-and-excitation, and the input added back."""

    def __init__(self, n_in: int, n_out: int, *, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(n_out)
        nn.init.zeros_(self.norm2.weight)  # a block begins as the identity
        self.squeeze = nn.Linear(n_out, n_out // 8)
        self.excite = nn.Linear(n_out // 8, n_out)
        self.shortcut = nn.Conv2d(n_in, n_out, 1, bias=False) if n_in != n_out else None
        self.shortcut_norm = nn.BatchNorm2d(n_out) if n_in != n_out else None

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, n_out, ⌈height / stride⌉, ⌈width / stride⌉)``."""
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        gate = torch.sigmoid(self.excite(F.relu(self.squeeze(y.mean((2, 3))))))  # (batch, n_out)
        y = y * gate[:, :, None, None]
        if self.stride > 1:
            x = F.avg_pool2d(x, self.stride, ceil_mode=True)
        if self.shortcut is not None and self.shortcut_norm is not None:
            x = self.shortcut_norm(self.shortcut(x))
        return F.relu(x + y)


def even_out(faces: Tensor) -> Tensor:
    """Return each picture with mean 0 and a spread of about 1; a flat picture stays flat.

    Examples:
        >>> bright, dark = torch.full((1, 1, 2, 2), 0.9), torch.tensor([[[[0.0, 0.2], [0.0, 0.2]]]])
        >>> even_out(bright).abs().max().item(), round(even_out(dark).max().item(), 2)
        (0.0, 0.91)
    """
    mean = faces.mean((1, 2, 3), keepdim=True)
    spread = faces.std((1, 2, 3), keepdim=True, correction=0)
    return (faces - mean) / (spread + 0.01)
