"""Small convolutional networks over spectrograms, and what hides parts of these in training."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emotiw.models.networks.masked_pooling import AttentionPooling
from emotiw.models.networks.scaling import ScaledRows


class SpectrogramNetwork(ScaledRows):
    """Convolutions over time and bands, each followed by a pooling by two, and attention over time.

    What lies beyond a clip is zero in every layer, so padding never changes a score.

    Source:
        LeCun et al. 1998 for the layers; Park et al. 2019 (SpecAugment), section 2, for the masks.
        Differs: time is not warped; bands may be shifted, as another vocal tract would.

    Examples:
        >>> network = SpectrogramNetwork(40, 7, channels=(4, 8))
        >>> network(torch.zeros(2, 50, 40), torch.ones(2, 50, dtype=torch.bool)).shape
        torch.Size([2, 7])
    """

    def __init__(
        self,
        dim: int,
        n_outputs: int,
        *,
        channels: Sequence[int] = (16, 32, 64),
        n_time_masks: int = 0,
        max_time_mask: int = 0,
        n_freq_masks: int = 0,
        max_freq_mask: int = 0,
        shift_bands: int = 0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(dim)
        self.time_masks = (n_time_masks, max_time_mask)
        self.freq_masks = (n_freq_masks, max_freq_mask)
        self.shift_bands = shift_bands
        self.convolutions = nn.ModuleList()
        self.norms = nn.ModuleList()
        n_in, n_bands = 1, dim
        for n_out in channels:
            self.convolutions.append(nn.Conv2d(n_in, n_out, 3, padding=1, bias=False))
            self.norms.append(nn.BatchNorm2d(n_out))
            n_in, n_bands = n_out, (n_bands + 1) // 2
        self.attention = AttentionPooling(n_in * n_bands)
        self.dropout = nn.Dropout(dropout)
        self.answer = nn.Linear(n_in * n_bands, n_outputs)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)``; ``mask`` is True for frames, which come before padding."""
        rows = self.standardise(frames)
        if self.training:
            rows = shifted(rows, self.shift_bands)
            rows = hidden(rows, mask.sum(1), *self.time_masks)
            whole = torch.full_like(mask.sum(1), rows.shape[2])
            rows = hidden(rows.transpose(1, 2), whole, *self.freq_masks).transpose(1, 2)
        maps = rows.masked_fill(~mask[..., None], 0)[:, None]  # (batch, 1, time, bands)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            seen = F.relu(norm(convolution(maps))).masked_fill(~mask[:, None, :, None], 0)
            maps = F.max_pool2d(seen, 2, ceil_mode=True)  # (batch, channels, time / 2, bands / 2)
            mask = mask[:, ::2]
        states = maps.transpose(1, 2).flatten(2)  # (batch, time, channels * bands)
        outputs: Tensor = self.answer(self.dropout(self.attention(states, mask)))
        return outputs


def hidden(rows: Tensor, lengths: Tensor, n_masks: int, longest: int) -> Tensor:
    """Return rows with spans of their second axis set to 0, at random in each clip.

    Args:
        rows: ``(batch, n, dim)``.
        lengths: ``(batch,)``: how much of ``n`` each clip fills.
        n_masks: spans per clip.
        longest: a span has between none and this many rows, but never more than half of a clip.

    Examples:
        >>> _ = torch.manual_seed(0)
        >>> hidden(torch.ones(1, 12, 1), torch.tensor([12]), 1, 4)[0, :, 0].tolist()
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]
    """
    place = torch.arange(rows.shape[1], device=rows.device)
    for _ in range(n_masks):
        size, start = torch.rand(2, len(rows), 1, device=rows.device)
        width = torch.minimum((size * (longest + 1)).floor(), (lengths[:, None] / 2).floor())
        first = (start * (lengths[:, None] - width + 1)).floor()
        is_hidden = (place >= first) & (place < first + width)  # (batch, n)
        rows = rows.masked_fill(is_hidden[..., None], 0)
    return rows


def shifted(rows: Tensor, furthest: int) -> Tensor:
    """Return ``(batch, time, bands)`` with each clip's bands moved up or down, edges repeated.

    Args:
        rows: ``(batch, time, bands)``.
        furthest: the largest shift, in bands; 0 for none.
    """
    if furthest == 0:
        return rows
    moved = torch.randint(-furthest, furthest + 1, (len(rows), 1, 1), device=rows.device)
    bands = (torch.arange(rows.shape[2], device=rows.device) + moved).clamp(0, rows.shape[2] - 1)
    return rows.gather(2, bands.expand(-1, rows.shape[1], -1))
