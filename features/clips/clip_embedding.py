"""The hidden layers of clip networks as networks of their own."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from features.clips.c3d import C3D


class C3DLayer(nn.Module):
    """C3D up to one of its hidden layers."""

    def __init__(self, network: C3D, layer: str) -> None:
        super().__init__()
        self.network = network
        self.layer = layer

    def forward(self, snippets: Tensor) -> Tensor:
        """Return ``(batch, 4096)`` of ``(batch, 3, 16, 112, 112)``, ≥ 0."""
        return self.network.activations(snippets)[self.layer]


class VideoEmbedding(nn.Module):
    """A video network up to the input of its last layer."""

    def __init__(self, network: nn.Module, answer: str) -> None:
        super().__init__()
        self.network = network
        self._seen: list[Tensor] = []
        network.get_submodule(answer).register_forward_pre_hook(self._keep)

    def forward(self, snippets: Tensor) -> Tensor:
        """Return ``(batch, dim)`` of ``(batch, 3, time, height, width)``."""
        self._seen.clear()
        self.network(snippets)
        seen = self._seen.pop()
        return seen.flatten(2).mean(2) if seen.ndim > 2 else seen

    def _keep(self, _: nn.Module, inputs: tuple[Any, ...]) -> None:
        self._seen.append(inputs[0])
