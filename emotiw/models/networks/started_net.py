"""A network that begins as a regression on statistics of its rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from emotiw.models.networks.masked_pooling import masked_mean


class StartedNetwork(nn.Module):
    """Adds what a network says to a frozen linear function of statistics of the rows.

    These are their mean, deviation, minimum and maximum, as models of vectors pool rows.

    The network's share begins at 0: before the first step all of it is the linear function.

    Examples:
        >>> from emotiw.models.networks.recurrent_net import RecurrentNetwork
        >>> started = StartedNetwork(RecurrentNetwork(4, 3), 4, 3)
        >>> started.follow(np.ones((3, 16)), np.array([0.0, 1.0, 2.0]))
        >>> frames, mask = torch.zeros(1, 5, 4), torch.ones(1, 5, dtype=torch.bool)
        >>> started(frames, mask).tolist()
        [[0.0, 1.0, 2.0]]
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, inner: nn.Module, dim: int, n_outputs: int) -> None:
        super().__init__()
        self.inner = inner
        self.share = nn.Parameter(torch.zeros(1))
        self.register_buffer("weight", torch.zeros(n_outputs, 4 * dim))
        self.register_buffer("bias", torch.zeros(n_outputs))

    def follow(self, weight: npt.NDArray[np.float64], bias: npt.NDArray[np.float64]) -> None:
        """Take over a regression: ``(n_outputs, 4 * dim)`` weights and ``(n_outputs,)`` biases."""
        self.weight.copy_(torch.from_numpy(weight))
        self.bias.copy_(torch.from_numpy(bias))

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)`` logits or targets."""
        mean = masked_mean(frames, mask)  # (batch, dim)
        spread = masked_mean((frames - mean[:, None]) ** 2, mask).sqrt()
        absent = ~mask[:, :, None]
        low = frames.masked_fill(absent, torch.inf).amin(1)
        high = frames.masked_fill(absent, -torch.inf).amax(1)
        begun = torch.cat([mean, spread, low, high], 1) @ self.weight.T + self.bias
        added: Tensor = self.share * self.inner(frames, mask)
        return begun + added
