"""Self-attention over frame embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from emotiw.models.sequence.sequence_model import SequenceModel, SequenceOptions

if TYPE_CHECKING:
    from torch import nn


class AttentionOptions(SequenceOptions):
    """Options of :class:`Attention`.

    Attributes:
        channels: of the frames inside the network; a multiple of ``heads``.
        heads: of attention in each layer.
        layers: of self-attention; 0 leaves attention pooling alone.
        has_positions: whether frames know their place in time.
        is_causal: whether a frame knows only those before it, as it must in live use.
        dropout: before, inside and after the layers.
    """

    channels: int = Field(default=64, ge=2)
    heads: int = Field(default=4, ge=1)
    layers: int = Field(default=1, ge=0)
    has_positions: bool = True
    is_causal: bool = False
    dropout: float = Field(default=0.2, ge=0, lt=1)

    @model_validator(mode="after")
    def _heads_share_the_channels(self) -> Self:
        if self.channels % self.heads:
            raise ValueError(f"channels {self.channels} can't be shared by {self.heads} heads")
        return self


class Attention(SequenceModel):
    """Self-attention over the frames of a clip, pooled by attention."""

    Options = AttentionOptions
    options: AttentionOptions

    def build_sequence(self) -> nn.Module:
        """Return the network of the options."""
        from emotiw.models.networks.attention_net import AttentionNetwork

        n_outputs = len(self.task.labels)
        return AttentionNetwork(self.spec.dim, n_outputs, **self.own_options, **self.head)
