"""What all models of face crops share: the images they accept, and one clip at a time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from emotiw.core.errors import ConfigError
from emotiw.models.network_model import NetworkModel
from emotiw.models.network_options import NetworkOptions
from emotiw.models.training.training_options import TrainingOptions
from features.frames.resizing import Pictures, resized


class CropTraining(TrainingOptions):
    """How a model of face crops learns, unless a recipe says otherwise."""

    epochs: int = Field(default=30, ge=1)
    batch_size: int = Field(default=8, ge=1)
    precision: Literal["float32", "bfloat16"] = "bfloat16"


class CropOptions(NetworkOptions):
    """Options of every model of face crops.

    Attributes:
        crop_size: side in px to which face crops are shrunk or enlarged.
    """

    crop_size: int = Field(default=112, ge=16)
    training: CropTraining = CropTraining()


class CropModel(NetworkModel):
    """From face crops to scores."""

    options: CropOptions

    def check(self) -> None:
        """Accept images, one per frame."""
        shape = self.spec.shape
        if len(shape) != 3 or shape[2] != 3 or self.spec.dtype != "uint8":
            raise ConfigError(
                f"{type(self).__name__} reads uint8 images of (height, width, 3); feature "
                f"{self.spec.name!r} has {shape} {self.spec.dtype}"
            )

    @property
    def predict_batch(self) -> int:
        """One clip: its images are a batch already, and no other clip can touch its scores."""
        return 1

    def prepare(self, pictures: Pictures) -> Pictures:
        """Return the crops of a clip in the size that the network sees."""
        return resized(pictures, self.options.crop_size, self.options.crop_size)
