"""A network that learns how much each of its answers weighs, beside the answers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class WeighedAnswers(nn.Module):
    """Keeps the logarithm of how uncertain a network is of each answer, for the loss to go by.

    Source:
        Kendall, Gal and Cipolla 2018, section 3.2: log variances are learnt, as they can't divide
        by zero.
    """

    def __init__(self, network: nn.Module, n_answers: int) -> None:
        super().__init__()
        self.network = network
        self.log_variances = nn.Parameter(torch.zeros(n_answers))

    @property
    def asides(self) -> Any:
        """What parts of the network said alone, as the training loop asks for it."""
        return getattr(self.network, "asides", ())

    @property
    def aside_weight(self) -> float:
        """How much that counts."""
        return float(getattr(self.network, "aside_weight", 0.0))

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return what the network says."""
        outputs: Tensor = self.network(*inputs)
        # nothing is added: processes that learn together expect to see each parameter used
        return outputs + 0 * self.log_variances.sum()
