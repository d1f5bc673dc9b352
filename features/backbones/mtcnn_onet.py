"""MTCNN's last stage as an embedding: 256 values that know a face's pose and shape."""

from __future__ import annotations

from torch import Tensor, nn

from emotiw.core.weights import WeightsCard
from features.backbones.mtcnn_networks import ONet
from features.backbones.network import FaceNetwork


class MtcnnONet(FaceNetwork):
    """The O-Net up to its 256-d layer, from facenet-pytorch.

    Source:
        Zhang et al. 2016, figure 2, O-Net; weights inside facenet-pytorch's wheel.
    """

    public_prefix = "net."

    def __init__(self, n_labels: int = 0) -> None:
        super().__init__()
        self.net = ONet()
        self.head = nn.Linear(256, n_labels) if n_labels else None

    def embed(self, faces: Tensor) -> Tensor:
        """Return ``(batch, 256)`` of ``(batch, 3, 48, 48)``."""
        return self.net.embed(faces)


def build(card: WeightsCard) -> MtcnnONet:
    """Return the network of a card."""
    return MtcnnONet(len(card.labels), **card.options)
