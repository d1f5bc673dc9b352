"""Temporal convolutional networks over frame embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from emotiw.models.sequence.sequence_model import SequenceModel, SequenceOptions

if TYPE_CHECKING:
    from torch import nn


class TemporalConvolutionOptions(SequenceOptions):
    """Options of :class:`TemporalConvolution`.

    Attributes:
        channels: per block.
        blocks: gated blocks; the last one's kernel spans ``2 ** blocks`` frames or so.
        kernel: frames that a kernel reads.
        is_causal: whether a frame knows only those before it, as it must in live use.
        pooling: over time: by attention, or the plain mean.
        dropout: before, inside and after the blocks.
    """

    channels: int = Field(default=64, ge=1)
    blocks: int = Field(default=4, ge=1)
    kernel: int = Field(default=3, ge=2)
    is_causal: bool = False
    pooling: Literal["attention", "mean"] = "attention"
    dropout: float = Field(default=0.2, ge=0, lt=1)


class TemporalConvolution(SequenceModel):
    """Dilated, gated convolutions over time with shortcuts, pooled by attention."""

    Options = TemporalConvolutionOptions
    options: TemporalConvolutionOptions

    def build_sequence(self) -> nn.Module:
        """Return the network of the options."""
        from emotiw.models.networks.tcn_net import TemporalConvolutionNetwork

        n_outputs = len(self.task.labels)
        return TemporalConvolutionNetwork(self.spec.dim, n_outputs, **self.own_options, **self.head)
