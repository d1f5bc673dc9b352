"""Features whose say is decided, clip by clip, from all of them."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from emotiw.models.networks.joint_net import Fused, JointNetwork, Part, present_of


class GatedNetwork(JointNetwork):
    """A sum of the features in which gates, seen by all of them, weigh every channel of each.

    Source:
        Arevalo et al. 2017, section 3.2 (gated multimodal units). Differs: gates of all features
        sum to 1 in every channel, over those that a clip has; in place of one that it lacks, the
        gates see a learnt vector.

    Examples:
        >>> network = GatedNetwork((4, 6), 3, channels=8)
        >>> mask, times = torch.ones(2, 5, dtype=torch.bool), torch.zeros(2, 5)
        >>> network(torch.zeros(2, 5, 4), mask, times, torch.zeros(2, 5, 6), mask, times).shape
        torch.Size([2, 3])
    """

    def __init__(
        self, dims: tuple[int, ...], n_outputs: int, *, channels: int = 32, **more: Any
    ) -> None:
        super().__init__(dims, n_outputs, channels=channels, width=channels, **more)
        self.missing = nn.Parameter(torch.zeros(len(dims), channels))
        self.said = nn.ModuleList(nn.Linear(channels, channels) for _ in dims)
        self.gates = nn.Linear(len(dims) * channels, len(dims) * channels)

    def fuse(self, parts: list[Part]) -> Fused:
        """Return the weighed sum; the share of a feature is its mean gate."""
        present = present_of(parts)
        pooled = torch.stack([part.pooled for part in parts], 1)  # (batch, n_parts, channels)
        pooled = torch.where(present[..., None], pooled, self.missing)
        gates = self.gates(pooled.flatten(1)).view_as(pooled)
        gates = gates.masked_fill(~present[..., None], -math.inf).softmax(1)
        said = [layer(pooled[:, place]).tanh() for place, layer in enumerate(self.said)]
        vector: Tensor = (gates * torch.stack(said, 1)).sum(1)
        return Fused(vector, gates.mean(2), [part.weights for part in parts])
