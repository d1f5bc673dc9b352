"""A face network fine-tuned on the clips' own face crops, in every fold anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from emotiw.core.errors import ConfigError
from emotiw.core.stored_tensors import load_state
from emotiw.core.weights import WeightsCard, read_card, verify
from emotiw.models.backbone.backbone_recipe import AugmentationOptions
from emotiw.models.crops.crop_model import CropModel, CropOptions, CropTraining
from emotiw.models.crops.snippet_source import SnippetSource
from emotiw.models.model import Examples

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from emotiw.models.training.example_source import ExampleSource


class FaceNetworkTraining(CropTraining):
    """How a face network is fine-tuned, unless a recipe says otherwise."""

    batch_size: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=3e-4, gt=0)
    label_smoothing: float = Field(default=0.1, ge=0, lt=1)


class FaceNetworkOptions(CropOptions):
    """Options of :class:`FaceNetworkModel`.

    Attributes:
        weights: the card of the network that learning starts from.
        stride: score one of so many frames; neighbours say much the same.
        augmentation: how far faces in training stray from what was seen.
    """

    weights: str = "emotion_cnn"
    stride: int = Field(default=4, ge=1)
    augmentation: AugmentationOptions = AugmentationOptions()
    training: FaceNetworkTraining = FaceNetworkTraining()


class FaceNetworkModel(CropModel):
    """From face crops to scores: a frame network, and the mean of what it says of the frames.

    A network fine-tuned beforehand on a corpus has seen the clips that it is later asked about.
    This one begins again from the card in every fold, so its scores are out of fold.
    """

    Options = FaceNetworkOptions
    options: FaceNetworkOptions

    def check(self) -> None:
        """Accept images, one per frame, and networks that can learn."""
        super().check()
        if self.card.backbone == "onnx":
            raise ConfigError(f"weights {self.options.weights!r}: an ONNX file can't be fine-tuned")

    @property
    def card(self) -> WeightsCard:
        """The card of the options, with the labels of this goal."""
        card = read_card(self.options.weights)
        return card.model_copy(update={"labels": self.task.labels})

    def build(self) -> nn.Module:
        """Return the network with random weights, and the mean over frames."""
        from emotiw.models.networks.face_input import FaceInput
        from emotiw.models.networks.snippet_net import MeanOverSnippets
        from features.backbones.loading import build_network

        return MeanOverSnippets(FaceInput(build_network(self.card), self.card), self.task)

    def adapt(self, network: nn.Module, examples: Examples) -> None:
        """Start from the weights of the card; the head stays as it was made, for the labels."""
        from emotiw.models.networks.face_input import FaceInput

        state = load_state(verify(self.card).path)
        for module in network.modules():
            if isinstance(module, FaceInput):
                module.network.load_weights(state, fresh_head=True)

    def source(self, examples: Examples, *, augments: bool) -> ExampleSource:
        """Return frames: one from anywhere in each clip and augmented, or every few as they are."""
        return SnippetSource(
            examples,
            length=1,
            stride=self.options.stride,
            samples=augments,
            prepare=self.prepare,
            augment=self._augment,
        )

    def _augment(self, frames: Tensor, generator: torch.Generator) -> Tensor:
        from emotiw.models.backbone.face_augmentation import augment_faces

        planes = frames.permute(0, 3, 1, 2).float() / 255  # (1, 3, side, side)
        strayed = augment_faces(planes, self.options.augmentation, generator, side=planes.shape[-1])
        return (255 * strayed).round().to(frames.dtype).permute(0, 2, 3, 1)
