"""Chance applied to pictures of faces, a whole batch at a time."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor


class AugmentationOptions(BaseModel):
    """How far faces in training stray from those that were read; each amount is a largest one.

    The default covers what separates a data set's faces from crops of a video: boxes that jitter,
    tilted heads, blur, small faces, light from one side, noise, hands and microphones.

    Attributes:
        rotation_deg: turn, either way.
        scale: zoom as a share, in or out.
        stretch: width against height, as a share.
        shift: of the centre, as a share of the side.
        flip: share of pictures that are mirrored.
        gamma: exponent of brightness, from ``1 / (1 + gamma)`` to ``1 + gamma``.
        light: a ramp of light across the face, as a share of full white.
        colour_cast: gain of each channel as a share; does nothing to grey pictures.
        noise: standard deviation, as a share of full white.
        blur: share of pictures that lose their fine detail.
        erase: share of pictures with a patch of up to half the side covered.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rotation_deg: float = Field(default=15, ge=0, le=180)
    scale: float = Field(default=0.15, ge=0, lt=1)
    stretch: float = Field(default=0.08, ge=0, lt=1)
    shift: float = Field(default=0.08, ge=0, lt=1)
    flip: float = Field(default=0.5, ge=0, le=1)
    gamma: float = Field(default=0.4, ge=0)
    light: float = Field(default=0.15, ge=0)
    colour_cast: float = Field(default=0.15, ge=0, lt=1)
    noise: float = Field(default=0.03, ge=0)
    blur: float = Field(default=0.25, ge=0, le=1)
    erase: float = Field(default=0.4, ge=0, le=1)


def augment_faces(
    faces: Tensor, options: AugmentationOptions, generator: torch.Generator, *, side: int
) -> Tensor:
    """Return strayed copies of faces, cut from the middle at the scale they have.

    Args:
        faces: ``(batch, channels, height, width)`` float32 in [0, 1].
        side: of the square result, in px; smaller than the input, it sees less of the face.

    Returns:
        ``(batch, channels, side, side)`` float32 in [0, 1].
    """
    chance = _Chance(len(faces), generator)
    x = _move(faces, options, chance, side)
    x = torch.where(chance.happens(options.blur), _without_detail(x, chance), x)
    x = x.clamp(1e-4, 1) ** torch.exp(chance.either_way(math.log1p(options.gamma)))
    x = x * (1 + chance.either_way(options.colour_cast, x.shape[1])) if x.shape[1] == 3 else x
    ramp = torch.linspace(-1, 1, side)
    x = (
        x
        + chance.either_way(options.light) * ramp
        + chance.either_way(options.light) * ramp[:, None]
    )
    noise = torch.randn(x.shape, generator=generator)
    x = (x + options.noise * chance.share() * noise).clamp(0, 1)
    return _erase(x, options, chance)


class _Chance:
    """Draws one number per picture, shaped to multiply a batch of pictures."""

    def __init__(self, n: int, generator: torch.Generator) -> None:
        self.n, self.generator = n, generator

    def share(self, channels: int = 1) -> Tensor:
        return torch.rand(self.n, channels, 1, 1, generator=self.generator)

    def either_way(self, most: float, channels: int = 1) -> Tensor:
        return (2 * self.share(channels) - 1) * most

    def happens(self, share: float) -> Tensor:
        return self.share() < share


def _move(faces: Tensor, options: AugmentationOptions, chance: _Chance, side: int) -> Tensor:
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
    return F.grid_sample(faces, grid, padding_mode="reflection", align_corners=False)


def _without_detail(x: Tensor, chance: _Chance) -> Tensor:
    # as if the face had been found at a third to two thirds of this size
    side = x.shape[-1]
    small = max(4, int(side * (0.35 + 0.3 * float(torch.rand(1, generator=chance.generator)))))
    x = F.interpolate(x, size=(small, small), mode="area")
    return F.interpolate(x, size=(side, side), mode="bilinear", align_corners=False)


def _erase(x: Tensor, options: AugmentationOptions, chance: _Chance) -> Tensor:
    place = torch.arange(x.shape[-1])
    half_size = chance.share(2) * x.shape[-1] / 4  # of height and width
    centre = chance.share(2) * x.shape[-1]
    rows = (place[:, None] - centre[:, :1]).abs() <= half_size[:, :1]
    columns = (place - centre[:, 1:]).abs() <= half_size[:, 1:]
    covered = rows & columns & chance.happens(options.erase)  # (batch, 1, side, side)
    return torch.where(covered, chance.share(), x)
