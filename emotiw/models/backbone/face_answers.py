"""What a face network answers: as targets for its further training, and how far to believe it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emotiw.core.probabilities import fit_temperature, reliable_from
from emotiw.core.weights import WeightsCard
from emotiw.models.backbone.backbone_recipe import BackboneRecipe
from emotiw.models.backbone.face_source import FaceSource
from emotiw.models.backbone.labelled_faces import LabelledFaces
from emotiw.models.training.checkpoint import load_tensors, save_tensors
from emotiw.models.training.loop import predict
from features.backbones.network import FaceNetwork

ANSWERS = "answers.safetensors"


def both_views(
    network: FaceNetwork, card: WeightsCard, faces: LabelledFaces, recipe: BackboneRecipe
) -> tuple[Tensor, Tensor]:
    """Return the logits of faces as they are and mirrored, each ``(n, n_labels)``."""
    plain, mirrored = (
        predict(
            network,
            FaceSource(faces, card, recipe.augmentation, is_mirrored=flag),
            recipe.training,
        )
        for flag in (False, True)
    )
    return plain, mirrored


def as_card_says(
    network: FaceNetwork, card: WeightsCard, faces: LabelledFaces, recipe: BackboneRecipe
) -> Tensor:
    """Return ``(n, n_labels)`` logits, over both views where the card says so."""
    if card.mirrored:
        plain, mirrored = both_views(network, card, faces, recipe)
        return (plain + mirrored) / 2
    return predict(network, FaceSource(faces, card, recipe.augmentation), recipe.training)


def soft_targets(
    recipe: BackboneRecipe,
    network: FaceNetwork,
    card: WeightsCard,
    faces: LabelledFaces,
    n_nothing: int,
    folder: Path,
) -> Tensor:
    """Return what there is to learn of each face, and of images without any after them.

    What the network says as it begins is kept in ``answers.safetensors``: a training that goes on
    on another machine must not find other targets in the last digit.

    Returns:
        ``(n + n_nothing, n_labels)`` float32, rows sum to 1.
    """
    n_labels = len(recipe.labels)
    shares = F.one_hot(torch.from_numpy(faces.targets), n_labels).float()
    if recipe.distil:
        path = folder / ANSWERS
        if not path.is_file() or load_tensors(path)[1] != {"weights": card.sha256}:
            said = as_card_says(network, card, faces, recipe).softmax(1)
            save_tensors(path, {"answers": said}, {"weights": card.sha256})
        shares = torch.lerp(shares, load_tensors(path)[0]["answers"], recipe.distil)
    return torch.cat([shares, torch.full((n_nothing, n_labels), 1 / n_labels)])


def calibrate(
    network: FaceNetwork, card: WeightsCard, inner: LabelledFaces, recipe: BackboneRecipe
) -> tuple[float, dict[str, Any]]:
    """Let the head say as much as it knows, judged by the inner part in the arithmetic of use.

    Returns:
        Below which probability the network is unsure, and notes on what all came to.
    """
    assert isinstance(network.head, nn.Linear)
    plain = recipe.training.model_copy(update={"precision": "float32"})
    recipe = recipe.model_copy(update={"training": plain})
    logits = as_card_says(network, card, inner, recipe)
    temperature = fit_temperature(logits.double().numpy(), inner.targets)
    # few faces that happen to be all right don't say that the network is never wrong
    temperature = min(max(temperature, 0.05), 20.0)
    with torch.no_grad():
        network.head.weight.div_(temperature)
        network.head.bias.div_(temperature)
    is_right = logits.argmax(1).numpy() == inner.targets
    notes: dict[str, Any] = {
        "inner_accuracy": float(is_right.mean()),
        "temperature": temperature,
    }
    if recipe.reliable is None:
        return 0.0, notes
    probabilities = (logits / temperature).softmax(1).double().numpy()
    below = reliable_from(probabilities, inner.targets, recipe.reliable)
    is_sure = probabilities.max(1) >= below
    notes |= {
        "inner_answered": float(is_sure.mean()),
        "inner_reliable": float(is_right[is_sure].mean()) if is_sure.any() else None,
    }
    return round(below, 6), notes
