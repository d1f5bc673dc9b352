"""A face network trained or fine-tuned on labelled faces, and tested on others exactly once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from emotiw.core.device import AUTO, resolve_device
from emotiw.core.errors import ConfigError
from emotiw.core.files import atomic_write, sha256_of
from emotiw.core.stored_tensors import restored, stored
from emotiw.core.task import Classification
from emotiw.core.weights import InFile, WeightsCard, read_card, write_card
from emotiw.models.backbone.backbone_recipe import MOST_MEMBERS, BackboneRecipe
from emotiw.models.backbone.face_answers import both_views, calibrate, soft_targets
from emotiw.models.backbone.face_figures import FaceFigures, figures_of
from emotiw.models.backbone.face_source import FaceSource, split_off_inner
from emotiw.models.backbone.labelled_faces import LabelledFaces
from emotiw.models.backbone.recipe_faces import framing_of, grown
from emotiw.models.training.checkpoint import Tensors, save_tensors
from emotiw.models.training.loop import train
from emotiw.models.training.training_state import EpochRecord
from features.backbones.joint_network import JoinedNetwork
from features.backbones.loading import build_network, load_network
from features.backbones.network import FaceNetwork

TEST_LOG = "test.json"


@dataclass(frozen=True)
class TrainedMember:
    """One network of a recipe as training left it, and the card that it began with."""

    start: WeightsCard
    network: FaceNetwork
    epochs: int


def train_backbone(
    recipe: BackboneRecipe,
    faces: LabelledFaces,
    folder: Path,
    *,
    device: str = AUTO,
    on_epoch: Callable[[EpochRecord], None] | None = None,
    learnt_on: Sequence[str] = (),
) -> WeightsCard:
    """Train on labelled faces and write the best weights with their card.

    A run that was stopped goes on when it is called again with the same arguments; the weights
    are those of one that never stopped.

    Args:
        recipe: which network, and how.
        faces: to learn from; a part of them is held out to choose the best epoch.
        folder: for the checkpoint, ``<name>.safetensors`` and its card ``<name>.yaml``.
        device: where it is trained: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
        on_epoch: called after each epoch, for progress.
        learnt_on: the challenges and corpora that the faces are of, by name, for the card.

    Raises:
        ConfigError: if the network can't be trained on these faces, or there is no such device.
        WeightsError: if it is to be fine-tuned and its weights are missing.
    """
    training, inner = split_off_inner(faces, recipe.validation_fraction, recipe.seed)
    trained = [
        train_member(recipe, training, inner, folder, index, device=device, on_epoch=on_epoch)
        for index in range(len(recipe.members))
    ]
    start, network = trained[0].start, trained[0].network
    if len(trained) > 1:
        start = _joined_card([member.start for member in trained])
        network = JoinedNetwork([member.network for member in trained])
    notes: dict[str, Any] = {"epochs": [member.epochs for member in trained]}
    network.load_state_dict(restored(stored(network.state_dict(), recipe.storage)))  # as in use
    unsure_below, calibrated = calibrate(network.to(resolve_device(device)), start, inner, recipe)
    seen = {*learnt_on, *(name for member in trained for name in member.start.learnt_on)}
    about = {"unsure_below": unsure_below, "learnt_on": tuple(sorted(seen))}
    start = start.model_copy(update=about)
    return _write(recipe, start, network.cpu(), notes | calibrated, folder)


def train_member(
    recipe: BackboneRecipe,
    training: LabelledFaces,
    inner: LabelledFaces,
    folder: Path,
    index: int = 0,
    *,
    device: str = AUTO,
    on_epoch: Callable[[EpochRecord], None] | None = None,
) -> TrainedMember:
    """Train one of the recipe's members; :func:`train_backbone` finds what it came to.

    Args:
        training: the faces to learn from, as :func:`split_off_inner` gives them.
        inner: the faces that all members hold out, so that they can be judged together.
        folder: the one of the whole recipe.
        index: which member; each can have a process or a machine of its own.
        device: where it is trained.

    Raises:
        ConfigError: if the network can't be built, or isn't what its card says.
    """
    own = recipe.of_member(index)
    start, network = _starting_network(own)
    _check_embedding(start, network)
    place = resolve_device(device)
    # a quarter less time on a processor, for networks that see their inputs in this order anyway
    network.to(place).to(memory_format=torch.channels_last)
    own_folder = folder if len(recipe.members) == 1 else folder / f"member_{index}"
    begun = {name: value.clone() for name, value in network.state_dict().items()}
    epochs = 0
    for number, stage in enumerate(own.stages()):
        n_nothing, shares = round(stage.augmentation.nothing * len(training)), None
        if own.distil or n_nothing:
            shares = soft_targets(own, network, start, training, n_nothing, own_folder)
        report = train(
            network,
            FaceSource(training, start, stage.augmentation, shares=shares, device=place),
            stage.training,
            task=Classification(tuple(recipe.labels)),
            inner=FaceSource(inner, start, stage.augmentation, device=place),
            seed=own.seed + MOST_MEMBERS * number,
            folder=own_folder / f"stage_{number}" if number else own_folder,
            on_epoch=on_epoch,
        )
        epochs += report.best_epoch
    if own.blend < 1:
        network.load_state_dict(_blended(begun, network.state_dict(), own.blend))
    return TrainedMember(start, network.cpu(), epochs)


def test_once(
    recipe: BackboneRecipe,
    faces: LabelledFaces,
    folder: Path,
    *,
    device: str = AUTO,  # noqa: PT028
) -> dict[str, Any]:
    """Return the figures of the trained weights on faces that nothing was chosen by.

    They are computed the first time and read from ``test.json`` after that: whoever changes a
    recipe because of them has no test faces left.

    Raises:
        ConfigError: if the log is that of other weights.
    """
    card = read_card(folder / f"{recipe.name}.yaml")
    log = folder / TEST_LOG
    if log.is_file():
        kept: dict[str, Any] = json.loads(log.read_text(encoding="utf-8"))
        if kept["weights_sha256"] != card.sha256:
            raise ConfigError(f"{log}: the test faces were already used, for other weights")
        return kept
    network = load_network(card).to(resolve_device(device))
    plain, mirrored = both_views(network, card, faces, recipe)
    figures: dict[str, FaceFigures] = {
        "plain": figures_of(plain.softmax(1).numpy(), faces),
        "averaged_with_mirrored": figures_of(((plain + mirrored) / 2).softmax(1).numpy(), faces),
    }
    found = {"n_faces": len(faces), "weights_sha256": card.sha256, **figures}
    atomic_write(log, (json.dumps(found, indent=1) + "\n").encode())
    return found


test_once.__test__ = False  # type: ignore[attr-defined]  # no test for pytest to collect


def _starting_network(recipe: BackboneRecipe) -> tuple[WeightsCard, FaceNetwork]:
    """Return the card and the network of one member's recipe, before it has learnt anything."""
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        if isinstance(recipe.network, WeightsCard):
            card = recipe.network.model_copy(update={"labels": recipe.labels})
            return card, build_network(card)
        card = read_card(recipe.network)
        if card.backbone == "onnx":
            raise ConfigError(f"weights {card.name!r}: an ONNX file can't be fine-tuned")
        if card.size > recipe.side:
            raise ConfigError(f"side {recipe.side} is less than the network's {card.size}")
        if recipe.keep_head and card.labels != recipe.labels:
            raise ConfigError(
                f"keep_head: weights {card.name!r} score {', '.join(card.labels) or 'no labels'}, "
                f"expected {', '.join(recipe.labels)}"
            )
        return card, load_network(card, labels=None if recipe.keep_head else recipe.labels)


def _blended(begun: Tensors, trained: Tensors, share: float) -> Tensors:
    # Wortsman et al. 2022: weights on the line between two trainings, one gone on from the other
    return {
        name: torch.lerp(begun[name], value, share) if value.is_floating_point() else value
        for name, value in trained.items()
    }


def _check_embedding(card: WeightsCard, network: FaceNetwork) -> None:
    """Find out before a night of training that nothing could read what comes of it."""
    with torch.inference_mode():
        found = network.embed(torch.zeros(1, len(card.mean), card.size, card.size)).shape[1]
    if found != card.embedding:
        raise ConfigError(
            f"network {card.name!r}: its embedding has {found} values, expected {card.embedding} "
            "(`embedding` of the network or of its member)"
        )


def _joined_card(starts: Sequence[WeightsCard]) -> WeightsCard:
    """Return the card of networks joined; what all are told is said once."""
    told = [start.options_of(member) for start in starts for member in range(start.members)]
    common = {
        name: value
        for name, value in told[0].items()
        if all(name in options and options[name] == value for options in told)
    }
    own = [{n: v for n, v in options.items() if n not in common} for options in told]
    return starts[0].model_copy(
        update={
            "members": len(told),
            "embedding": sum(start.embedding for start in starts),
            "options": common,
            "member_options": tuple(own) if any(own) else (),
        }
    )


def _write(
    recipe: BackboneRecipe,
    start: WeightsCard,
    network: FaceNetwork,
    notes: dict[str, Any],
    folder: Path,
) -> WeightsCard:
    state = stored(network.state_dict(), recipe.storage)
    path = folder / f"{recipe.name}.safetensors"
    save_tensors(path, state, {"labels": recipe.labels})
    card = start.model_copy(
        update={
            "name": recipe.name,
            "source": InFile(file=Path(path.name)),
            "sha256": sha256_of(path),
            "labels": recipe.labels,
            "licence": "; ".join(filter(None, (start.licence, recipe.licence))),
            "window": grown(framing_of(recipe), start.size / recipe.side),
            "notes": notes,
        }
    )
    write_card(card, folder / f"{recipe.name}.yaml")
    return card
