"""Features whose rows look at each other: each at every other, or all of them in one set."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import torch
from torch import Tensor, nn

from emotiw.models.networks.joint_net import Fused, JointNetwork, Part, pooling_weights, present_of
from emotiw.models.networks.masked_pooling import AttentionPooling


class AttendingNetwork(JointNetwork):
    """Rows take something from other rows; attention pools them, and the features that there are.

    Args:
        dims: values in a row, by feature.
        n_outputs: labels, or targets.
        channels: of a row inside the network.
        dropout: after the encoders, inside, and before the last layer.
        more: as in any joint network.
    """

    def __init__(
        self,
        dims: tuple[int, ...],
        n_outputs: int,
        *,
        channels: int = 32,
        dropout: float = 0.0,
        **more: Any,
    ) -> None:
        more |= {"channels": channels, "width": channels, "dropout": dropout}
        super().__init__(dims, n_outputs, has_times=True, **more)
        self.over_time = nn.ModuleList(AttentionPooling(channels) for _ in dims)
        self.over_parts = AttentionPooling(channels)

    def weighed(self, states: list[Tensor], parts: list[Part]) -> Fused:
        """Return the features that a clip has, summed by attention."""
        pooled, weights = [], []
        for pooling, own, part in zip(self.over_time, states, parts, strict=True):
            assert isinstance(pooling, AttentionPooling)
            weights.append(pooling_weights(pooling, own, part.mask))
            pooled.append((weights[-1][..., None] * own).sum(1))
        vectors = torch.stack(pooled, 1)  # (batch, n_parts, channels)
        shares = self.over_parts.weights(vectors, present_of(parts))
        return Fused((shares[..., None] * vectors).sum(1), shares, weights)


class CrossAttentionNetwork(AttendingNetwork):
    """Every feature attends to every other, and a layer sees what it took from all of them.

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
        super().__init__(dims, n_outputs, channels=channels, dropout=dropout, **more)
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in dims)
        # a row beside the others', learnt, is all there is in clips that lack the feature
        self.crossings = nn.ModuleDict(
            {
                f"{own}_{other}": nn.MultiheadAttention(
                    channels, heads, dropout, batch_first=True, add_bias_kv=True
                )
                for own, other in permutations(range(len(dims)), 2)
            }
        )
        self.layers = nn.ModuleList(_layer(channels, dropout) for _ in dims)

    def fuse(self, parts: list[Part]) -> Fused:
        """Return the features as each other see them."""
        rows = [norm(part.states) for norm, part in zip(self.norms, parts, strict=True)]
        found = []
        for place, (part, layer) in enumerate(zip(parts, self.layers, strict=True)):
            states = part.states
            for beside, other in enumerate(parts):
                if beside != place:
                    cross, keys = self.crossings[f"{place}_{beside}"], rows[beside]
                    told = {"key_padding_mask": ~other.mask, "need_weights": False}
                    states = states + cross(rows[place], keys, keys, **told)[0]
            found.append(states + layer(states))
        return self.weighed(found, parts)


class JointAttentionNetwork(AttendingNetwork):
    """People, scene and whatever else is there as rows of one set, with self-attention over it.

    Each row knows which feature it is of. Before anything is learnt each feature gets the same
    attention, whether it has one row or fifty. Of one that a clip lacks there are no rows.

    Source:
        Vaswani et al. 2017, sections 3.1 and 3.2, normalised before each part. Attention over
        people and scene together is what the best entries of EmotiW's group tasks have in common.

    Examples:
        >>> network = JointAttentionNetwork((4, 6), 3, channels=8, heads=2)
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
        layers: int = 1,
        dropout: float = 0.0,
        **more: Any,
    ) -> None:
        super().__init__(dims, n_outputs, channels=channels, dropout=dropout, **more)
        self.kinds = nn.Parameter(0.1 * torch.randn(len(dims), channels))
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(layers))
        self.attentions = nn.ModuleList(
            nn.MultiheadAttention(channels, heads, dropout, batch_first=True) for _ in range(layers)
        )
        self.layers = nn.ModuleList(_layer(channels, dropout) for _ in range(layers))

    def fuse(self, parts: list[Part]) -> Fused:
        """Return the features after their rows have seen all others."""
        states = torch.cat([p.states + kind for p, kind in zip(parts, self.kinds, strict=True)], 1)
        bias = torch.cat([_evened(part.mask) for part in parts], 1)
        for norm, attention, layer in zip(self.norms, self.attentions, self.layers, strict=True):
            rows = norm(states)
            told = {"key_padding_mask": bias, "need_weights": False}
            states = states + attention(rows, rows, rows, **told)[0]
            states = states + layer(states)
        sizes = [part.mask.shape[1] for part in parts]
        return self.weighed(list(torch.split(states, sizes, 1)), parts)


def _layer(channels: int, dropout: float) -> nn.Module:
    return nn.Sequential(
        nn.LayerNorm(channels),
        nn.Linear(channels, 2 * channels),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(2 * channels, channels),
    )


def _evened(mask: Tensor) -> Tensor:
    """Return what is added to attention, so that many rows begin with no more than one does."""
    n_rows = mask.sum(1, keepdim=True).clamp(min=1).float()
    return (-n_rows.log()).expand(mask.shape).masked_fill(~mask, -math.inf)
