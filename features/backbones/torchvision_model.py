"""Any image classifier of torchvision."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from emotiw.core.errors import ConfigError, suggest
from emotiw.core.weights import WeightsCard
from features.backbones.network import FaceNetwork


class TorchvisionModel(FaceNetwork):
    """A torchvision classifier whose last linear layer is taken off.

    Args:
        model: torchvision's name of the architecture.
        n_labels: classes; 0 for none.
        options: passed to ``torchvision.models.get_model``.
    """

    public_prefix = "net."

    def __init__(self, model: str, n_labels: int = 0, **options: Any) -> None:
        super().__init__()
        import torchvision.models

        known = torchvision.models.list_models(module=torchvision.models)
        if model not in known:
            raise ConfigError(f"torchvision has no network {model!r}{suggest(model, known)}")
        self.net = torchvision.models.get_model(model, weights=None, **options)
        linear = [(n, m) for n, m in self.net.named_modules() if isinstance(m, nn.Linear)]
        if not linear:
            raise ConfigError(f"torchvision's {model!r} doesn't end in a linear layer")
        name, layer = linear[-1]
        parent, _, leaf = name.rpartition(".")
        setattr(self.net.get_submodule(parent), leaf, nn.Identity())
        self.head = nn.Linear(layer.in_features, n_labels) if n_labels else None

    def embed(self, faces: Tensor) -> Tensor:
        """Return what the last linear layer would have read."""
        embedding: Tensor = self.net(faces)
        return embedding


def build(card: WeightsCard) -> TorchvisionModel:
    """Return the network of a card."""
    return TorchvisionModel(n_labels=len(card.labels), **card.options)
