"""What all networks over several features share: an encoder for each, and answers aside.

A kind says how what the encoders saw becomes one vector. It is told which features a clip has, and
gives those that it lacks no say.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from emotiw.models.networks.masked_pooling import AttentionPooling
from emotiw.models.networks.scaling import ScaledRows

PER_PART = 3  # tensors of a feature: rows, their mask, and when they were
PER_SEC = 10.0  # positions are told apart from a tenth of a second on


@dataclass(frozen=True)
class Part:
    """What a network saw of one feature.

    Attributes:
        states: ``(batch, time, channels)``, 0 where nothing is.
        mask: ``(batch, time)``.
        pooled: ``(batch, channels)``, the states as one vector; 0 of clips that lack the feature.
        weights: ``(batch, time)``, how much each row counts in it.
    """

    states: Tensor
    mask: Tensor
    pooled: Tensor
    weights: Tensor

    @property
    def present(self) -> Tensor:
        """``(batch,)``, which clips have the feature."""
        return self.mask.any(1)


@dataclass(frozen=True)
class Fused:
    """Several features as one.

    Attributes:
        vector: ``(batch, width)``.
        shares: ``(batch, n_parts)``, how much each feature counts; they sum to 1. None where a kind
            doesn't weigh them.
        weights: by feature ``(batch, time)``, how much each of its rows counts; they sum to 1.
    """

    vector: Tensor
    shares: Tensor | None
    weights: list[Tensor]


class PartEncoder(ScaledRows):
    """Each row of a feature through one layer, with its place in time, and all of them pooled."""

    def __init__(self, dim: int, channels: int, dropout: float, *, has_times: bool) -> None:
        super().__init__(dim)
        self.dropout = nn.Dropout(dropout)
        self.enter = nn.Linear(dim, channels)
        self.pooling = AttentionPooling(channels)
        self.has_times = has_times
        if has_times:
            self.worth_of_time = nn.Parameter(torch.tensor(0.1))

    def forward(self, rows: Tensor, mask: Tensor, times: Tensor) -> Part:
        """Return what is seen of ``(batch, time, dim)`` rows at ``(batch, time)`` seconds."""
        states = self.dropout(self.enter(self.standardise(rows)).relu())  # (batch, time, channels)
        if self.has_times:
            states = states + self.worth_of_time * waves(times, states.shape[2]).to(states)
        states = states.masked_fill(~mask[..., None], 0)
        weights = pooling_weights(self.pooling, states, mask)
        return Part(states, mask, (weights[..., None] * states).sum(1), weights)


class JointNetwork(nn.Module, ABC):
    """Encoders, a way to fuse what they see, one answer from all, and one from each alone.

    The answers from each alone are only there to learn by: each encoder has to be of use by itself.

    Args:
        dims: values in a row, by feature.
        n_outputs: labels, or targets.
        channels: of a row inside the network.
        width: of the fused vector.
        dropout: after the encoders, inside, and before the last layer.
        auxiliary: what the loss of the answers from each alone counts.
        has_times: whether rows know when they were.
    """

    def __init__(
        self,
        dims: tuple[int, ...],
        n_outputs: int,
        *,
        channels: int,
        width: int,
        dropout: float = 0.0,
        auxiliary: float = 0.0,
        has_times: bool = False,
    ) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(
            PartEncoder(dim, channels, dropout, has_times=has_times) for dim in dims
        )
        self.alone = nn.ModuleList(nn.Linear(channels, n_outputs) for _ in dims)
        self.answer = nn.Sequential(
            nn.Linear(width, channels),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(channels, n_outputs),
        )
        self.aside_weight = auxiliary
        self.asides: list[tuple[Tensor, Tensor]] = []

    @abstractmethod
    def fuse(self, parts: list[Part]) -> Fused:
        """Return several features as one; every clip has at least one of them."""

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)`` of rows, mask and times of every feature in turn."""
        parts = self.parts(inputs)
        self.asides = []
        if self.training:
            each = zip(self.alone, parts, strict=True)
            self.asides = [(alone(part.pooled), part.present) for alone, part in each]
        outputs: Tensor = self.answer(self.fuse(parts).vector)
        return outputs

    def parts(self, inputs: tuple[Tensor, ...]) -> list[Part]:
        """Return what is seen of every feature."""
        starts = range(0, len(inputs), PER_PART)
        each = zip(self.encoders, starts, strict=True)
        return [encoder(*inputs[start : start + PER_PART]) for encoder, start in each]


def pooling_weights(pooling: AttentionPooling, states: Tensor, mask: Tensor) -> Tensor:
    """Return the weights of rows, all 0 in clips that have none.

    Examples:
        >>> mask = torch.tensor([[True, False], [False, False]])
        >>> pooling_weights(AttentionPooling(4), torch.randn(2, 2, 4), mask).tolist()
        [[1.0, 0.0], [0.0, 0.0]]
    """
    nothing = ~mask.any(1, keepdim=True)
    return pooling.weights(states, mask | nothing).masked_fill(nothing, 0)


def present_of(parts: list[Part]) -> Tensor:
    """Return ``(batch, n_parts)``, which features each clip has."""
    return torch.stack([part.present for part in parts], 1)


def waves(times: Tensor, channels: int) -> Tensor:
    """Return ``(batch, time, channels)`` sines and cosines of ``(batch, time)`` seconds.

    Examples:
        >>> waves(torch.zeros(1, 1), 4).tolist()
        [[[0.0, 1.0, 0.0, 1.0]]]
    """
    steps = torch.arange(0, channels, 2, device=times.device)
    rates = PER_SEC * torch.exp(steps * (-math.log(10_000.0) / channels))
    angles = times.float()[..., None] * rates
    return torch.stack([angles.sin(), angles.cos()], 3).flatten(2)[..., :channels]
