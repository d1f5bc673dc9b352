"""Dilated convolutions over time, gated, with shortcuts."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from emotiw.models.networks.masked_pooling import AttentionPooling, masked_mean
from emotiw.models.networks.scaling import ScaledRows


class GatedBlock(nn.Module):
    """Adds to its input what a gated, dilated convolution of it says.

    Source:
        van den Oord et al. 2016 (WaveNet), equation 2, for the gate; Bai et al. 2018, section 3,
        for dilation and shortcut. Differs: frames are normalised one by one, so that neither
        padding nor other clips change them.
    """

    def __init__(
        self, channels: int, *, kernel: int, dilation: int, is_causal: bool, dropout: float
    ) -> None:
        super().__init__()
        reach = (kernel - 1) * dilation
        self.padding = (reach, 0) if is_causal else (reach // 2, reach - reach // 2)
        self.norm = nn.LayerNorm(channels)
        self.convolution = nn.Conv1d(channels, 2 * channels, kernel, dilation=dilation)
        self.mix = nn.Conv1d(channels, channels, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Return ``(batch, time, channels)`` of the same."""
        # what lies beyond a clip is zero, whether it is padding of the batch or of the convolution
        known = self.norm(frames).masked_fill(~mask[..., None], 0)
        padded = F.pad(known.transpose(1, 2), self.padding)  # (batch, channels, time + reach)
        signal, gate = self.convolution(padded).chunk(2, dim=1)
        said: Tensor = self.mix(self.dropout(signal.tanh() * gate.sigmoid()))
        return frames + said.transpose(1, 2)


class TemporalConvolutionNetwork(ScaledRows):
    """A stack of gated blocks, each with twice the dilation of the one before, and a pooling.

    By step, it answers at every frame and pools nothing.

    Examples:
        >>> import torch
        >>> network = TemporalConvolutionNetwork(4, 7, channels=8, blocks=2)
        >>> network(torch.zeros(2, 5, 4), torch.ones(2, 5, dtype=torch.bool)).shape
        torch.Size([2, 7])
    """

    def __init__(
        self,
        dim: int,
        n_outputs: int,
        *,
        channels: int = 64,
        blocks: int = 4,
        kernel: int = 3,
        is_causal: bool = False,
        pooling: Literal["attention", "mean"] = "attention",
        dropout: float = 0.0,
        by_step: bool = False,
    ) -> None:
        super().__init__(dim)
        self.enter = nn.Linear(dim, channels)
        self.blocks = nn.ModuleList(
            GatedBlock(
                channels, kernel=kernel, dilation=2**block, is_causal=is_causal, dropout=dropout
            )
            for block in range(blocks)
        )
        self.norm = nn.LayerNorm(channels)
        self.by_step = by_step
        pools = pooling == "attention" and not by_step
        self.attention = AttentionPooling(channels) if pools else None
        self.dropout = nn.Dropout(dropout)
        self.answer = nn.Linear(channels, n_outputs)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)``, or ``(batch, time, n_outputs)`` by step.

        ``mask`` is True for frames, which come before padding.
        """
        states = self.enter(self.dropout(self.standardise(frames)))
        for block in self.blocks:
            states = block(states, mask)  # (batch, time, channels)
        states = self.norm(states)
        if not self.by_step:
            pool = masked_mean if self.attention is None else self.attention
            states = pool(states, mask)
        outputs: Tensor = self.answer(self.dropout(states))
        return outputs
