"""One draw per image of a batch, in the shape that multiplies the batch."""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Chance:
    """Draws one number per image, shaped to multiply a batch of images.

    Args:
        n: images in the batch.
        generator: of the processor, wherever the images are.
        device: of the images.
    """

    def __init__(self, n: int, generator: torch.Generator, device: torch.device) -> None:
        self.processor = generator
        if device.type != generator.device.type:  # what is drawn there need not be carried there
            seed = int(torch.randint(2**62, (1,), generator=generator))
            generator = torch.Generator(device).manual_seed(seed)
        self.n, self.generator = n, generator

    def one_share(self) -> float:
        """Return one number in [0, 1) for all images."""
        return float(torch.rand(1, generator=self.processor))

    def share(self, channels: int = 1) -> Tensor:
        """Return ``(n, channels, 1, 1)`` in [0, 1)."""
        shape = self.n, channels, 1, 1
        return torch.rand(shape, generator=self.generator, device=self.generator.device)

    def between(self, least: float, most: float, channels: int = 1) -> Tensor:
        """Return ``(n, channels, 1, 1)``, each as likely in any place between two numbers."""
        return least + (most - least) * self.share(channels)

    def between_ratios(self, least: float, most: float) -> Tensor:
        """Return ``(n, 1, 1, 1)`` positive numbers, each as likely to halve as to double."""
        return torch.exp(self.between(math.log(least), math.log(most)))

    def either_way(self, most: float, channels: int = 1) -> Tensor:
        """Return ``(n, channels, 1, 1)`` in [-most, most)."""
        return (2 * self.share(channels) - 1) * most

    def happens(self, share: float) -> Tensor:
        """Return ``(n, 1, 1, 1)`` bool, true for about so many of the images."""
        return self.share() < share

    def normal(self, like: Tensor) -> Tensor:
        """Return standard normal numbers in the shape of some images."""
        return torch.randn(like.shape, generator=self.generator, device=like.device)

    def order(self) -> Tensor:
        """Return the images' places in another order, ``(n,)``."""
        return torch.rand(self.n, generator=self.generator, device=self.generator.device).argsort()
