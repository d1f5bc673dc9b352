"""All rows of all features in one set, which look at each other."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from emotiw.models.networks.joint_net import Fused, JointNetwork, Part
from emotiw.models.networks.masked_pooling import AttentionPooling


class JointAttentionNetwork(JointNetwork):
    """People, scene and whatever else is there, as rows of one set: self-attention, then pooling.

    Each row knows which feature it is of. Of a feature that a clip lacks there are no rows.

    Source:
        Vaswani et al. 2017, sections 3.1 and 3.2, normalised before each part; Lin et al. 2017 for
        the pooling. Attention over people and scene together is what the best entries of EmotiW's
        group tasks have in common.

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
        super().__init__(
            dims, n_outputs, channels=channels, width=channels, dropout=dropout, has_times=True, **more
        )
        self.kinds = nn.Parameter(0.1 * torch.randn(len(dims), channels))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                channels, heads, 2 * channels, dropout, batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.over_rows = AttentionPooling(channels)

    def fuse(self, parts: list[Part]) -> Fused:
        """Return the pooled set; the share of a feature is that of its rows."""
        states = torch.cat([p.states + kind for p, kind in zip(parts, self.kinds, strict=True)], 1)
        mask = torch.cat([part.mask for part in parts], 1)
        for layer in self.layers:
            states = layer(states, src_key_padding_mask=~mask)
            states = states.masked_fill(~mask[..., None], 0)
        weights = self.over_rows.weights(states, mask)
        each = weights.split([part.mask.shape[1] for part in parts], 1)
        shares = torch.stack([own.sum(1) for own in each], 1)
        within = [own / own.sum(1, keepdim=True).clamp(min=1e-12) for own in each]
        return Fused((weights[..., None] * states).sum(1), shares, within)
