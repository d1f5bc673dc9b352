"""Snippets of images as they might have been: mirrored, and moved a little."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def moved(snippet: Tensor, generator: torch.Generator, *, flip: bool, shift: float) -> Tensor:
    """Return a snippet mirrored half of the time and moved, all of its frames alike.

    Args:
        snippet: ``(time, height, width, channels)``.
        flip: whether it may be mirrored.
        shift: how far it moves at most, as a share of its height; the border is repeated.

    Examples:
        >>> still = torch.arange(4).view(1, 1, 4, 1).expand(2, 4, 4, 1).to(torch.uint8)
        >>> moved(still, torch.Generator().manual_seed(0), flip=True, shift=0.25)[0, 0, :, 0]
        tensor([3, 3, 2, 1], dtype=torch.uint8)
    """
    height, width = snippet.shape[1:3]
    chance, down, right = torch.rand(3, generator=generator).tolist()
    if flip and chance < 0.5:
        snippet = snippet.flip(2)
    margin = round(shift * height)
    if margin == 0:
        return snippet
    planes = snippet.permute(0, 3, 1, 2).float()  # (time, channels, height, width)
    planes = F.pad(planes, (margin,) * 4, mode="replicate")
    top, left = int(down * (2 * margin + 1)), int(right * (2 * margin + 1))
    window = planes[..., top : top + height, left : left + width]
    return window.permute(0, 2, 3, 1).to(snippet.dtype)
