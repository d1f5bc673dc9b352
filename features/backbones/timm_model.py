"""Any image network of timm."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from emotiw.core.errors import ConfigError, suggest
from emotiw.core.weights import WeightsCard
from features.backbones.network import FaceNetwork


class TimmModel(FaceNetwork):
    """A timm network with its classifier taken off, or replaced by one for our labels.

    Args:
        model: timm's name of the architecture.
        n_labels: classes; 0 for none.
        n_channels: of the input.
        options: passed to ``timm.create_model``.
    """

    public_prefix = "net."

    def __init__(
        self, model: str, n_labels: int = 0, *, n_channels: int = 3, **options: Any
    ) -> None:
        super().__init__()
        import timm

        if model not in timm.list_models():
            hint = suggest(model, timm.list_models())
            raise ConfigError(f"timm has no network {model!r}{hint}")
        # never pretrained: weights come by card, and nothing is downloaded on the way
        self.net = timm.create_model(
            model, pretrained=False, num_classes=0, in_chans=n_channels, **options
        )
        dim = int(self.net.num_features)
        self.head = nn.Linear(dim, n_labels) if n_labels else None

    def embed(self, faces: Tensor) -> Tensor:
        """Return timm's pooled features."""
        embedding: Tensor = self.net(faces)
        return embedding


def build(card: WeightsCard) -> TimmModel:
    """Return the network of a card."""
    n_channels = 1 if card.colour == "grey" else 3
    return TimmModel(n_labels=len(card.labels), n_channels=n_channels, **card.options)
