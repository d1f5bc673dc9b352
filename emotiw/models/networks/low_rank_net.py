"""Every product of what the features say, at the price of a few matrices."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from emotiw.models.networks.joint_net import Fused, JointNetwork, Part


class LowRankNetwork(JointNetwork):
    """The outer product of all features, each with a 1 appended, through a tensor of low rank.

    Of a feature that a clip lacks the 1 alone is left, so that the products of the others stay.

    Source:
        Liu et al. 2018, equations 5 to 7. Differs: the result is normalised.

    Examples:
        >>> network = LowRankNetwork((4, 6), 3, channels=8, rank=2)
        >>> mask, times = torch.ones(2, 5, dtype=torch.bool), torch.zeros(2, 5)
        >>> network(torch.zeros(2, 5, 4), mask, times, torch.zeros(2, 5, 6), mask, times).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        dims: tuple[int, ...],
        n_outputs: int,
        *,
        channels: int = 32,
        rank: int = 4,
        **more: Any,
    ) -> None:
        super().__init__(dims, n_outputs, channels=channels, width=channels, **more)
        self.factors = nn.ModuleList(nn.Linear(channels, rank * channels) for _ in dims)
        for factor in self.factors:
            assert isinstance(factor, nn.Linear)
            nn.init.normal_(factor.weight, std=channels**-0.5)
            nn.init.normal_(factor.bias)
        self.norm = nn.LayerNorm(channels)
        self.rank = rank

    def fuse(self, parts: list[Part]) -> Fused:
        """Return the product; features are not weighed."""
        each = zip(self.factors, parts, strict=True)
        factors = torch.stack([factor(part.pooled) for factor, part in each])
        products = factors.prod(0)  # (batch, rank * channels)
        vector = self.norm(products.view(len(products), self.rank, -1).sum(1))
        return Fused(vector, None, [part.weights for part in parts])
