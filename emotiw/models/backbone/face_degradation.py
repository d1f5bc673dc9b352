"""What films do to faces: turned, smeared, small and coded, dark, hidden; a batch at a time.

Each takes ``(n, channels, side, side)`` images in [0, 1] and changes all of them; who is changed
is for :mod:`emotiw.models.backbone.face_augmentation` to say.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from emotiw.models.backbone.chance import Chance

AWAY = 3.0  # of a camera, in halves of the side of a face
ROUND = 1.2  # radius of a head, likewise
BLOCK = 8  # px, of codecs


def turned(grid: Tensor, angle: Tensor, is_round: Tensor, *, axis: int) -> Tensor:
    """Return where on a frontal face each place of a turned one is to be found.

    Args:
        grid: ``(n, height, width, 2)`` places, x and y in [-1, 1].
        angle: ``(n,)`` of the turn, in radians.
        is_round: ``(n,)`` bool; a head is a cylinder, of which one side goes out of sight, or else
            a plane, which shrinks towards one side.
        axis: 0 turns aside, 1 nods.

    Examples:
        >>> grid = torch.tensor([[[[0.0, 0.5], [0.5, 0.5]]]])
        >>> still = turned(grid, torch.zeros(1), torch.tensor([True]), axis=0)
        >>> [[round(x, 4) for x in place] for place in still[0, 0].tolist()]
        [[0.0, 0.5], [0.5, 0.5]]
    """
    along, across = grid[..., axis], grid[..., 1 - axis]
    sine, cosine = (f(angle)[:, None, None] for f in (torch.sin, torch.cos))
    plane = along * AWAY / (AWAY * cosine - along * sine)
    shown = torch.asin((along / ROUND + sine).clamp(-1, 1)) - angle[:, None, None]
    rounded = is_round[:, None, None]
    found = torch.where(rounded, ROUND * torch.sin(shown), plane)
    across = torch.where(rounded, across, across * (AWAY + plane * sine) / AWAY)
    pair = [found, across] if axis == 0 else [across, found]
    return torch.stack(pair, 3)


def smeared(x: Tensor, chance: Chance) -> Tensor:
    """Return images out of focus or in motion: an oblong Gaussian of 0.7 to 4 px, in 40."""
    side = x.shape[-1]
    reach = max(1, side // 5)
    long = chance.between_ratios(0.7, 4.0) * side / 40
    short = (long * chance.between_ratios(0.15, 1.0)).clamp(min=0.3)
    angle = chance.between(0, math.pi)
    place = torch.arange(-reach, reach + 1, device=x.device, dtype=x.dtype)
    rows, columns = place[:, None], place
    along = columns * torch.cos(angle) + rows * torch.sin(angle)  # (n, 1, 2 reach + 1, …)
    aside = rows * torch.cos(angle) - columns * torch.sin(angle)
    kernel = torch.exp(-((along / long) ** 2 + (aside / short) ** 2) / 2)
    kernel = (kernel / kernel.sum((2, 3), keepdim=True)).repeat_interleave(x.shape[1], 0)
    padded = F.pad(x, (reach,) * 4, mode="replicate").flatten(0, 1)[None]
    return F.conv2d(padded, kernel, groups=len(kernel)).view(x.shape)


def coarse(x: Tensor, chance: Chance) -> Tensor:
    """Return images shrunk to a fifth to two thirds, coded there, and brought back."""
    side = x.shape[-1]
    small = max(4, round(side * 0.2 * (0.67 / 0.2) ** chance.one_share()))
    x = coded(F.interpolate(x, size=(small, small), mode="area"), chance.between(0, 0.06))
    mode = "bilinear" if chance.one_share() < 0.7 else "bicubic"
    return F.interpolate(x, size=(side, side), mode=mode, align_corners=False).clamp(0, 1)


def coded(x: Tensor, step: Tensor) -> Tensor:
    """Return images whose 8 × 8 blocks keep their cosines in steps, finer ones in larger steps.

    Args:
        step: of the constant part, ``(n, 1, 1, 1)`` in shares of full white; 0 changes nothing.

    Examples:
        >>> flat, fine = torch.full((1, 1, 8, 8), 0.5), torch.eye(8)[None, None]
        >>> step = torch.full((1, 1, 1, 1), 0.05)
        >>> float((coded(flat, step) - 0.5).abs().max()) < 0.05 / 8
        True
        >>> bool(torch.allclose(coded(fine, 0 * step), fine, atol=1e-4))
        True
    """
    height, width = x.shape[-2:]
    x = F.pad(x, (0, -width % BLOCK, 0, -height % BLOCK), mode="replicate")
    place = torch.arange(BLOCK, device=x.device, dtype=x.dtype)
    cosine = torch.cos(math.pi / BLOCK * (place + 0.5) * place[:, None]) / 2
    cosine[0] /= math.sqrt(2)  # orthonormal
    blocks = x.unfold(2, BLOCK, BLOCK).unfold(3, BLOCK, BLOCK)  # (n, c, down, across, 8, 8)
    size = step[:, :, None, None].clamp(min=1e-6) * (1 + place + place[:, None])
    parts = (cosine @ blocks @ cosine.T / size).round() * size
    blocks = cosine.T @ parts @ cosine
    whole = blocks.transpose(3, 4).reshape(x.shape)
    return whole[..., :height, :width].clamp(0, 1)


def darkened(x: Tensor, chance: Chance) -> Tensor:
    """Return images with 4 to 50 % of their light, and what a sensor adds, in 256 steps."""
    noise = chance.between(0, 4 / 255) * chance.normal(x)
    dim = x * chance.between_ratios(0.04, 0.5) + noise
    return (255 * dim.clamp(0, 1)).round() / 255


def hidden(x: Tensor, chance: Chance) -> Tensor:
    """Return images with up to half covered: by something square, from a border, or by a hand.

    What covers is one grey, or a part of another of the images upside down.
    """
    place = torch.linspace(-1, 1, x.shape[-1], device=x.device)
    rows, columns = place[:, None], place
    angle, centre = chance.between(0, 2 * math.pi), chance.either_way(0.9, 2)
    # along and across whatever covers, from its middle; places are in halves of the side
    a = (columns - centre[:, :1]) * torch.cos(angle) + (rows - centre[:, 1:]) * torch.sin(angle)
    b = (rows - centre[:, 1:]) * torch.cos(angle) - (columns - centre[:, :1]) * torch.sin(angle)
    high = chance.between(0.25, 0.8)
    wide = (chance.between(0.1, 0.45) / high).clamp(max=1)
    square = ((rows - centre[:, 1:]).abs() < high) & ((columns - centre[:, :1]).abs() < wide)
    line = columns * torch.cos(angle) + rows * torch.sin(angle)
    border = line > chance.between(0.1, 0.9)
    width = chance.between(0.12, 0.24)
    hand = (a < 0.0) & (b.abs() < 2.2 * width)
    for finger in range(4):
        length = chance.between(0.4, 1.1)
        hand = hand | (
            (a >= 0) & (a < length) & ((b - (finger - 1.5) * width * 1.15).abs() < width / 2)
        )
    which = chance.share()
    covered = torch.where(which < 0.4, square, torch.where(which < 0.7, border, hand))
    other = x[chance.order()].flip(2) * chance.between(0.3, 1)
    cover = torch.where(chance.happens(0.5), chance.share(), other)
    return torch.where(covered, cover, x)
