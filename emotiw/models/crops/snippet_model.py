"""What all models of snippets of images share: what they read, how they are shown it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field

from emotiw.core.weights import WeightsCard, read_card
from emotiw.models.crops.crop_model import CropModel, CropOptions
from emotiw.models.crops.snippet_source import SnippetSource
from emotiw.models.model import Examples
from features.clips.snippets import LENGTH, STRIDE

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from emotiw.models.training.example_source import ExampleSource
    from features.frames.pixel_rule import PixelRule


class SnippetOptions(CropOptions):
    """Options of every model of snippets.

    Attributes:
        length: frames per snippet.
        stride: frames from one snippet to the next when a clip is scored; in training each epoch
            sees one snippet per clip, from anywhere in it.
        flip: whether training snippets are mirrored half of the time.
        shift: how far training images are moved at most, as a share of their side.
    """

    length: int = Field(default=LENGTH, ge=2)
    stride: int = Field(default=STRIDE, ge=1)
    flip: bool = True
    shift: float = Field(default=0.06, ge=0, lt=0.5)


class SnippetModel(CropModel):
    """From face crops to scores: the mean over 16-frame snippets, 8 frames apart.

    Frames without a face are left out, so a snippet may span a gap; a track shorter than a
    snippet is filled with its last face.
    """

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
    def card(self) -> WeightsCard | None:
        """The card of the weights that learning starts from, if any."""
        return read_card(self.pretrained[0]) if self.pretrained else None

    def build(self) -> nn.Module:
        """Return the network with its pixel rule and the mean over snippets."""
        from emotiw.models.networks.snippet_net import MeanOverSnippets, PixelInput

        return MeanOverSnippets(PixelInput(*self.build_clip_network()), self.task)

    def adapt(self, network: nn.Module, examples: Examples) -> None:
        """Start from the weights of a card, and show their network what it expects."""
        from emotiw.models.networks.snippet_net import PixelInput
        from features.clips.clip_networks import load_clip_network

        if self.pretrained is None:
            return
        card, kind = self.pretrained
        for module in network.modules():
            if isinstance(module, PixelInput):
                module.follow(load_clip_network(module.network, card, kind=kind))

    def source(self, examples: Examples, *, augments: bool) -> ExampleSource:
        """Return snippets: one from anywhere in each clip and augmented, or all as they are."""
        options = self.options
        return SnippetSource(
            examples,
            length=options.length,
            stride=options.stride,
            samples=augments,
            prepare=self.prepare,
            augment=self.augmentation,
        )

    @property
    def augmentation(self) -> Callable[[Tensor, torch.Generator], Tensor]:
        """What is done to images in training."""
        from emotiw.models.crops.snippet_augmentation import moved

        return partial(moved, flip=self.options.flip, shift=self.options.shift)
