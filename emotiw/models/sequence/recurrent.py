"""Recurrent networks over frame embeddings, the second half of CNN-RNN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from emotiw.models.sequence.sequence_model import SequenceModel, SequenceOptions

if TYPE_CHECKING:
    from torch import nn


class RecurrentOptions(SequenceOptions):
    """Options of :class:`Recurrent`.

    Attributes:
        cell: LSTM or GRU.
        hidden: units per direction and layer.
        layers: stacked layers.
        is_bidirectional: whether a second network reads the clip from its end.
        pooling: ``last`` takes the state after the last frame (of both directions, after
            the first and last), ``mean`` the mean of the states over time, ``attention`` a
            weighted mean whose weights the states decide themselves.
        dropout: before the recurrence, between layers and before the last layer.
    """

    cell: Literal["lstm", "gru"] = "lstm"
    hidden: int = Field(default=128, ge=1)
    layers: int = Field(default=1, ge=1)
    is_bidirectional: bool = False
    pooling: Literal["last", "mean", "attention"] = "mean"
    dropout: float = Field(default=0.3, ge=0, lt=1)


class Recurrent(SequenceModel):
    """An LSTM or GRU over the frames of a clip; padding and batch never change a score."""

    Options = RecurrentOptions
    version = "2"
    options: RecurrentOptions

    @property
    def is_causal(self) -> bool:
        """Whether it reads forwards alone."""
        return not self.options.is_bidirectional

    def build_sequence(self) -> nn.Module:
        """Return the network of the options."""
        from emotiw.models.networks.recurrent_net import RecurrentNetwork

        n_outputs = len(self.task.labels)
        return RecurrentNetwork(self.spec.dim, n_outputs, **self.own_options, **self.head)


class GatedRecurrentOptions(RecurrentOptions):
    """Options of :class:`GatedRecurrent`: as those of :class:`Recurrent`, with another cell."""

    cell: Literal["lstm", "gru"] = "gru"


class GatedRecurrent(Recurrent):
    """A recurrent network whose cell is a GRU unless a recipe says otherwise."""

    Options = GatedRecurrentOptions
    options: GatedRecurrentOptions
