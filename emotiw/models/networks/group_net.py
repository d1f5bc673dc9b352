"""Networks over the faces of a group: attention, recurrence, and the whole group network."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from emotiw.models.aggregation.aggregation import N_PLACE, Aggregation, weighted_mean
from emotiw.models.networks.scaling import ScaledRows


class FaceAttention(nn.Module):
    """A weighted mean whose weights each face, its size and its place decide.

    Source:
        Lin et al. 2017, equations 1 to 3, with one hop. Differs: the place is seen beside the face.

    Examples:
        >>> faces, places = torch.randn(2, 5, 4), torch.rand(2, 5, 3)
        >>> FaceAttention(4)(faces, torch.ones(2, 5, dtype=torch.bool), places).shape
        torch.Size([2, 4])
    """

    def __init__(self, dim: int, hidden: int = 32) -> None:
        super().__init__()
        self.worth = nn.Sequential(
            nn.Linear(dim + N_PLACE, hidden), nn.Tanh(), nn.Linear(hidden, 1)
        )

    def weights(self, faces: Tensor, mask: Tensor, places: Tensor) -> Tensor:
        """Return ``(batch, n)`` weights that sum to 1 over the faces; 0 for padding."""
        worth = self.worth(torch.cat([faces, places.to(faces)], 2)).squeeze(2).float()
        weights: Tensor = worth.masked_fill(~mask, -math.inf).softmax(1)
        return weights.masked_fill(~mask, 0)

    def forward(self, faces: Tensor, mask: Tensor, places: Tensor) -> Tensor:
        """Return ``(batch, dim)`` of ``(batch, n, dim)``."""
        return weighted_mean(faces, self.weights(faces, mask, places))


class FaceRecurrence(nn.Module):
    """A GRU over the faces, the largest last.

    Examples:
        >>> faces, places = torch.randn(2, 5, 4), torch.rand(2, 5, 3)
        >>> FaceRecurrence(4, 8)(faces, torch.ones(2, 5, dtype=torch.bool), places).shape
        torch.Size([2, 8])
    """

    def __init__(self, dim: int, hidden: int = 32) -> None:
        super().__init__()
        self.recurrence = nn.GRU(dim + N_PLACE, hidden, batch_first=True)
        self.hidden = hidden

    def forward(self, faces: Tensor, mask: Tensor, places: Tensor) -> Tensor:
        """Return ``(batch, hidden)`` of ``(batch, n, dim)``."""
        summary = faces.new_full((len(faces), self.hidden), math.nan)
        someone = mask.any(1)
        if not someone.any():
            return summary
        order = by_size(mask, places)[..., None]
        rows = torch.cat([faces, places.to(faces)], 2)
        rows = rows.gather(1, order.expand(-1, -1, rows.shape[2]))[someone]
        lengths = mask.sum(1)[someone].cpu()
        packed = pack_padded_sequence(rows, lengths, batch_first=True, enforce_sorted=False)
        last: Tensor = self.recurrence(packed)[1][-1]  # (someone, hidden)
        return summary.to(last.dtype).index_put((someone,), last)


def by_size(mask: Tensor, places: Tensor) -> Tensor:
    """Return ``(batch, n)`` the order from the smallest face to the largest, padding at the end.

    Examples:
        >>> places = torch.tensor([[[0.3, 0, 0], [0.1, 0.9, 0], [0.1, 0.2, 0], [0, 0, 0]]])
        >>> by_size(torch.tensor([[True, True, True, False]]), places).tolist()
        [[2, 1, 0, 3]]
    """
    order = places[..., 2].argsort(dim=1, stable=True)
    for values in (places[..., 1], places[..., 0].masked_fill(~mask, math.inf)):
        order = order.gather(1, values.gather(1, order).argsort(dim=1, stable=True))
    return order


class GroupNetwork(ScaledRows):
    """Looks at each face, joins what it saw by an aggregation, and scores the group.

    Args:
        dim: values of a face.
        n_outputs: labels, or targets.
        aggregation: of the faces.
        channels: of a face inside the network; 0 leaves it as it is.
        levels: for a target: so many classes, whose expected value is the output; 0 for a plain
            linear one.

    Examples:
        >>> from emotiw.models.aggregation.mean import Mean
        >>> network = GroupNetwork(4, 3, aggregation=Mean(), channels=8)
        >>> faces, places = torch.randn(2, 5, 4), torch.rand(2, 5, 3)
        >>> network(faces, torch.ones(2, 5, dtype=torch.bool), places).shape
        torch.Size([2, 3])
    """

    values: Tensor

    def __init__(
        self,
        dim: int,
        n_outputs: int,
        *,
        aggregation: Aggregation,
        channels: int = 64,
        levels: int = 0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(dim)
        self.dropout = nn.Dropout(dropout)
        self.look = (
            nn.Sequential(nn.Linear(dim, channels), nn.ReLU()) if channels else nn.Identity()
        )
        self.pool = aggregation.pool(channels or dim)
        self.answer = nn.Linear(aggregation.width(channels or dim), levels or n_outputs)
        self.register_buffer("values", torch.zeros(levels))

    def forward(self, faces: Tensor, mask: Tensor, places: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)`` of ``(batch, n, dim)``."""
        pooled = self.pool(self.seen(faces), mask, places)
        outputs: Tensor = self.answer(self.dropout(pooled))
        if len(self.values):
            outputs = (outputs.softmax(1) * self.values).sum(1, keepdim=True)
        return outputs

    def seen(self, faces: Tensor) -> Tensor:
        """Return ``(batch, n, channels)``, what the network sees of each face."""
        states: Tensor = self.look(self.dropout(self.standardise(faces)))
        return states
