"""MTCNN's last stage as an embedding: 256 values that know a face's pose and shape."""

from __future__ import annotations

from torch import Tensor, nn

from emotiw.core.weights import WeightsCard
from features.backbones.network import FaceNetwork


class MtcnnONet(FaceNetwork):
    """The O-Net up to its 256-d layer, from facenet-pytorch.

    Source:
        Zhang et al. 2016, figure 2, O-Net; weights inside facenet-pytorch's wheel.
    """

    public_prefix = "net."

    def __init__(self, n_labels: int = 0) -> None:
        super().__init__()
        from facenet_pytorch.models.mtcnn import ONet

        self.net = ONet(pretrained=False)
        self.head = nn.Linear(256, n_labels) if n_labels else None

    def embed(self, faces: Tensor) -> Tensor:
        """Return ``(batch, 256)`` of ``(batch, 3, 48, 48)``."""
        net = self.net
        x = net.pool1(net.prelu1(net.conv1(faces)))
        x = net.pool2(net.prelu2(net.conv2(x)))
        x = net.pool3(net.prelu3(net.conv3(x)))
        x = net.prelu4(net.conv4(x))  # (batch, 128, 3, 3)
        x = x.permute(0, 3, 2, 1).flatten(1)  # the order that the ported weights expect
        embedding: Tensor = net.prelu5(net.dense5(x))
        return embedding


def build(card: WeightsCard) -> MtcnnONet:
    """Return the network of a card."""
    return MtcnnONet(len(card.labels), **card.options)
