"""torchvision's video networks over snippets of face crops, fine-tuned or from random weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from emotiw.models.crops.snippet_model import SnippetModel, SnippetOptions
from features.clips.clip_networks import VIDEO_NETWORKS

if TYPE_CHECKING:
    from torch import nn

    from features.frames.pixel_rule import PixelRule

Name = Literal[
    "r3d_18", "mc3_18", "r2plus1d_18",
    "s3d", "mvit_v1_b", "mvit_v2_s", "swin3d_t", "swin3d_s", "swin3d_b",
]  # fmt: skip


class VideoOptions(SnippetOptions):
    """Options of :class:`Video`.

    Attributes:
        network: the network's name in torchvision.
        weights: a weights card to start from, such as ``r3d_18_kinetics400``; None: random weights.
        crop_size: side of the images; 224 for ``s3d`` and the ``mvit`` ones.
        length: frames per snippet; 16 for the ``mvit`` ones, at least 14 for ``s3d``.
    """

    network: Name = "r3d_18"
    weights: str | None = None
    crop_size: int = Field(default=112, ge=16)

    @model_validator(mode="after")
    def _size_fits(self) -> Self:
        least, most = VIDEO_NETWORKS[self.network].sizes
        if self.crop_size < least or (most is not None and self.crop_size > most):
            limit = f"{least} px" if most == least else f"at least {least} px"
            raise ValueError(f"{self.network} reads images of {limit}, not {self.crop_size}")
        if self.network.startswith("mvit") and self.length != 16:
            raise ValueError(f"{self.network} reads 16 frames, not {self.length}")
        if self.network == "s3d" and self.length < 14:
            raise ValueError(f"s3d reads at least 14 frames, not {self.length}")
        return self


class Video(SnippetModel):
    """One of C3D's successors behind the same interface."""

    Options = VideoOptions
    options: VideoOptions

    @property
    def pretrained(self) -> tuple[str, str] | None:
        """The weights card of the options."""
        return (self.options.weights, self.options.network) if self.options.weights else None

    def build_clip_network(self) -> tuple[nn.Module, PixelRule]:
        """Return the network."""
        from features.clips.clip_networks import make_video_network
        from features.frames.pixel_rule import PLAIN

        return make_video_network(self.options.network, len(self.task.labels)), PLAIN
