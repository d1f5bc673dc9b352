"""Recurrence inside the kernels: LSTM and GRU whose states are maps."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn


class ConvolutionalGru(nn.Module):
    """One step of a GRU whose products are convolutions.

    Source:
        Ballas et al. 2016, equations 5 to 8.
    """

    def __init__(self, n_in: int, channels: int, kernel: int) -> None:
        super().__init__()
        self.channels = channels
        self.gates = nn.Conv2d(n_in + channels, 2 * channels, kernel, padding="same")
        self.proposal = nn.Conv2d(n_in + channels, channels, kernel, padding="same")

    def forward(self, maps: Tensor, state: Tensor) -> Tensor:
        """Return the next ``(batch, channels, height, width)`` state."""
        update, reset = self.gates(torch.cat([maps, state], dim=1)).sigmoid().chunk(2, dim=1)
        proposed = self.proposal(torch.cat([maps, reset * state], dim=1)).tanh()
        following: Tensor = state + update * (proposed - state)
        return following

    def start(self, maps: Tensor) -> Tensor:
        """Return the state before the first step."""
        return maps.new_zeros(len(maps), self.channels, *maps.shape[2:])

    def shown(self, state: Tensor) -> Tensor:
        """Return the part of the state that other layers see: all of it."""
        return state


class ConvolutionalLstm(nn.Module):
    """One step of an LSTM whose products are convolutions; its state is memory beside output.

    Source:
        Shi et al. 2015, equation 3. Differs: no peephole from the memory to the gates.
    """

    def __init__(self, n_in: int, channels: int, kernel: int) -> None:
        super().__init__()
        self.channels = channels
        self.gates = nn.Conv2d(n_in + channels, 4 * channels, kernel, padding="same")

    def forward(self, maps: Tensor, state: Tensor) -> Tensor:
        """Return the next ``(batch, 2 * channels, height, width)`` state."""
        memory, output = state.chunk(2, dim=1)
        gates = self.gates(torch.cat([maps, output], dim=1)).chunk(4, dim=1)
        take, keep, show, new = (*(gate.sigmoid() for gate in gates[:3]), gates[3].tanh())
        memory = keep * memory + take * new
        return torch.cat([memory, show * memory.tanh()], dim=1)

    def start(self, maps: Tensor) -> Tensor:
        """Return the state before the first step."""
        return maps.new_zeros(len(maps), 2 * self.channels, *maps.shape[2:])

    def shown(self, state: Tensor) -> Tensor:
        """Return the part of the state that other layers see."""
        return state.chunk(2, dim=1)[1]


class ConvolutionalRecurrence(nn.Module):
    """Maps of frames, by strided convolutions or as they come, and a recurrence over them.

    By step, it answers at every frame; it never looks ahead.

    Examples:
        >>> network = ConvolutionalRecurrence(3, 7, stem=(4, 8), channels=8)
        >>> network(torch.zeros(2, 3, 5, 16, 16)).shape
        torch.Size([2, 7])
    """

    def __init__(
        self,
        n_in: int,
        n_outputs: int,
        *,
        cell: Literal["gru", "lstm"] = "gru",
        stem: tuple[int, ...] = (16, 32, 32),
        channels: int = 32,
        kernel: int = 3,
        dropout: float = 0.0,
        by_step: bool = False,
    ) -> None:
        super().__init__()
        self.by_step = by_step
        layers: list[nn.Module] = []
        for n_out in stem:
            layers += [
                nn.Conv2d(n_in, n_out, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(n_out),
                nn.ReLU(inplace=True),
            ]
            n_in = n_out
        self.stem = nn.Sequential(*layers)
        kind = ConvolutionalGru if cell == "gru" else ConvolutionalLstm
        self.cell: ConvolutionalGru | ConvolutionalLstm = kind(n_in, channels, kernel)
        self.dropout = nn.Dropout(dropout)
        self.answer = nn.Linear(channels, n_outputs)

    def forward(self, snippets: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)`` of ``(batch, channels, time, height, width)``.

        By step, that is ``(batch, time, n_outputs)``.
        """
        batch, _, time = snippets.shape[:3]
        frames = snippets.transpose(1, 2).flatten(0, 1)  # (batch * time, channels, h, w)
        maps = self.stem(frames).unflatten(0, (batch, time))  # (batch, time, channels, h', w')
        state = self.cell.start(maps[:, 0])
        total, seen = torch.zeros(()), []
        for step in maps.unbind(1):
            state = self.cell(step, state)
            if self.by_step:
                seen.append(self.cell.shown(state).mean((2, 3)))
            else:
                total = total.to(state) + self.cell.shown(state)
        # (batch, time, channels), or (batch, channels)
        summary = torch.stack(seen, 1) if self.by_step else (total / time).mean((2, 3))
        outputs: Tensor = self.answer(self.dropout(summary))
        return outputs
