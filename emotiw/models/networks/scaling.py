"""Columns of equal weight: rows minus their training mean, over their deviation."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ScaledRows(nn.Module):
    """A network whose input rows are standardised by statistics that are measured, not learnt."""

    mean: Tensor
    scale: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("scale", torch.ones(dim))

    def standardise(self, frames: Tensor) -> Tensor:
        """Return ``(batch, time, dim)`` frames with mean 0 and deviation 1 in training."""
        return (frames - self.mean) / self.scale
