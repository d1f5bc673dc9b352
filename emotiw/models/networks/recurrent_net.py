"""LSTM and GRU that see the frames of a clip and nothing of its padding."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from emotiw.models.networks.masked_pooling import AttentionPooling
from emotiw.models.networks.scaling import ScaledRows


class RecurrentNetwork(ScaledRows):
    """A recurrent network over ``(batch, time, dim)`` frames with a mask.

    Examples:
        >>> import torch
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
    ) -> None:
        super().__init__(dim)
        kind = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.recurrence = kind(
            dim,
            hidden,
            layers,
            batch_first=True,
            dropout=dropout if layers > 1 else 0.0,
            bidirectional=is_bidirectional,
        )
        self.n_directions = 2 if is_bidirectional else 1
        self.pooling = pooling
        if pooling == "attention":
            self.attention = AttentionPooling(hidden * self.n_directions)
        self.dropout = nn.Dropout(dropout)
        self.answer = nn.Linear(hidden * self.n_directions, n_outputs)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)``; ``mask`` is True for frames, which come before padding."""
        lengths = mask.sum(1)  # (batch,)
        rows = self.dropout(self.standardise(frames))
        packed = pack_padded_sequence(rows, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, last = self.recurrence(packed)
        if self.pooling == "last":
            last = last[0] if isinstance(last, tuple) else last  # (layers * directions, batch, h)
            summary = last[-self.n_directions :].transpose(0, 1).flatten(1)  # (batch, directions*h)
        else:
            unpacked, _ = pad_packed_sequence(states, batch_first=True)  # padding is zero
            if self.pooling == "attention":
                summary = self.attention(unpacked, mask[:, : unpacked.shape[1]])
            else:
                summary = unpacked.sum(1) / lengths[:, None]  # (batch, directions*h)
        outputs: Tensor = self.answer(self.dropout(summary))
        return outputs
