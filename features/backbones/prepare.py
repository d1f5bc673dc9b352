"""Pictures brought into the form that a network was trained on.

All but the colour is one matrix from the left and one from the right, the same for arrays and for
tensors: whoever asks a network without torch prepares what it sees without torch.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from emotiw.core.weights import WeightsCard

GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow and OpenCV turn colour into grey
Floats = npt.NDArray[np.float32]
Pictures = TypeVar("Pictures")  # arrays, or torch's tensors


def prepare_faces(crops: npt.NDArray[np.uint8], card: WeightsCard) -> Floats:
    """Return what the card's network reads of square face crops.

    The card's window is cut out (beyond the edge, the edge is repeated), resized with
    antialiasing, put into the card's order of colours, sharpened and normalised.

    Args:
        crops: ``(n, side, side, 3)`` uint8 RGB.

    Returns:
        ``(n, channels, size, size)`` float32.

    Examples:
        >>> card = WeightsCard(name="x", backbone="x", size=2, embedding=1, mean=(0.5,) * 3)
        >>> np.unique(prepare_faces(np.full((1, 4, 4, 3), 255, np.uint8), card)).tolist()
        [0.5]
    """
    pictures = crops.transpose(0, 3, 1, 2).astype(np.float32, order="C")
    return np.ascontiguousarray(prepare_pictures(pictures / np.float32(255), card))


def prepare_pictures(x: Pictures, card: WeightsCard) -> Pictures:
    """Return what :func:`prepare_faces` does, of ``(n, 3, side, side)`` RGB in [0, 1]."""
    pictures: Any = x
    if card.colour == "bgr":
        pictures = pictures[:, [2, 1, 0]]
    elif card.colour == "grey":
        red, green, blue = (GREY[n] * pictures[:, n : n + 1] for n in range(3))
        pictures = red + green + blue
    left, top, right, bottom = card.window
    down, across = (
        _like(x, _seen(pictures.shape[-1], *edges, card.size, card.resample))
        for edges in ((top, bottom), (left, right))
    )
    pictures = down @ pictures @ across.T
    if card.sharpen:
        blur = _like(x, _blur(card.size))
        pictures = pictures + card.sharpen * (pictures - blur @ pictures @ blur.T)
    if card.sharpen or card.resample == "bicubic":  # both overshoot at edges
        pictures = pictures.clip(0, 1)
    mean, std = (
        _like(x, np.array(values, np.float32).reshape(-1, 1, 1)) for values in (card.mean, card.std)
    )
    prepared: Pictures = (pictures - mean) / std
    return prepared


@lru_cache(maxsize=64)
def _seen(side: int, low: float, high: float, size: int, resample: str) -> Floats:
    """Return ``(size, side)``: of which px each of those that the network sees is made."""
    from PIL import Image

    begin, end = round(low * side), round(high * side)
    rows = np.eye(side, dtype=np.float32)[np.arange(begin, end).clip(0, side - 1)]
    how = Image.Resampling.BICUBIC if resample == "bicubic" else Image.Resampling.BILINEAR
    return np.array(Image.fromarray(rows).resize((side, size), how))


@lru_cache(maxsize=64)
def _blur(size: int) -> Floats:
    """Return ``(size, size)``: a 1-2-1 binomial kernel; the edge is repeated."""
    rows = np.eye(size, dtype=np.float32)[np.arange(-1, size + 1).clip(0, size - 1)]
    return np.asarray((rows[:-2] + 2 * rows[1:-1] + rows[2:]) / 4, np.float32)


def _like(x: object, values: Floats) -> Any:
    """Return values as what they are to be computed with."""
    if isinstance(x, np.ndarray):
        return values
    import torch

    return torch.as_tensor(values, device=x.device, dtype=x.dtype)  # type: ignore[attr-defined]
