"""A face network that is shown 8-bit crops, as one frame of a clip."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from emotiw.core.weights import WeightsCard
from features.backbones.network import FaceNetwork
from features.backbones.prepare import prepare_pictures


class FaceInput(nn.Module):
    """Turns crops into what the network of a card expects, and asks it.

    Args:
        network: with a head.
        card: what the network expects of its images.
    """

    def __init__(self, network: FaceNetwork, card: WeightsCard) -> None:
        super().__init__()
        self.network = network
        self.card = card

    def forward(self, frames: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)`` of ``(batch, 1, side, side, 3)`` RGB, 0 to 255."""
        pictures = frames[:, 0].permute(0, 3, 1, 2).float() / 255  # (batch, 3, side, side)
        outputs: Tensor = self.network(
            prepare_pictures(pictures, self.card).contiguous(memory_format=torch.channels_last)
        )
        return outputs
