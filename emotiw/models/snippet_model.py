"""What all models of snippets of pictures share: what they read, how they are shown it."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from emotiw.core.errors import ConfigError
from emotiw.core.weights import read_card, verify
from emotiw.models.interface import Examples
from emotiw.models.network_model import NetworkModel
from emotiw.models.network_options import NetworkOptions
from emotiw.models.snippet_source import SnippetSource
from emotiw.models.training_options import TrainingOptions
from features.pictures import Pictures, resized
from features.snippets import LENGTH, STRIDE

if TYPE_CHECKING:
    from torch import nn

    from emotiw.models.training import ExampleSource
    from features.pixels import PixelRule


class SnippetTraining(TrainingOptions):
    """How a model of snippets learns, unless a recipe says otherwise."""

    epochs: int = Field(default=30, ge=1)
    batch_size: int = Field(default=8, ge=1)
    precision: Literal["float32", "bfloat16"] = "bfloat16"


class SnippetOptions(NetworkOptions):
    """Options of every model of snippets.

    Attributes:
        crop_size: side in px to which face crops are shrunk or enlarged.
        length: frames per snippet.
        stride: frames from one snippet to the next when a clip is scored; in training each epoch
            sees one snippet per clip, from anywhere in it.
        mirrors: whether training snippets are mirrored half of the time.
        shift: how far training pictures are moved at most, as a share of their side.
    """

    crop_size: int = Field(default=112, ge=16)
    length: int = Field(default=LENGTH, ge=2)
    stride: int = Field(default=STRIDE, ge=1)
    mirrors: bool = True
    shift: float = Field(default=0.06, ge=0, lt=0.5)
    training: SnippetTraining = SnippetTraining()


class SnippetModel(NetworkModel):
    """From face crops to scores: the mean over 16-frame snippets, 8 frames apart.

    Frames without a face are left out, so a snippet may span a gap; a track shorter than a
    snippet is filled with its last face.
    """

    Options: ClassVar[type[NetworkOptions]] = SnippetOptions
    options: SnippetOptions

    @abstractmethod
    def build_clip_network(self) -> tuple[nn.Module, PixelRule]:
        """Return a network over ``(batch, 3, time, height, width)``, and what pixels it expects.

        Its weights are random; those of a card come later, when it is about to learn.
        """

    @property
    def pretrained(self) -> tuple[str, str] | None:
        """The weights card that learning starts from and the network that it is for, if any."""
        return None

    @property
    def weights_sha256(self) -> str:
        """The fingerprint of the weights that learning starts from; empty without any."""
        return verify(read_card(self.pretrained[0])).sha256 if self.pretrained else ""

    def check(self) -> None:
        """Accept pictures, one per frame."""
        shape = self.spec.shape
        if len(shape) != 3 or shape[2] != 3 or self.spec.dtype != "uint8":
            raise ConfigError(
                f"{type(self).__name__} reads uint8 pictures of (height, width, 3); feature "
                f"{self.spec.name!r} has {shape} {self.spec.dtype}"
            )

    @property
    def predict_batch(self) -> int:
        """One clip: its snippets are a batch already, and no other clip can touch its scores."""
        return 1

    def build(self) -> nn.Module:
        """Return the network with its pixel rule and the mean over snippets."""
        from emotiw.models.networks.snippets import MeanOverSnippets, PixelInput

        return MeanOverSnippets(PixelInput(*self.build_clip_network()), self.goal.task)

    def adapt(self, network: nn.Module, examples: Examples) -> None:
        """Start from the weights of a card, and show their network what it expects."""
        from emotiw.models.networks.snippets import PixelInput
        from features.clip_networks import load_clip_network

        if self.pretrained is None:
            return
        card, kind = self.pretrained
        for module in network.modules():
            if isinstance(module, PixelInput):
                module.follow(load_clip_network(module.network, card, kind=kind))

    def source(self, examples: Examples, *, augments: bool) -> ExampleSource:
        """Return snippets: one from anywhere in each clip and augmented, or all as they are."""
        from emotiw.models.augmentation import moved

        options = self.options
        return SnippetSource(
            examples,
            length=options.length,
            stride=options.stride,
            samples=augments,
            prepare=self.prepare,
            augment=partial(moved, mirrors=options.mirrors, shift=options.shift),
        )

    def prepare(self, pictures: Pictures) -> Pictures:
        """Return the crops of a clip in the size that the network sees."""
        return resized(pictures, self.options.crop_size, self.options.crop_size)
