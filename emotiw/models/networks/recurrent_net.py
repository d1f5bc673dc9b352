"""LSTM and GRU that see the frames of a clip and nothing of its padding."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from emotiw.models.networks.masked_pooling import AttentionPooling, masked_mean
from emotiw.models.networks.scaling import ScaledRows


class RecurrentNetwork(ScaledRows):
    """A recurrent network over ``(batch, time, dim)`` frames with a mask.

    Sequences stay padded, which is several times as fast as packing them: what comes behind a
    sequence can't change its states, and the network that reads from the end reads each sequence
    from its own end. By step, it answers at every frame and pools nothing.

    Examples:
        >>> network = RecurrentNetwork(4, 7, hidden=8)
        >>> network(torch.zeros(2, 5, 4), torch.ones(2, 5, dtype=torch.bool)).shape
        torch.Size([2, 7])
    """

    def __init__(
        self,
        dim: int,
        n_outputs: int,
        *,
        cell: Literal["lstm", "gru"] = "lstm",
        hidden: int = 128,
        layers: int = 1,
        is_bidirectional: bool = False,
        pooling: Literal["last", "mean", "attention"] = "mean",
        dropout: float = 0.0,
        by_step: bool = False,
    ) -> None:
        super().__init__(dim)
        kind = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
        n_directions = 2 if is_bidirectional else 1
        self.layers = nn.ModuleList(
            nn.ModuleList(kind(n_in, hidden, batch_first=True) for _ in range(n_directions))
            for n_in in [dim, *[hidden * n_directions] * (layers - 1)]
        )
        self.by_step = by_step
        self.pooling = pooling
        if pooling == "attention" and not by_step:
            self.attention = AttentionPooling(hidden * n_directions)
        self.dropout = nn.Dropout(dropout)
        self.answer = nn.Linear(hidden * n_directions, n_outputs)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)``, or ``(batch, time, n_outputs)`` by step.

        ``mask`` is True for frames, which come before padding.
        """
        states = self.dropout(self.standardise(frames))
        turned = _turned(mask)  # (batch, time)
        for number, layer in enumerate(self.layers):
            if number:
                states = self.dropout(states)
            states = torch.cat(_directions(layer, states, turned), dim=2)
        if not self.by_step:
            states = self._pooled(states, mask)
        outputs: Tensor = self.answer(self.dropout(states))
        return outputs

    def _pooled(self, states: Tensor, mask: Tensor) -> Tensor:
        if self.pooling == "attention":
            pooled: Tensor = self.attention(states, mask)
            return pooled
        if self.pooling == "mean":
            return masked_mean(states, mask)
        forwards, *backwards = states.chunk(len(self.layers[0]), dim=2)  # type: ignore[arg-type]
        last = forwards[torch.arange(len(mask), device=mask.device), mask.sum(1) - 1]  # (batch, h)
        return torch.cat([last, *(states[:, 0] for states in backwards)], dim=1)


def _directions(layer: nn.Module, states: Tensor, turned: Tensor) -> list[Tensor]:
    """Return the ``(batch, time, hidden)`` states of a layer, forwards and, if it has two, back."""
    assert isinstance(layer, nn.ModuleList)
    found = [layer[0](states)[0]]
    for backwards in layer[1:]:
        said = backwards(_taken(states, turned))[0]
        found.append(_taken(said, turned))
    return found


def _turned(mask: Tensor) -> Tensor:
    """Return ``(batch, time)``: where each frame comes to stand when its sequence is read back.

    Examples:
        >>> _turned(torch.tensor([[True, True, True, False]])).tolist()
        [[2, 1, 0, 3]]
    """
    place = torch.arange(mask.shape[1], device=mask.device).expand(mask.shape)
    return torch.where(mask, mask.sum(1, keepdim=True) - 1 - place, place)


def _taken(states: Tensor, order: Tensor) -> Tensor:
    return states.gather(1, order[..., None].expand(-1, -1, states.shape[2]))
