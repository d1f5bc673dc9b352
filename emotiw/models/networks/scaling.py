"""Columns of equal weight: rows minus their training mean, over their deviation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from emotiw.models.column_scales import divisors


class ScaledRows(nn.Module):
    """A network whose input rows are standardised by statistics that are measured, not learnt."""

    mean: Tensor
    scale: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("scale", torch.ones(dim))

    def follow(self, mean: npt.NDArray[np.float64], deviation: npt.NDArray[np.float64]) -> None:
        """Take over what was measured, ``(dim,)`` each."""
        scale = divisors(mean, deviation, rounding=1e-6)  # of single precision
        self.mean.copy_(torch.from_numpy(mean))
        self.scale.copy_(torch.from_numpy(scale))

    def standardise(self, frames: Tensor) -> Tensor:
        """Return ``(batch, time, dim)`` frames with mean 0 and deviation 1 in training."""
        return (frames - self.mean) / self.scale
