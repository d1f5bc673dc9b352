"""Face crops brought into the form that a network was trained on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from emotiw.core.weights import WeightsCard

GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow and OpenCV turn colour into grey


def prepare_faces(crops: npt.NDArray[np.uint8], card: WeightsCard) -> Tensor:
    """Return what the card's network reads of square face crops.

    The card's window is cut out (beyond the edge, the edge is repeated), resized with
    antialiasing, put into the card's order of colours, sharpened and normalised.

    Args:
        crops: ``(n, side, side, 3)`` uint8 RGB.

    Returns:
        ``(n, channels, size, size)`` float32, channels last in memory.

    Examples:
        >>> card = WeightsCard(name="x", backbone="x", size=2, embedding=1, mean=(0.5,) * 3)
        >>> prepare_faces(np.full((1, 4, 4, 3), 255, np.uint8), card).unique().tolist()
        [0.5]
    """
    pictures = torch.from_numpy(np.ascontiguousarray(crops)).permute(0, 3, 1, 2).float() / 255
    return prepare_pictures(pictures, card).contiguous(memory_format=torch.channels_last)


def prepare_pictures(x: Tensor, card: WeightsCard) -> Tensor:
    """Return what :func:`prepare_faces` does, of ``(n, 3, side, side)`` RGB in [0, 1]."""
    side = x.shape[-1]
    left, top, right, bottom = (round(share * side) for share in card.window)
    margins = [max(0, -left), max(0, right - side), max(0, -top), max(0, bottom - side)]
    if any(margins):
        x = F.pad(x, margins, mode="replicate")
    x = x[..., top + margins[2] : bottom + margins[2], left + margins[0] : right + margins[0]]
    if x.shape[-2:] != (card.size, card.size):
        x = F.interpolate(
            x, size=(card.size, card.size), mode=card.resample, antialias=True, align_corners=False
        )  # (n, 3, size, size)
    if card.colour == "bgr":
        x = x.flip(1)
    elif card.colour == "grey":
        x = torch.einsum("nchw,c->nhw", x, x.new_tensor(GREY))[:, None]
    if card.sharpen:
        x = x + card.sharpen * (x - _blurred(x))
    if card.sharpen or card.resample == "bicubic":  # both overshoot at edges
        x = x.clamp(0, 1)
    mean, std = x.new_tensor(card.mean), x.new_tensor(card.std)
    return (x - mean.view(-1, 1, 1)) / std.view(-1, 1, 1)


def _blurred(x: Tensor) -> Tensor:
    """Return images under a 3×3 binomial kernel, 1-2-1 each way; the edge is repeated."""
    x = F.pad(x, (1, 1, 1, 1), mode="replicate")
    x = (x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]) / 4
    return (x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]) / 4
