"""Labelled faces as the training loop asks for them, and the part that is held out of it."""

from __future__ import annotations

import torch
from torch import Tensor

from emotiw.core.errors import ConfigError
from emotiw.core.weights import WeightsCard
from emotiw.models.backbone.backbone_recipe import AugmentationOptions
from emotiw.models.backbone.chance import Chance
from emotiw.models.backbone.face_augmentation import augment_faces
from emotiw.models.backbone.labelled_faces import LabelledFaces, near_duplicate_groups
from emotiw.models.backbone.no_faces import without_faces


class FaceSource:
    """Batches of faces, prepared for the network of a card.

    Args:
        faces: at least as large as the card's input.
        augmentation: applied only where the training loop asks for chance.
        is_mirrored: show every face mirrored, to average over both views of it.
        shares: ``(n, n_labels)`` float32, what there is to learn of each face; None takes its
            label. Rows beyond the faces are images without any, made as they are asked for of the
            first faces, and counted as these.
        device: where faces are kept and prepared; a processor could not keep a GPU busy.
    """

    def __init__(
        self,
        faces: LabelledFaces,
        card: WeightsCard,
        augmentation: AugmentationOptions,
        *,
        is_mirrored: bool = False,
        shares: Tensor | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self.images = torch.from_numpy(faces.images).permute(0, 3, 1, 2).to(device)
        self.shares = shares
        self.targets = torch.from_numpy(faces.targets)
        if shares is not None:
            self.targets = self.targets[torch.arange(len(shares)) % len(faces)]
        self._size = card.size
        self._is_bgr = card.colour == "bgr"
        self._mean = torch.tensor(card.mean, device=device).view(-1, 1, 1)
        self._std = torch.tensor(card.std, device=device).view(-1, 1, 1)
        self._augmentation = augmentation
        self._is_mirrored = is_mirrored

    def batch(self, rows: Tensor, generator: torch.Generator | None) -> tuple[Tensor, ...]:
        """Return ``(batch, channels, size, size)`` float32, the normalised middle of each face."""
        beyond = rows >= len(self.images)  # asked where they are: a GPU would have to be waited for
        rows = rows.to(self.images.device)
        faces = self.images[rows % len(self.images)].float() / 255
        if generator is not None:
            if beyond.any():
                beyond = beyond.to(faces.device)
                chance = Chance(int(beyond.sum()), generator, faces.device)
                faces[beyond] = without_faces(faces[beyond], chance)
            faces = augment_faces(faces, self._augmentation, generator, side=self._size)
        else:
            edge = (faces.shape[-1] - self._size) // 2
            middle = slice(edge, edge + self._size)
            faces = faces[..., middle, middle]
        if self._is_bgr:
            faces = faces.flip(1)
        if self._is_mirrored:
            faces = faces.flip(3)
        return ((faces - self._mean) / self._std,)


def split_off_inner(
    faces: LabelledFaces, share: float, seed: int
) -> tuple[LabelledFaces, LabelledFaces]:
    """Return (training part, inner part), stratified; a group is never on both sides.

    Faces without groups are grouped by looks, so that no near duplicate of a training face is
    among those that training is judged by.

    Raises:
        ConfigError: if there are too few groups to hold any out.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    groups = near_duplicate_groups(faces.images) if faces.groups is None else faces.groups
    n_folds = round(1 / share)
    if len(set(groups.tolist())) < n_folds:
        raise ConfigError(f"{len(set(groups.tolist()))} groups of faces can't be cut in {n_folds}")
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    training, inner = next(folds.split(faces.targets, faces.targets, groups))
    return faces.subset(training), faces.subset(inner)
