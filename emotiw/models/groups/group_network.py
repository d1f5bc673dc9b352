"""A network over all faces of a group, trained end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from emotiw.core.errors import ConfigError
from emotiw.models.groups.person import columns_of_person, groups_of
from emotiw.models.model import Examples
from emotiw.models.nested_parts import AGGREGATION, AggregationPart
from emotiw.models.network_model import NetworkModel
from emotiw.models.network_options import NetworkOptions
from emotiw.models.sequence.sequence_model import SequenceTraining

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from emotiw.models.training.example_source import ExampleSource


class GroupNetworkOptions(NetworkOptions):
    """Options of :class:`GroupNetworkModel`.

    Attributes:
        aggregation: how faces become one vector, by name, or as ``{kind: NAME, …}``.
        channels: of a face inside the network, before the faces are joined; 0 joins embeddings as
            they are.
        n_levels: for a target: the prediction is the expected value over so many classes at equal
            steps of its range; 0 for a plain linear output.
        dropout: before the faces are looked at, and before the last layer.
    """

    aggregation: AggregationPart = Field(default={"kind": "attention"}, validate_default=True)
    channels: int = Field(default=64, ge=0)
    n_levels: int = Field(default=0, ge=0)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    training: SequenceTraining = SequenceTraining()


class GroupNetworkModel(NetworkModel):
    """Each face through one layer, an aggregation over the faces, and scores for the group.

    Source:
        Ilse et al. 2018 (attention over the instances of a bag); Guo et al. 2018 and others put it
        over the faces of a group.
    """

    Options = GroupNetworkOptions
    options: GroupNetworkOptions

    def check(self) -> None:
        """Accept features per face; levels only for a target with known limits."""
        self._dim, _ = columns_of_person(self.spec)
        limits = self.task.target_range or (-np.inf, np.inf)
        is_bounded = not self.task.is_label and np.isfinite(limits).all()
        if self.options.n_levels and (not is_bounded or self.options.n_levels < 2):
            raise ConfigError("n_levels: needs a target between two known limits, and two levels")

    def build(self) -> nn.Module:
        """Return the network of the options."""
        from emotiw.models.networks.group_net import GroupNetwork

        kind, options = AGGREGATION.resolved(self.options.aggregation)
        return GroupNetwork(
            self._dim,
            len(self.task.labels),
            aggregation=kind(options),
            channels=self.options.channels,
            levels=self.options.n_levels,
            dropout=self.options.dropout,
        )

    def source(self, examples: Examples, *, augments: bool) -> ExampleSource:
        """Return padded groups with their masks and places."""
        return PaddedGroups(examples)

    def adapt(self, network: nn.Module, examples: Examples) -> None:
        """Measure the scale of the columns, and the levels in units of the training targets."""
        import torch

        from emotiw.models.networks.group_net import GroupNetwork

        assert isinstance(network, GroupNetwork)
        rows = np.stack([person.mean for people in groups_of(examples) for person in people])
        mean, deviation = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
        network.follow(mean, deviation)
        if self.options.n_levels:
            assert self.task.target_range is not None
            levels = np.linspace(*self.task.target_range, self.options.n_levels)
            network.values.copy_(torch.from_numpy((levels - self._centre) / self._spread))


class PaddedGroups:
    """Groups as ``(batch, n, dim)`` faces with their ``(batch, n)`` mask and places."""

    def __init__(self, examples: Examples) -> None:
        import torch

        self._groups = [
            (
                torch.from_numpy(np.stack([person.mean for person in people])),
                torch.from_numpy(np.stack([person.place for person in people])),
            )
            for people in groups_of(examples)
        ]
        self.targets = examples.target_tensor()

    def batch(self, rows: Tensor, generator: torch.Generator | None) -> tuple[Tensor, ...]:
        """Return the faces, the mask of those that are there, and their places."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        chosen = [self._groups[row] for row in rows.tolist()]
        faces = pad_sequence([faces for faces, _ in chosen], batch_first=True)  # (batch, n, dim)
        places = pad_sequence([places for _, places in chosen], batch_first=True)
        counts = torch.tensor([len(faces) for faces, _ in chosen])
        return faces, torch.arange(faces.shape[1]) < counts[:, None], places
