"""Small convolutional networks over spectrograms of sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from emotiw.models.sequence.sequence_model import SequenceModel, SequenceOptions, SequenceTraining

if TYPE_CHECKING:
    from torch import nn


class SpectrogramTraining(SequenceTraining):
    """How a spectrogram network learns, unless a recipe says otherwise."""

    mixup: float = Field(default=0.2, ge=0)


class SpectrogramOptions(SequenceOptions):
    """Options of :class:`SpectrogramCnn`.

    Attributes:
        channels: per layer; each layer halves time and bands.
        n_time_masks: spans of time that are hidden from the network in training.
        max_time_mask: of such a span, in rows.
        n_freq_masks: spans of bands that are hidden from the network in training.
        max_freq_mask: of such a span, in bands.
        shift_bands: in training, each clip's spectrum is moved up or down by up to this many
            bands, as if another throat had spoken.
        dropout: before the last layer.
    """

    channels: tuple[int, ...] = Field(default=(16, 32, 64), min_length=1)
    n_time_masks: int = Field(default=2, ge=0)
    max_time_mask: int = Field(default=25, ge=0)
    n_freq_masks: int = Field(default=2, ge=0)
    max_freq_mask: int = Field(default=6, ge=0)
    shift_bands: int = Field(default=2, ge=0)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    training: SpectrogramTraining = SpectrogramTraining()


class SpectrogramCnn(SequenceModel):
    """A small CNN with SpecAugment over log-mel bands, or any rows whose columns are in order."""

    Options = SpectrogramOptions
    options: SpectrogramOptions

    @classmethod
    def reads_steps(cls, options: Any) -> bool:
        """Return that it doesn't: its layers shorten time."""
        return False

    def build_sequence(self) -> nn.Module:
        """Return the network of the options."""
        from emotiw.models.networks.spectrogram_net import SpectrogramNetwork

        return SpectrogramNetwork(self.spec.dim, len(self.task.labels), **self.own_options)
