"""C3D over snippets of face crops, trained end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from emotiw.models.crops.snippet_model import SnippetModel, SnippetOptions
from features.clips.snippets import LENGTH

if TYPE_CHECKING:
    from torch import nn

    from features.frames.pixel_rule import PixelRule


class ClipNetworkOptions(SnippetOptions):
    """Options of :class:`ClipNetwork`.

    The defaults are for a few hundred clips, random weights and no GPU.

    Attributes:
        width: share of the published number of channels; 1 is the published network.
        batch_norm: normalise after every convolution, to learn from random weights.
        dropout: in the hidden layers.
        weights: a weights card, such as ``c3d_sports1m``, to start from; it needs the published
            network: full width, 112 px, 16 frames, no normalisation.
    """

    width: float = Field(default=0.25, gt=0, le=2)
    crop_size: int = Field(default=64, ge=16)
    length: int = Field(default=LENGTH, ge=16)
    batch_norm: bool = True
    dropout: float = Field(default=0.5, ge=0, lt=1)
    weights: str | None = None

    @model_validator(mode="after")
    def _weights_fit(self) -> Self:
        is_published = (self.width, self.crop_size, self.length) == (1.0, 112, 16)
        if self.weights is not None and (not is_published or self.batch_norm):
            raise ValueError(
                f"weights {self.weights!r} need width: 1.0, crop_size: 112, length: 16 and "
                "batch_norm: false"
            )
        return self


class ClipNetwork(SnippetModel):
    """C3D from face crops to scores, from random weights or from those of Sports-1M."""

    Options = ClipNetworkOptions
    options: ClipNetworkOptions

    @property
    def pretrained(self) -> tuple[str, str] | None:
        """The weights card of the options."""
        return (self.options.weights, "c3d") if self.options.weights else None

    def build_clip_network(self) -> tuple[nn.Module, PixelRule]:
        """Return C3D."""
        from features.clips.c3d import C3D
        from features.frames.pixel_rule import PLAIN

        options = self.options
        network = C3D(
            len(self.task.labels),
            width=options.width,
            size=options.crop_size,
            n_frames=options.length,
            dropout=options.dropout,
            batch_norm=options.batch_norm,
        )
        return network, PLAIN
