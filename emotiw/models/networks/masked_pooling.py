"""One vector for a clip out of the vectors of its frames, padding left out."""

from __future__ import annotations

import math

from torch import Tensor, nn


class AttentionPooling(nn.Module):
    """A weighted mean over time whose weights the frames decide themselves.

    Source:
        Lin et al. 2017, equations 1 to 3, with one hop.

    Examples:
        >>> import torch
        >>> frames, mask = torch.randn(2, 5, 4), torch.ones(2, 5, dtype=torch.bool)
        >>> AttentionPooling(4)(frames, mask).shape
        torch.Size([2, 4])
    """

    def __init__(self, dim: int, hidden: int = 64) -> None:
        super().__init__()
        self.worth = nn.Sequential(nn.Linear(dim, hidden), nn.Tanh(), nn.Linear(hidden, 1))

    def weights(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Return ``(batch, time)`` weights that sum to 1 over the frames that are there."""
        worth = self.worth(frames).squeeze(-1).float()  # (batch, time)
        weights: Tensor = worth.masked_fill(~mask, -math.inf).softmax(1)
        return weights

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Return ``(batch, dim)`` of ``(batch, time, dim)``."""
        pooled: Tensor = (self.weights(frames, mask)[..., None] * frames).sum(1)
        return pooled


def masked_mean(frames: Tensor, mask: Tensor) -> Tensor:
    """Return the mean over the frames that are there, ``(batch, dim)``.

    Examples:
        >>> import torch
        >>> frames = torch.tensor([[[1.0], [3.0], [99.0]]])
        >>> masked_mean(frames, torch.tensor([[True, True, False]]))
        tensor([[2.]])
    """
    total = frames.masked_fill(~mask[..., None], 0).sum(1)
    return total / mask.sum(1, keepdim=True)
