"""Inception-ResNet v1 for identities, from facenet-pytorch."""

from __future__ import annotations

from torch import Tensor, nn

from emotiw.core.weights import WeightsCard
from features.backbones.network import FaceNetwork


class InceptionResnet(FaceNetwork):
    """512-d embeddings of unit length.

    Args:
        n_labels: classes of a head for fine-tuning; 0 for none.

    Source:
        Szegedy et al. 2017; facenet-pytorch's port of David Sandberg's weights.
    """

    public_prefix = "net."

    def __init__(self, n_labels: int = 0) -> None:
        super().__init__()
        from facenet_pytorch import InceptionResnetV1

        self.net = InceptionResnetV1(pretrained=None, classify=False, dropout_prob=0.0)
        self.head = nn.Linear(512, n_labels) if n_labels else None

    def embed(self, faces: Tensor) -> Tensor:
        """Return ``(batch, 512)`` of ``(batch, 3, 160, 160)``."""
        embedding: Tensor = self.net(faces)
        return embedding


def build(card: WeightsCard) -> InceptionResnet:
    """Return the network of a card."""
    return InceptionResnet(len(card.labels), **card.options)
