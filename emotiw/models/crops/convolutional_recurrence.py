"""Recurrent convolution over the maps of frames, where motion is seen as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from emotiw.core.errors import ConfigError
from emotiw.models.crops.snippet_model import SnippetModel, SnippetOptions
from emotiw.models.crops.snippet_source import SnippetSource
from emotiw.models.model import Examples
from emotiw.models.stepwise.step_source import StepSource

if TYPE_CHECKING:
    from torch import nn

    from emotiw.models.training.example_source import ExampleSource
    from features.frames.pixel_rule import PixelRule


class ConvolutionalRecurrenceOptions(SnippetOptions):
    """Options of :class:`ConvolutionalRecurrent`.

    Attributes:
        cell: GRU or LSTM.
        stem: channels of the convolutions that halve each image before the recurrence; not used
            where the feature is maps already.
        channels: of the recurrent state.
        kernel: side of the recurrent kernels.
        dropout: before the last layer.
    """

    cell: Literal["gru", "lstm"] = "gru"
    stem: tuple[int, ...] = (16, 32, 32)
    channels: int = Field(default=32, ge=1)
    kernel: int = Field(default=3, ge=1)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    crop_size: int = Field(default=48, ge=16)


class ConvolutionalRecurrent(SnippetModel):
    """A recurrent convolution over images, or over maps that a backbone made of them.

    It reads uint8 images ``(height, width, 3)``, or float32 maps ``(channels, height, width)``.
    Step by step, it answers at every image by those before it, ``length`` of them at most.
    """

    Options = ConvolutionalRecurrenceOptions
    options: ConvolutionalRecurrenceOptions

    @classmethod
    def reads_steps(cls, options: Any) -> bool:
        """Return that it answers every step of a clip."""
        return True

    def check(self) -> None:
        """Accept images and maps."""
        if self.spec.dtype == "uint8":
            super().check()
        elif len(self.spec.shape) != 3:
            raise ConfigError(
                f"{type(self).__name__} reads images, or maps of (channels, height, width); "
                f"feature {self.spec.name!r} has {self.spec.shape}"
            )

    def build(self) -> nn.Module:
        """Return the network over images, or over maps."""
        from emotiw.models.networks.blended_windows import BlendedWindows, Unmasked
        from emotiw.models.networks.snippet_net import MapInput, MeanOverSnippets, PixelInput

        if self.spec.dtype == "uint8":
            network: nn.Module = PixelInput(*self.build_clip_network())
        else:
            network = MapInput(self._network_over(self.spec.shape[0]))
        if self.by_step:
            return BlendedWindows(Unmasked(network), self.options.length, is_causal=True)
        return MeanOverSnippets(network, self.task)

    def build_clip_network(self) -> tuple[nn.Module, PixelRule]:
        """Return the network over images."""
        from features.frames.pixel_rule import PLAIN

        return self._network_over(3), PLAIN

    def source(self, examples: Examples, *, augments: bool) -> ExampleSource:
        """Return snippets of images, augmented, or of maps as they are."""
        if self.by_step:
            is_image = self.spec.dtype == "uint8"
            return StepSource(
                examples,
                window=self.options.length,
                samples=augments,
                prepare=self.prepare if is_image else None,
                augment=self.augmentation if is_image else None,
            )
        if self.spec.dtype == "uint8":
            return super().source(examples, augments=augments)
        length, stride = self.options.length, self.options.stride
        return SnippetSource(examples, length=length, stride=stride, samples=augments)

    def _network_over(self, n_channels: int) -> nn.Module:
        from emotiw.models.networks.conv_rnn_net import ConvolutionalRecurrence

        return ConvolutionalRecurrence(
            n_channels,
            len(self.task.labels),
            cell=self.options.cell,
            stem=self.options.stem if self.spec.dtype == "uint8" else (),
            channels=self.options.channels,
            kernel=self.options.kernel,
            dropout=self.options.dropout,
            by_step=self.by_step,
        )
