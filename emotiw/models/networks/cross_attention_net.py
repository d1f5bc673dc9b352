"""Features that look at each other over time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from emotiw.models.networks.joint_net import Fused, JointNetwork, Part, pooling_weights, present_of
from emotiw.models.networks.masked_pooling import AttentionPooling


class Crossing(nn.Module):
    """Rows of one feature, which take from the rows of another what they find there."""

    def __init__(self, channels: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.before, self.other = nn.LayerNorm(channels), nn.LayerNorm(channels)
        # a row beside the others', learnt, is all there is in clips that lack the feature
        self.attention = nn.MultiheadAttention(
            channels, heads, dropout, batch_first=True, add_bias_kv=True
        )

    def forward(self, own: Part, other: Part) -> Tensor:
        """Return ``(batch, time, channels)`` to add to the states of ``own``."""
        keys = self.other(other.states)
        found: Tensor = self.attention(
            self.before(own.states), keys, keys, key_padding_mask=~other.mask, need_weights=False
        )[0]
        return found


class CrossAttentionNetwork(JointNetwork):
    """Every feature attends to every other, a layer on the sum, and attention over rows and features.

    Source:
        Tsai et al. 2019, sections 3.1 and 3.2 (MulT). Differs: one layer; features are summed,
        weighed by attention, instead of concatenated, so that one may be missing; times of rows,
        and not their numbers, are encoded.

    Examples:
        >>> network = CrossAttentionNetwork((4, 6), 3, channels=8, heads=2)
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
        heads: int = 4,
        dropout: float = 0.0,
        **more: Any,
    ) -> None:
        super().__init__(
            dims, n_outputs, channels=channels, width=channels, dropout=dropout, has_times=True, **more
        )
        places = range(len(dims))
        self.crossings = nn.ModuleDict(
            {f"{a}_{b}": Crossing(channels, heads, dropout) for a in places for b in places if a != b}
        )
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(channels),
                nn.Linear(channels, 2 * channels),
                nn.ReLU(),
                nn.Dropout(dropout),
                nn.Linear(2 * channels, channels),
            )
            for _ in dims
        )
        self.over_time = nn.ModuleList(AttentionPooling(channels) for _ in dims)
        self.over_parts = AttentionPooling(channels)

    def fuse(self, parts: list[Part]) -> Fused:
        """Return the features that a clip has, summed by attention."""
        pooled, weights = [], []
        for place, part in enumerate(parts):
            states = part.states
            for beside, other in enumerate(parts):
                if beside != place:
                    states = states + self.crossings[f"{place}_{beside}"](part, other)
            states = states + self.layers[place](states)
            own = pooling_weights(self.over_time[place], states, part.mask)
            weights.append(own)
            pooled.append((own[..., None] * states).sum(1))
        vectors = torch.stack(pooled, 1)  # (batch, n_parts, channels)
        shares = self.over_parts.weights(vectors, present_of(parts))
        return Fused((shares[..., None] * vectors).sum(1), shares, weights)
