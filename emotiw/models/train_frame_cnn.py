"""The bundled frame CNN, trained on labelled faces and judged on a held-out part of them."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from emotiw.core.errors import ConfigError
from emotiw.models.checkpoint import save_tensors
from emotiw.models.face_augmentation import AugmentationOptions, augment_faces
from emotiw.models.labelled_faces import (
    LabelledFaces,
    near_duplicate_groups,
    read_labelled_faces,
)
from emotiw.models.training import train
from emotiw.models.training_options import TrainingOptions
from emotiw.models.training_state import EpochRecord
from features.backbones.frame_cnn import FrameCNN

WEIGHTS = "emotion_cnn.safetensors"


class NetworkOptions(BaseModel):
    """The size of the network; see :class:`features.backbones.frame_cnn.FrameCNN`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stem: int = Field(default=32, ge=1)
    widths: tuple[int, ...] = (48, 96, 192)
    embedding: int = Field(default=256, ge=1)
    dropout: float = Field(default=0.3, ge=0, lt=1)


class FrameCNNRecipe(BaseModel):
    """Everything that the weights depend on, beside the pictures.

    Attributes:
        labels: the class order.
        translation: folder name to label.
        side: px of the faces as they are read.
        window: px of the square in their middle that the network sees, so that training can
            shift and turn it without reaching beyond the picture.
        inner_share: share of the training faces on which everything is chosen.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    labels: tuple[str, ...]
    translation: dict[str, str] = {}
    side: int = Field(default=48, ge=16)
    window: int = Field(default=40, ge=16)
    inner_share: float = Field(default=0.1, gt=0, lt=1)
    seed: int = 0
    network: NetworkOptions = NetworkOptions()
    augmentation: AugmentationOptions = AugmentationOptions()
    training: TrainingOptions = TrainingOptions()

    @classmethod
    def read(cls, path: Path) -> FrameCNNRecipe:
        """Read a YAML recipe.

        Raises:
            ConfigError: if it is missing, no YAML, or has unknown or impossible entries.
        """
        try:
            entries = yaml.safe_load(path.read_text(encoding="utf-8"))
            return cls.model_validate(entries)
        except (OSError, yaml.YAMLError, ValidationError) as error:
            raise ConfigError(f"{path}: {error}") from error


class FaceSource:
    """Labelled faces as the training loop asks for them."""

    def __init__(
        self, faces: LabelledFaces, augmentation: AugmentationOptions, window: int
    ) -> None:
        self.images = torch.from_numpy(faces.images).permute(
            0, 3, 1, 2
        )  # (n, channels, side, side)
        self.answers = torch.from_numpy(faces.answers)
        self._augmentation = augmentation
        self._window = window

    def batch(self, rows: Tensor, generator: torch.Generator | None) -> tuple[Tensor, ...]:
        """Return ``(batch, channels, window, window)`` float32 in [0, 1], the middle of each face.

        A generator strays from the middle and augments.
        """
        faces = self.images[rows].float() / 255
        if generator is not None:
            return (augment_faces(faces, self._augmentation, generator, side=self._window),)
        edge = (faces.shape[-1] - self._window) // 2
        middle = slice(edge, edge + self._window)
        return (faces[..., middle, middle],)


def split_off_inner(
    faces: LabelledFaces, share: float, seed: int
) -> tuple[LabelledFaces, LabelledFaces]:
    """Return (training part, inner part), stratified, with near duplicates on the same side."""
    from sklearn.model_selection import StratifiedGroupKFold

    groups = near_duplicate_groups(faces.images)
    folds = StratifiedGroupKFold(round(1 / share), shuffle=True, random_state=seed)
    training, inner = next(folds.split(faces.answers, faces.answers, groups))
    return faces.subset(training), faces.subset(inner)


def train_frame_cnn(recipe: FrameCNNRecipe, source: Path, folder: Path) -> FrameCNN:
    """Train on ``train/<label>/`` of a folder or zip file, and write the best weights.

    A run that was stopped goes on when it is called again with the same arguments.

    Args:
        source: labelled faces.
        folder: for the checkpoint, the weights as float16 safetensors, and a line per epoch.
    """
    faces = read_labelled_faces(
        source,
        labels=recipe.labels,
        translation=recipe.translation,
        split="train",
        side=recipe.side,
    )
    training, inner = split_off_inner(faces, recipe.inner_share, recipe.seed)
    torch.manual_seed(recipe.seed)
    network = FrameCNN(len(recipe.labels), side=recipe.window, **recipe.network.model_dump())
    folder.mkdir(parents=True, exist_ok=True)
    train(
        network,
        FaceSource(training, recipe.augmentation, recipe.window),
        recipe.training,
        task="classification",
        n_outputs=len(recipe.labels),
        inner=FaceSource(inner, recipe.augmentation, recipe.window),
        seed=recipe.seed,
        folder=folder,
        on_epoch=_print_epoch,
    )
    halved = {n: t.half() if t.ndim > 1 else t for n, t in network.cpu().state_dict().items()}
    save_tensors(folder / WEIGHTS, halved, {"labels": recipe.labels, **recipe.network.model_dump()})
    return network


def _print_epoch(record: EpochRecord) -> None:
    print(
        f"epoch {record.epoch}: loss {record.loss:.4f}, inner loss {record.inner_loss:.4f}, "
        f"inner figure {record.figure:.4f}, {record.seconds:.0f} s",
        flush=True,
    )


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    train_frame_cnn(FrameCNNRecipe.read(arguments.recipe), arguments.faces, arguments.folder)


if __name__ == "__main__":
    main()
