"""Chance applied to images of faces, a whole batch at a time."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from emotiw.models.backbone.backbone_recipe import AugmentationOptions
from emotiw.models.backbone.chance import Chance
from emotiw.models.backbone.face_degradation import coarse, darkened, hidden, smeared, turned


def augment_faces(
    faces: Tensor, options: AugmentationOptions, generator: torch.Generator, *, side: int
) -> Tensor:
    """Return strayed copies of faces, cut from the middle at the scale they have.

    Args:
        faces: ``(batch, channels, height, width)`` float32 in [0, 1].
        generator: of the processor, wherever the faces are.
        side: of the square result, in px; smaller than the input, it sees less of the face.

    Returns:
        ``(batch, channels, side, side)`` float32 in [0, 1].
    """
    chance = Chance(len(faces), generator, faces.device)
    is_spared = chance.happens(options.spared) if options.spared else None
    x = _move(faces, options, chance, side, is_spared)
    x = torch.where(chance.happens(options.blur), _without_detail(x, chance), x)
    x = x.clamp(1e-4, 1) ** torch.exp(chance.either_way(math.log1p(options.gamma)))
    x = x * (1 + chance.either_way(options.colour_cast, x.shape[1])) if x.shape[1] == 3 else x
    ramp = torch.linspace(-1, 1, side, device=faces.device)
    x = (
        x
        + chance.either_way(options.light) * ramp
        + chance.either_way(options.light) * ramp[:, None]
    )
    noise = chance.normal(x)
    x = (x + options.noise * chance.share() * noise).clamp(0, 1)
    return _degrade(_erase(x, options, chance), options, chance, is_spared)


def _degrade(
    x: Tensor, options: AugmentationOptions, chance: Chance, is_spared: Tensor | None
) -> Tensor:
    # in the order of a film: something before the face, light, lens and shutter, file
    for share, change in (
        (options.hidden, hidden),
        (options.dark, darkened),
        (options.smeared, smeared),
        (options.coarse, coarse),
    ):
        if share:
            happens = chance.happens(share)
            happens = happens if is_spared is None else happens & ~is_spared
            x = torch.where(happens, change(x, chance), x)
    return x


def _move(
    faces: Tensor,
    options: AugmentationOptions,
    chance: Chance,
    side: int,
    is_spared: Tensor | None,
) -> Tensor:
    height, width = faces.shape[-2:]
    angle = chance.either_way(math.radians(options.rotation_deg)).flatten()
    zoom = torch.exp(chance.either_way(math.log1p(options.scale))).flatten()
    stretch = torch.exp(chance.either_way(math.log1p(options.stretch))).flatten()
    mirror = torch.where(chance.happens(options.flip), -1.0, 1.0).flatten()
    shift = chance.either_way(2 * options.shift, 2).flatten(1)  # (batch, 2), the side is 2 long
    cosine, sine = torch.cos(angle), torch.sin(angle)
    x_scale, y_scale = zoom * stretch * side / width, zoom / stretch * side / height
    theta = torch.stack(
        [mirror * cosine * x_scale, -sine * y_scale, sine * x_scale * mirror, cosine * y_scale], 1
    ).view(-1, 2, 2)
    grid = F.affine_grid(
        torch.cat([theta, shift[:, :, None]], 2), [len(faces), 1, side, side], align_corners=False
    )  # (batch, side, side, 2)
    if options.turn_deg:
        grid = _turn(options, chance, side, is_spared).flatten(1, 2)  # (batch, side², 2)
        grid = (grid @ theta.mT + shift[:, None]).view(-1, side, side, 2)
    return F.grid_sample(faces, grid, padding_mode="reflection", align_corners=False)


def _turn(
    options: AugmentationOptions, chance: Chance, side: int, is_spared: Tensor | None
) -> Tensor:
    """Return ``(batch, side, side, 2)`` places on faces that are turned aside and nod."""
    aside = chance.either_way(math.radians(options.turn_deg)).flatten()
    nod = chance.either_way(math.radians(options.turn_deg) / 2).flatten()
    is_round = chance.happens(0.5).flatten()
    if is_spared is not None:
        aside, nod = (torch.where(is_spared.flatten(), 0.0, angle) for angle in (aside, nod))
    still = torch.eye(2, 3, device=aside.device).expand(chance.n, 2, 3)
    grid = F.affine_grid(still, [chance.n, 1, side, side], align_corners=False)
    return turned(turned(grid, aside, is_round, axis=0), nod, is_round, axis=1)


def _without_detail(x: Tensor, chance: Chance) -> Tensor:
    # as if the face had been found at a third to two thirds of this size
    side = x.shape[-1]
    small = max(4, int(side * (0.35 + 0.3 * chance.one_share())))
    x = F.interpolate(x, size=(small, small), mode="area")
    return F.interpolate(x, size=(side, side), mode="bilinear", align_corners=False)


def _erase(x: Tensor, options: AugmentationOptions, chance: Chance) -> Tensor:
    place = torch.arange(x.shape[-1], device=x.device)
    half_size = chance.share(2) * x.shape[-1] / 4  # of height and width
    centre = chance.share(2) * x.shape[-1]
    rows = (place[:, None] - centre[:, :1]).abs() <= half_size[:, :1]
    columns = (place - centre[:, 1:]).abs() <= half_size[:, 1:]
    covered = rows & columns & chance.happens(options.erase)  # (batch, 1, side, side)
    return torch.where(covered, chance.share(), x)
