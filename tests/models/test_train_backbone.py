"""Face networks learn from labelled faces, go on where they were stopped, and are tested once."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from emotiw.core.errors import ConfigError, ManifestError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.probabilities import fit_temperature
from emotiw.core.weights import WeightsCard, locate, read_card
from emotiw.models.backbone.backbone_recipe import AugmentationOptions, BackboneRecipe
from emotiw.models.backbone.face_answers import soft_targets
from emotiw.models.backbone.face_augmentation import augment_faces
from emotiw.models.backbone.face_source import FaceSource, split_off_inner
from emotiw.models.backbone.labelled_faces import (
    LabelledFaces,
    faces_of_clips,
    near_duplicate_groups,
    read_labelled_faces,
)
from emotiw.models.backbone.recipe_faces import faces_for
from emotiw.models.backbone.train_backbone import (
    test_once,
    train_backbone,
    train_member,
)
from emotiw.models.training.loop import predict
from emotiw.models.training.training_state import EpochRecord
from features.backbones.loading import load_network
from features.frames.frame_embeddings import FrameEmbeddings, FrameEmbeddingsOptions

STILL = AugmentationOptions(
    rotation_deg=0, scale=0, stretch=0, shift=0, flip=0, gamma=0, light=0, colour_cast=0,
    noise=0, blur=0, erase=0,
)  # fmt: skip


def drawn_faces(n: int, seed: int = 0) -> dict[str, npt.NDArray[np.uint8]]:
    """Grey squares whose mouth is a bright bar low down (smile) or high up (frown)."""
    rng = np.random.default_rng(seed)
    pictures = rng.integers(60, 140, (n, 24, 24)).astype(np.uint8)
    for i, picture in enumerate(pictures):
        row = 17 if i % 2 else 4
        picture[row : row + 3, 6:18] = rng.integers(200, 255)
    return {f"{'smile' if i % 2 else 'frown'}/{i}.png": p for i, p in enumerate(pictures)}


def write_folder(root: Path, pictures: dict[str, npt.NDArray[np.uint8]]) -> Path:
    for name, picture in pictures.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(root / name)
    return root


def small_recipe(**changes: Any) -> BackboneRecipe:
    entries: dict[str, Any] = {
        "name": "small",
        "network": {
            "name": "frame_cnn",
            "backbone": "frame_cnn",
            "size": 20,
            "colour": "grey",
            "mean": [0],
            "std": [1],
            "embedding": 8,
            "options": {"stem": 4, "widths": [8, 8], "embedding": 8},
        },
        "labels": ["Happy", "Angry"],
        "translation": {"smile": "Happy", "frown": "Angry"},
        "side": 24,
        "validation_fraction": 0.25,
        "training": {
            "epochs": 4,
            "batch_size": 16,
            "learning_rate": 0.01,
            "ema_decay": 0.8,
            "monitor": "accuracy",
        },
    }
    return BackboneRecipe.model_validate(entries | changes)


def test_folder_and_zip_hold_the_same_faces_in_the_same_order(tmp_path: Path) -> None:
    pictures = drawn_faces(6)
    folder = write_folder(tmp_path / "faces", {f"train/{n}": p for n, p in pictures.items()})
    renamed = {
        f"train/{n.split('/')[0]}/{9 - i}.png": p for i, (n, p) in enumerate(pictures.items())
    }
    other = write_folder(tmp_path / "other", renamed)
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        for path in sorted(folder.rglob("*.png"), reverse=True):
            archive.write(path, path.relative_to(folder).as_posix())
    first, zipped, again = (
        read_labelled_faces(source, labels=("smile", "frown"), split="train", side=24)
        for source in (folder, tmp_path / "faces.zip", other)
    )
    assert first.images.shape == (6, 24, 24, 1)
    assert sorted(first.targets.tolist()) == [0, 0, 0, 1, 1, 1]
    for faces in (zipped, again):
        assert np.array_equal(first.images, faces.images)
        assert np.array_equal(first.targets, faces.targets)


def test_everything_wrong_with_a_folder_is_said_at_once(tmp_path: Path) -> None:
    write_folder(tmp_path, {"smile/1.png": drawn_faces(1)["frown/0.png"]})
    (tmp_path / "smlie").mkdir()
    (tmp_path / "smlie" / "2.png").write_bytes(b"x")
    (tmp_path / "smile" / "3.png").write_bytes(b"no picture")
    with pytest.raises(ManifestError) as caught:
        read_labelled_faces(tmp_path, labels=("smile",), side=24)
    assert "did you mean 'smile'" in str(caught.value)
    assert "3.png" in str(caught.value)
    with pytest.raises(ManifestError, match="no images"):
        read_labelled_faces(tmp_path, labels=("smile",), split="test", side=24)
    with pytest.raises(ManifestError, match="neither"):
        read_labelled_faces(tmp_path / "nowhere", labels=("smile",), side=24)


def test_near_duplicates_share_a_group_mirrored_or_not() -> None:
    rng = np.random.default_rng(0)
    different = rng.integers(0, 256, (3, 24, 24, 1)).astype(np.uint8)
    brighter = (different[:1] * 0.9 + 5).astype(np.uint8)
    images = np.concatenate([different, different[1:2, :, ::-1], brighter])
    groups = near_duplicate_groups(images)
    assert groups[0] == groups[4]
    assert groups[1] == groups[3]
    assert len(set(groups.tolist())) == 3


def test_groups_are_never_on_both_sides() -> None:
    rng = np.random.default_rng(0)
    faces = LabelledFaces(
        rng.integers(0, 256, (60, 8, 8, 1)).astype(np.uint8),
        np.arange(60) % 2,
        ("a", "b"),
        tuple(map(str, range(60))),
        np.arange(60) // 5,
    )
    training, inner = split_off_inner(faces, 0.25, seed=0)
    assert len(training) + len(inner) == 60
    assert training.groups is not None
    assert inner.groups is not None
    assert not set(training.groups) & set(inner.groups)


def test_augmentation_without_any_amount_is_the_middle() -> None:
    faces = torch.rand(3, 1, 24, 24) * 0.9 + 0.05
    same = augment_faces(faces, STILL, torch.Generator().manual_seed(0), side=20)
    assert torch.allclose(same, faces[..., 2:22, 2:22], atol=1e-5)


def test_flipping_every_face_mirrors_it() -> None:
    faces = torch.rand(3, 3, 16, 16) * 0.9 + 0.05
    options = STILL.model_copy(update={"flip": 1.0})
    mirrored = augment_faces(faces, options, torch.Generator().manual_seed(0), side=16)
    assert torch.allclose(mirrored, faces.flip(3), atol=1e-5)


def test_augmentation_follows_its_generator_and_stays_in_range() -> None:
    faces = torch.rand(8, 3, 24, 24)
    strong = AugmentationOptions(noise=0.3, light=0.5, blur=1, erase=1, colour_cast=0.5)
    first, same, other = (
        augment_faces(faces, strong, torch.Generator().manual_seed(seed), side=24)
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    assert first.min() >= 0
    assert first.max() <= 1
    assert (first - faces).abs().mean() > 0.05


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("faces")
    write_folder(root / "train", drawn_faces(120))
    return write_folder(root / "test", drawn_faces(40, seed=1)).parent


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("trained")
    recipe = small_recipe()
    train_backbone(recipe, faces_for(recipe, folder, "train"), place)
    return place


def test_trained_weights_score_new_faces_and_carry_their_card(folder: Path, trained: Path) -> None:
    recipe = small_recipe()
    card = read_card(trained / "small.yaml")
    assert card.labels == ("Happy", "Angry")
    assert card.window == pytest.approx((1 / 12, 1 / 12, 11 / 12, 11 / 12))
    options = FrameEmbeddingsOptions(weights=str(trained / "small.yaml"), values="scores")
    test = faces_for(recipe, folder, "test")
    scores = FrameEmbeddings("x", options).embed(test.images.repeat(3, axis=3))
    assert (scores.argmax(1) == test.targets).mean() > 0.9
    found = test_once(recipe, test, trained)
    assert found["plain"]["accuracy"] == pytest.approx((scores.argmax(1) == test.targets).mean())
    assert sum(map(sum, found["plain"]["confusion"])) == 40


def test_the_test_faces_are_used_once(folder: Path, trained: Path) -> None:
    recipe = small_recipe()
    first = test_once(recipe, faces_for(recipe, folder, "test"), trained)
    # the log is what comes back: other faces change nothing
    assert test_once(recipe, faces_for(recipe, folder, "train"), trained) == first
    log = trained / "test.json"
    kept = log.read_text()
    log.write_text(json.dumps({**json.loads(kept), "weights_sha256": "0" * 64}))
    with pytest.raises(ConfigError, match="already used"):
        test_once(recipe, faces_for(recipe, folder, "test"), trained)
    log.write_text(kept)


def test_a_stopped_training_goes_on_to_the_same_bytes(
    folder: Path, trained: Path, tmp_path: Path
) -> None:
    recipe = small_recipe()
    faces = faces_for(recipe, folder, "train")

    def stop(record: EpochRecord) -> None:
        if record.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_backbone(recipe, faces, tmp_path, on_epoch=stop)
    assert not (tmp_path / "small.safetensors").exists()
    card = train_backbone(recipe, faces, tmp_path)
    assert card.sha256 == read_card(trained / "small.yaml").sha256


def test_fine_tuning_keeps_the_body_and_learns_other_labels(folder: Path, trained: Path) -> None:
    labels = {"labels": ["Down", "Up", "Never"], "translation": {"smile": "Down", "frown": "Up"}}
    place = trained / "tuned"
    recipe = small_recipe(
        name="tuned",
        network=str(trained / "small.yaml"),
        training={"epochs": 1, "batch_size": 16, "learning_rate": 1e-5},
        **labels,
    )
    card = train_backbone(recipe, faces_for(recipe, folder, "train"), place)
    assert card.labels == ("Down", "Up", "Never")
    before = load_network(read_card(trained / "small.yaml")).state_dict()
    after = load_network(read_card(place / "tuned.yaml")).state_dict()
    change = (before["stem.0.weight"] - after["stem.0.weight"]).abs().max()
    assert 0 < change < 0.01
    assert after["head.weight"].shape == (3, 8)


def test_a_public_network_without_labels_can_be_fine_tuned(folder: Path, tmp_path: Path) -> None:
    recipe = small_recipe(
        name="onet",
        network="mtcnn_onet",
        side=48,
        training={"epochs": 1, "batch_size": 32, "learning_rate": 1e-4},
    )
    faces = faces_for(recipe, folder, "train")
    assert faces.images.shape[1:] == (48, 48, 3)
    card = train_backbone(recipe, faces, tmp_path)
    assert card.embedding == 256
    assert load_network(read_card(tmp_path / "onet.yaml")).head is not None


def test_crops_of_clips_keep_their_clip_s_group() -> None:
    spec = FeatureSpec("crops", (16, 16, 3), "frame", dtype="uint8")
    rng = np.random.default_rng(0)
    arrays = {
        name: FeatureArray(
            rng.integers(0, 256, (10, 16, 16, 3)).astype(np.uint8), np.arange(10) != 3
        )
        for name in ("a", "b", "c")
    }
    table = FeatureTable(spec, arrays)
    clips = {"a": ("Sad", "ann"), "b": ("Happy", "bob"), "c": ("Sad", "ann"), "none": ("Sad", "z")}
    card = WeightsCard(name="x", backbone="x", size=12, embedding=1)
    faces = faces_of_clips(table, clips, labels=("Happy", "Sad"), card=card, every=3)
    assert faces.images.shape == (9, 12, 12, 3)
    assert faces.groups is not None
    by_clip = dict(zip(faces.names, faces.groups.tolist(), strict=True))
    assert by_clip["a"] == by_clip["c"] != by_clip["b"]
    assert all(
        (name == "b") == (answer == 0)
        for name, answer in zip(faces.names, faces.targets, strict=True)
    )
    with pytest.raises(ManifestError, match="did you mean 'Sad'"):
        faces_of_clips(table, {"a": ("Sda", "ann")}, labels=("Happy", "Sad"), card=card)


def test_crops_teach_a_network_what_it_will_be_shown(trained: Path, tmp_path: Path) -> None:
    from emotiw.core.weights import write_card
    from emotiw.models.backbone.recipe_faces import crops_for
    from features.backbones.prepare import prepare_faces

    crop = np.random.default_rng(0).integers(0, 256, (1, 96, 96, 3)).astype(np.uint8)
    table = FeatureTable(
        FeatureSpec("crops", (96, 96, 3), "frame", dtype="uint8"),
        {"a": FeatureArray(crop, np.ones(1, dtype=bool))},
    )
    blunt = read_card(trained / "small.yaml")
    card = blunt.model_copy(update={"sharpen": 1.0, "resample": "bicubic"})
    write_card(card, tmp_path / "sharp.yaml")
    recipe = small_recipe(network=str(tmp_path / "sharp.yaml"), side=24)
    learnt = crops_for(recipe, table, {"a": ("Happy", "ann")}).images[0, 2:-2, 2:-2, 0]
    shown, other = (255 * prepare_faces(crop, one)[0, 0] for one in (card, blunt))
    middle = np.s_[3:-3, 3:-3]  # beyond the edge, training sees real surroundings
    assert np.abs(learnt - shown)[middle].max() <= 0.51
    assert np.abs(learnt - other)[middle].max() > 20


def test_the_bundled_weights_are_those_of_the_bundled_recipe_and_stay_small() -> None:
    from emotiw.core.config import packaged

    recipe = BackboneRecipe.read(packaged("recipes", "fer2013.yaml"))
    card = read_card("emotion_cnn")
    for member in range(len(recipe.members)):
        start = recipe.of_member(member).network
        assert isinstance(start, WeightsCard)
        assert card.options_of(member) == start.options
    assert card.members == len(recipe.members)
    assert (card.name, card.labels) == (recipe.name, recipe.labels)
    further = BackboneRecipe.read(packaged("recipes", "fer2013_films.yaml"))
    for entry in ("seed", "validation_fraction", "labels", "side"):  # the same faces are held out
        assert getattr(further, entry) == getattr(recipe, entry)
    assert 1 / 7 < card.unsure_below < 1
    assert card.notes["held_out_right_when_answered"] >= further.reliable
    assert locate(card).stat().st_size < 5_000_000
    log = json.loads(packaged("weights", "emotion_cnn.test.json").read_text())
    assert (log["weights_sha256"], log["n_faces"]) == (card.sha256, 7178)
    assert round(log["averaged_with_mirrored"]["accuracy"], 4) == card.notes["test_accuracy"]


def test_members_may_differ_in_network_and_training(folder: Path, tmp_path: Path) -> None:
    large = {
        "options": {"widths": [8, 12], "embedding": 12, "pooled": True},
        "embedding": 12,
        "augmentation": {"blur": 0.5},
        "training": {"epochs": 2},
    }
    recipe = small_recipe(members=[{}, large], storage="int8")
    own = recipe.of_member(1)
    assert (own.training.epochs, own.training.batch_size) == (2, 16)
    assert (own.augmentation.blur, own.augmentation.flip) == (0.5, 0.5)
    assert (own.seed, recipe.of_member(0).training) == (1, recipe.training)
    faces = faces_for(recipe, folder, "train")
    epochs: list[int] = []
    train_backbone(recipe, faces, tmp_path, on_epoch=lambda record: epochs.append(record.epoch))
    assert epochs == [1, 2, 3, 4, 1, 2]
    card = read_card(tmp_path / "small.yaml")
    assert (card.members, card.embedding, card.options) == (2, 20, {"stem": 4})
    assert card.options_of(0) == small_recipe().network.options  # type: ignore[union-attr]
    assert load_network(card).embed(torch.rand(3, 1, 20, 20)).shape == (3, 20)
    # what is fine-tuned from unlike members is made of them as well
    tuned = small_recipe(name="tuned", network=str(tmp_path / "small.yaml"), members=2)
    train_backbone(tuned, faces, tmp_path / "tuned")
    again = read_card(tmp_path / "tuned" / "tuned.yaml")
    assert [again.options_of(member)["embedding"] for member in range(4)] == [8, 12, 8, 12]
    assert load_network(again).embed(torch.rand(3, 1, 20, 20)).shape == (3, 40)


def test_a_further_training_starts_from_the_weights_of_the_one_before(
    folder: Path, tmp_path: Path
) -> None:
    still = {"epochs": 1, "learning_rate": 1e-9, "weight_decay": 0}
    once = small_recipe(storage="float32")
    twice = small_recipe(
        storage="float32", then=[{"training": still, "augmentation": {"blur": 0.5}}]
    )
    later = twice.of_member(0).stages()[1]
    assert (later.training.epochs, later.training.batch_size) == (1, 16)
    assert (later.augmentation.blur, later.augmentation.flip) == (0.5, 0.5)
    faces = faces_for(once, folder, "train")
    epochs: list[int] = []
    learn = partial(train_backbone, faces=faces, on_epoch=lambda r: epochs.append(r.epoch))
    learn(once, folder=tmp_path / "once")
    first = learn(twice, folder=tmp_path / "twice")
    assert epochs == [1, 2, 3, 4, 1, 2, 3, 4, 1]
    weights = [
        load_network(read_card(tmp_path / name / "small.yaml")).state_dict()["project.weight"]
        for name in ("once", "twice")
    ]
    assert torch.allclose(*weights, atol=1e-6)
    # stopped before the end of the second: only that is done again, to the same bytes
    (tmp_path / "twice" / "stage_1" / "checkpoint.safetensors").unlink()
    epochs.clear()
    assert learn(twice, folder=tmp_path / "twice").sha256 == first.sha256
    assert epochs == [1]


def test_members_that_can_not_be_are_refused(folder: Path, tmp_path: Path) -> None:
    wrong = small_recipe(members=[{}, {"options": {"embedding": 12}}])
    faces = faces_for(wrong, folder, "train")
    with pytest.raises(ConfigError, match="has 12 values, expected 8"):
        train_member(wrong, *split_off_inner(faces, 0.25, 0), tmp_path, 1)
    with pytest.raises(ValueError, match="keep its options"):
        small_recipe(network="emotion_cnn", side=48, members=[{}, {"embedding": 3}])
    with pytest.raises(ValueError, match="at least 1"):
        small_recipe(members=0)
    card = small_recipe().network.model_dump()  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="member_options: 1 entries for members: 2"):
        WeightsCard.model_validate(card | {"members": 2, "member_options": [{}]})


def going_on(trained: Path, **changes: Any) -> BackboneRecipe:
    entries = {"name": "on", "network": str(trained / "small.yaml"), "keep_head": True}
    return small_recipe(**entries | changes)


def test_a_network_that_keeps_its_head_goes_on_with_its_answers(
    folder: Path, trained: Path, tmp_path: Path
) -> None:
    still = {"epochs": 1, "learning_rate": 1e-9, "weight_decay": 0}
    recipe = going_on(trained, training=still, storage="float32")
    card = train_backbone(recipe, faces_for(recipe, folder, "train"), tmp_path)
    before, after = (
        load_network(read_card(path)).state_dict()["head.weight"]
        for path in (trained / "small.yaml", tmp_path / "on.yaml")
    )
    assert torch.allclose(before / card.notes["temperature"], after, atol=1e-3)
    other = going_on(trained, labels=["Angry", "Happy"])
    with pytest.raises(ConfigError, match="score Happy, Angry, expected Angry, Happy"):
        train_backbone(other, faces_for(other, folder, "train"), tmp_path / "other")
    with pytest.raises(ValueError, match="no head to keep"):
        small_recipe(keep_head=True)
    with pytest.raises(ValueError, match="keep_head"):
        small_recipe(network=str(trained / "small.yaml"), distil=0.5)


def test_blended_weights_lie_between_two_trainings(
    folder: Path, trained: Path, tmp_path: Path
) -> None:
    faces = faces_for(small_recipe(), folder, "train")
    half, whole = (
        train_member(going_on(trained, blend=share), faces, faces, tmp_path / str(share)).network
        for share in (0.5, 1)
    )
    begun = load_network(read_card(trained / "small.yaml")).state_dict()
    for name, value in half.state_dict().items():
        if value.is_floating_point():
            middle = (begun[name] + whole.state_dict()[name]) / 2
            assert torch.allclose(value, middle, atol=1e-5), name
    assert not torch.allclose(half.state_dict()["head.weight"], begun["head.weight"])


def test_targets_are_labels_mixed_with_what_the_network_says(
    folder: Path, trained: Path, tmp_path: Path
) -> None:
    recipe = going_on(trained, distil=0.25)
    faces = faces_for(recipe, folder, "train")
    card = read_card(trained / "small.yaml")
    network = load_network(card)
    found = soft_targets(recipe, network, card, faces, 5, tmp_path)
    assert found.shape == (125, 2)
    assert found[120:].unique().tolist() == [0.5]
    source = FaceSource(faces, card, recipe.augmentation)
    said = predict(network, source, recipe.training).softmax(1)
    truth = torch.eye(2)[torch.from_numpy(faces.targets)]
    assert torch.allclose(found[:120], 0.75 * truth + 0.25 * said, atol=1e-5)
    # on a machine that computes otherwise, a training goes on with the targets that it began with
    with torch.no_grad():
        assert network.head is not None
        network.head.weight.mul_(2)  # type: ignore[operator, union-attr]
    again = soft_targets(recipe, network, card, faces, 5, tmp_path)
    assert torch.equal(again, found)
    newer = card.model_copy(update={"sha256": "0" * 64})
    assert not torch.equal(soft_targets(recipe, network, newer, faces, 5, tmp_path), found)


def test_who_is_shown_nothing_becomes_unsure_of_it(
    folder: Path, trained: Path, tmp_path: Path
) -> None:
    recipe = going_on(
        trained,
        augmentation={"nothing": 1},
        training={"epochs": 12, "batch_size": 16, "learning_rate": 0.02, "restore_best": False},
    )
    faces = faces_for(recipe, folder, "train")
    member = train_member(recipe, faces, faces, tmp_path)
    source = FaceSource(faces, member.start, STILL, shares=torch.zeros(240, 2))
    nothing = source.batch(torch.arange(120, 240), torch.Generator().manual_seed(5))[0]
    with torch.inference_mode():
        before, after = (
            float(network(nothing).softmax(1).amax(1).mean())
            for network in (load_network(member.start), member.network)
        )
    assert after < before - 0.1


def test_a_card_says_when_its_network_is_unsure(folder: Path, tmp_path: Path) -> None:
    weak = {"epochs": 1, "batch_size": 16, "learning_rate": 1e-4}
    faces = faces_for(small_recipe(), folder, "train")
    recipe = small_recipe(reliable=0.6, training=weak)
    notes = train_backbone(recipe, faces, tmp_path).notes
    below = read_card(tmp_path / "small.yaml").unsure_below
    assert notes["inner_accuracy"] < 0.6
    assert 0.5 < below <= 1
    assert notes["inner_answered"] < 1


def test_when_to_be_unsure_changes_no_feature(trained: Path) -> None:
    from emotiw.core.weights import fingerprint

    card = read_card(trained / "small.yaml")
    assert fingerprint(card.model_copy(update={"unsure_below": 0.5})) == fingerprint(card)


def test_a_network_larger_than_the_faces_is_refused() -> None:
    with pytest.raises(ValueError, match="less than the network's 20"):
        small_recipe(side=16)


@pytest.mark.real_data
def test_fer2013_is_read_whole(real_data: Path) -> None:
    from emotiw.core.config import packaged

    recipe = BackboneRecipe.read(packaged("recipes", "fer2013.yaml"))
    if not (real_data / "fer2013.zip").is_file():
        pytest.skip("no fer2013.zip in the folder of real data")
    faces = faces_for(recipe, real_data / "fer2013.zip", "test")
    assert len(faces) == 7178
    counts = dict(zip(recipe.labels, np.bincount(faces.targets).tolist(), strict=True))
    assert counts["Happy"] == 1774
    assert counts["Disgust"] == 111


def test_members_trained_apart_are_joined_into_their_mean(folder: Path, tmp_path: Path) -> None:
    recipe = small_recipe(members=2)
    faces = faces_for(recipe, folder, "train")
    card = train_backbone(recipe, faces, tmp_path / "together")
    assert (card.members, card.embedding) == (2, 16)
    training, inner = split_off_inner(faces, recipe.validation_fraction, recipe.seed)
    apart = [
        train_member(recipe, training, inner, tmp_path / "apart", index).network for index in (1, 0)
    ]
    assert not torch.equal(apart[0].head.weight, apart[1].head.weight)  # type: ignore[union-attr]
    # what was trained apart is found, and gives the same bytes
    assert train_backbone(recipe, faces, tmp_path / "apart").sha256 == card.sha256
    shown = torch.rand(5, 1, 20, 20)
    mean = (apart[0](shown) + apart[1](shown)) / 2 / card.notes["temperature"]
    joined = load_network(read_card(tmp_path / "together" / "small.yaml"))
    assert torch.allclose(joined(shown), mean, atol=2e-2)  # stored as float16
    tuned = small_recipe(
        name="tuned", network=str(tmp_path / "together" / "small.yaml"), members=2, side=24
    )
    train_backbone(tuned, faces, tmp_path / "tuned")
    again = read_card(tmp_path / "tuned" / "tuned.yaml")
    assert load_network(again).embed(shown).shape == (5, 32)


def test_the_head_is_as_sure_as_the_held_out_faces_allow(folder: Path, tmp_path: Path) -> None:
    recipe = small_recipe(storage="float32")
    faces = faces_for(recipe, folder, "train")
    is_wrong = np.random.default_rng(0).random(len(faces)) < 0.3
    faces = replace(faces, targets=np.where(is_wrong, 1 - faces.targets, faces.targets))
    card = train_backbone(recipe, faces, tmp_path)
    _, inner = split_off_inner(faces, 0.25, recipe.seed)
    network = load_network(read_card(tmp_path / "small.yaml"))
    logits = predict(network, FaceSource(inner, card, STILL), recipe.training)
    assert fit_temperature(logits.double().numpy(), inner.targets) == pytest.approx(1, abs=0.01)
    assert card.notes["inner_accuracy"] == (logits.argmax(1).numpy() == inner.targets).mean() < 1
