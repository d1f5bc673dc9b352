"""Images in which there is nothing to know, made of faces and of chance.

A network that only ever saw faces is sure of whatever it is shown. These have the light, contrast
and spectrum of faces, walls, cloth and skin; a set of pictures without faces isn't needed, and
real ones remain to judge by.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from emotiw.models.backbone.chance import Chance


def without_faces(faces: Tensor, chance: Chance) -> Tensor:
    """Return images as large as some faces, each of a kind that chance takes.

    Args:
        faces: ``(n, channels, side, side)`` in [0, 1].
        chance: of a batch of n.

    Returns:
        Of the same shape, in [0, 1]: clouds, a face's spectrum without its places, its blocks in
        another order, stripes, a part of it from near by, or planes that meet in edges.
    """
    kinds = [
        make(faces, chance) for make in (_clouds, _scrambled, _shuffled, _stripes, _near, _planes)
    ]
    which = (chance.share() * len(kinds)).long().flatten()
    found = torch.stack(kinds)[which, torch.arange(len(faces), device=faces.device)]
    return found.clamp(0, 1)


def _clouds(faces: Tensor, chance: Chance) -> Tensor:
    """Noise whose amplitude falls with frequency, from grain to clouds."""
    down, across = (torch.fft.fftfreq(n, device=faces.device) for n in faces.shape[-2:])
    frequency = (down[:, None] ** 2 + across**2).sqrt().clamp(min=1 / faces.shape[-1])
    spectrum = torch.fft.fft2(chance.normal(faces)) / frequency ** chance.between(0, 2.5)
    return _lit(torch.fft.ifft2(spectrum).real, chance)


def _scrambled(faces: Tensor, chance: Chance) -> Tensor:
    """As much of each frequency as a face has, elsewhere."""
    phase = torch.fft.fft2(chance.normal(faces))
    spectrum = torch.fft.fft2(faces).abs() * phase / phase.abs().clamp(min=1e-6)
    return _lit(torch.fft.ifft2(spectrum).real, chance)


def _shuffled(faces: Tensor, chance: Chance) -> Tensor:
    """The blocks of a face in another order, some of them upside down."""
    n, channels, side, _ = faces.shape
    each = 3 + int(3 * chance.one_share())
    size = side // each
    blocks = faces[..., : each * size, : each * size].unfold(2, size, size).unfold(3, size, size)
    blocks = blocks.reshape(n, channels, each**2, size, size)
    shape = n, each**2
    order = torch.rand(shape, generator=chance.generator, device=faces.device).argsort(1)
    blocks = blocks.gather(2, order[:, None, :, None, None].expand_as(blocks))
    blocks[:, :, ::2] = blocks[:, :, ::2].flip(3)
    blocks = blocks.reshape(n, channels, each, each, size, size).transpose(3, 4)
    whole = blocks.reshape(n, channels, each * size, each * size)
    return F.interpolate(whole, size=(side, side), mode="bilinear", align_corners=False)


def _stripes(faces: Tensor, chance: Chance) -> Tensor:
    """Waves of any direction, width and hardness, bent by others: cloth, blinds, brick."""
    rows, columns = _places(faces)
    angle, bend = chance.between(0, math.pi), chance.either_way(1.5)
    along = columns * torch.cos(angle) + rows * torch.sin(angle)
    across = rows * torch.cos(angle) - columns * torch.sin(angle)
    wave = chance.between_ratios(3, 40) * (along + 0.2 * torch.sin(3 * across + bend))
    stripes = torch.tanh(chance.between_ratios(0.5, 8) * torch.sin(wave + 4 * bend))
    weave = torch.sin(chance.between_ratios(3, 40) * across) * chance.share() * chance.happens(0.5)
    return _lit((stripes + weave).expand_as(faces), chance)


def _near(faces: Tensor, chance: Chance) -> Tensor:
    """A tenth to a third of a face's side from near by, anywhere and any way up: skin, hair."""
    scale, centre = chance.between(0.1, 0.33).flatten(), chance.either_way(0.75, 2).flatten(1)
    angle = chance.between(0, 2 * math.pi).flatten()
    cosine, sine = scale * torch.cos(angle), scale * torch.sin(angle)
    theta = torch.stack([cosine, -sine, centre[:, 0], sine, cosine, centre[:, 1]], 1)
    grid = F.affine_grid(theta.view(-1, 2, 3), list(faces.shape), align_corners=False)
    return F.grid_sample(faces, grid, padding_mode="reflection", align_corners=False)


def _planes(faces: Tensor, chance: Chance) -> Tensor:
    """Flat greys that meet in straight edges: walls, furniture, sky."""
    rows, columns = _places(faces)
    total = torch.zeros_like(faces)
    for _ in range(4):
        angle = chance.between(0, 2 * math.pi)
        line = columns * torch.cos(angle) + rows * torch.sin(angle) - chance.either_way(0.9)
        total = total + chance.either_way(1) * torch.sigmoid(line * chance.between_ratios(2, 60))
    return _lit(total, chance)


def _places(faces: Tensor) -> tuple[Tensor, Tensor]:
    place = torch.linspace(-1, 1, faces.shape[-1], device=faces.device)
    return place[:, None], place


def _lit(x: Tensor, chance: Chance) -> Tensor:
    """Bring anything to a chance mean and contrast."""
    x = (x - x.mean((1, 2, 3), keepdim=True)) / x.std((1, 2, 3), keepdim=True).clamp(min=1e-4)
    return chance.between(0.2, 0.8) + chance.between_ratios(0.01, 0.3) * x
