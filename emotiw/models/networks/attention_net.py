"""Self-attention over frames, pooled by attention."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from emotiw.models.networks.masked_pooling import AttentionPooling
from emotiw.models.networks.scaling import ScaledRows


class AttentionNetwork(ScaledRows):
    """Encoder layers of a transformer over the frames, and attention pooling over what they say.

    Without layers it is attention pooling alone, for which the order of frames means nothing. By
    step, it answers at every frame and pools nothing; a causal one doesn't look ahead.

    Source:
        Vaswani et al. 2017, sections 3.1 and 3.5, normalised before each part as in Xiong et al.
        2020.

    Examples:
        >>> network = AttentionNetwork(4, 7, channels=8, heads=2)
        >>> network(torch.zeros(2, 5, 4), torch.ones(2, 5, dtype=torch.bool)).shape
        torch.Size([2, 7])
    """

    def __init__(
        self,
        dim: int,
        n_outputs: int,
        *,
        channels: int = 64,
        heads: int = 4,
        layers: int = 1,
        has_positions: bool = True,
        is_causal: bool = False,
        dropout: float = 0.0,
        by_step: bool = False,
    ) -> None:
        super().__init__(dim)
        self.enter = nn.Linear(dim, channels)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                channels, heads, 2 * channels, dropout, batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.has_positions = has_positions and layers > 0
        self.is_causal = is_causal
        self.attention = None if by_step else AttentionPooling(channels)
        self.dropout = nn.Dropout(dropout)
        self.answer = nn.Linear(channels, n_outputs)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)``, or ``(batch, time, n_outputs)`` by step.

        ``mask`` is True for frames, which come before padding.
        """
        states = self.enter(self.dropout(self.standardise(frames)))  # (batch, time, channels)
        if self.has_positions:
            states = states + positions(states.shape[1], states.shape[2]).to(states)
        ahead = None
        if self.is_causal:
            n_frames = states.shape[1]
            ahead = torch.ones(n_frames, n_frames, dtype=torch.bool, device=states.device).triu(1)
        for layer in self.layers:
            states = layer(states, src_mask=ahead, src_key_padding_mask=~mask)
            states = states.masked_fill(~mask[..., None], 0)
        if self.attention is not None:
            states = self.attention(states, mask)
        outputs: Tensor = self.answer(self.dropout(states))
        return outputs


def positions(n_frames: int, channels: int) -> Tensor:
    """Return ``(n_frames, channels)`` sines and cosines of the time, from fast to slow.

    Examples:
        >>> positions(2, 4)[0].tolist()
        [0.0, 1.0, 0.0, 1.0]
    """
    time = torch.arange(n_frames, dtype=torch.float32)[:, None]
    rates = torch.exp(torch.arange(0, channels, 2) * (-math.log(10_000.0) / channels))
    waves = torch.stack([(time * rates).sin(), (time * rates).cos()], dim=2)
    return waves.flatten(1)[:, :channels]
