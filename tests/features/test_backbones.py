"""One contract for every registered backbone, checked with small random weights."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
import yaml
from safetensors.torch import save_file

from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.face_tracks import FaceTracks
from emotiw.core.weights import WeightsCard, locate, read_card
from features.backbones.loading import build_network, load_network
from features.backbones.prepare import prepare_faces
from features.backbones.registry import BACKBONES
from features.extractor import ClipSource
from features.frames.frame_embeddings import FrameEmbeddings, FrameEmbeddingsOptions
from tests.small_parts import write_onnx

LABELS = ("Angry", "Happy", "Sad")
CARDS: dict[str, dict[str, Any]] = {
    "frame_cnn": {
        "size": 40,
        "colour": "grey",
        "mean": [0.0],
        "std": [1.0],
        "embedding": 16,
        "labels": LABELS,
        "options": {"stem": 4, "widths": [8, 8], "embedding": 16},
    },
    "mtcnn_onet": {"size": 48, "embedding": 256},
    "inception_resnet_v1": {"size": 96, "embedding": 512, "labels": LABELS},
    "timm": {
        "size": 32,
        "embedding": 64,
        "labels": LABELS,
        "options": {"model": "resnet10t", "channels": (8, 16, 32, 64), "stem_width": 8},
    },
    "torchvision": {
        "size": 64,
        "embedding": 1024,
        "labels": LABELS,
        "options": {"model": "mobilenet_v3_small"},
    },
    "onnx": {
        "size": 8,
        "embedding": 6,
        "labels": LABELS,
        "options": {"embedding_output": "embedding", "logits_output": "logits"},
    },
}


def faces(n: int, side: int = 112, seed: int = 0) -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (n, 7, 7, 3))
    return np.asarray(coarse.repeat(side // 7, 1).repeat(side // 7, 2), dtype=np.uint8)


def card_file(folder: Path, backbone: str) -> Path:
    """Write random weights and their card; return the card."""
    entries = {"name": backbone, "backbone": backbone, "licence": "none", **CARDS[backbone]}
    weights = folder / f"{backbone}{'.onnx' if backbone == 'onnx' else '.safetensors'}"
    if backbone == "onnx":
        write_onnx(weights)
    else:
        torch.manual_seed(1)
        network = build_network(WeightsCard.model_validate(entries))
        for module in network.modules():  # running statistics that are not the identity
            if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
                torch.nn.init.uniform_(module.running_var, 0.5, 1.5)  # type: ignore[arg-type]
        save_file({n: t.contiguous().clone() for n, t in network.state_dict().items()}, weights)
    entries["source"] = {"file": weights.name}
    path = folder / f"{backbone}.yaml"
    plain = {k: list(v) if isinstance(v, tuple) else v for k, v in entries.items()}
    plain["options"] = {
        k: list(v) if isinstance(v, tuple) else v for k, v in entries.get("options", {}).items()
    }
    path.write_text(yaml.safe_dump(plain))
    return path


@pytest.fixture(params=BACKBONES.names())
def card_path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return card_file(tmp_path, request.param)


def test_every_backbone_keeps_the_contract(card_path: Path) -> None:
    card = read_card(card_path)
    values = "both" if card.labels else "embedding"
    options = FrameEmbeddingsOptions(weights=str(card_path), values=values)
    extractor = FrameEmbeddings("x", options)
    crops = faces(5)
    rows = extractor.embed(crops)
    assert rows.shape == (5, *extractor.spec.shape)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    scaled = rows[:, : card.embedding] / np.abs(rows[:, : card.embedding]).max()
    assert len(np.unique(scaled.round(4), axis=0)) == 5  # the faces are told apart
    assert np.array_equal(rows, extractor.embed(crops))
    alone = np.concatenate([extractor.embed(crops[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(alone, rows, atol=2e-5, rtol=1e-4)
    again = FrameEmbeddings("x", options)  # loaded anew from the file
    assert np.array_equal(again.embed(crops), rows)
    assert again.weights_fingerprint == extractor.weights_fingerprint
    if card.labels:
        np.testing.assert_allclose(rows[:, card.embedding :].sum(1), 1, atol=1e-5)


def test_a_mirrored_card_means_both_views(card_path: Path) -> None:
    entries = yaml.safe_load(card_path.read_text())
    both_path = card_path.with_name("both.yaml")
    both_path.write_text(yaml.safe_dump({**entries, "mirrored": True}))
    one, both = (
        FrameEmbeddings("x", FrameEmbeddingsOptions(weights=str(path))).embed
        for path in (card_path, both_path)
    )
    crops = faces(3)
    mirrored = np.ascontiguousarray(crops[:, :, ::-1])
    plain, other, mean, again = one(crops), one(mirrored), both(crops), both(mirrored)
    size = np.abs(plain).max()
    assert np.abs(plain - other).max() > 1e-3 * size
    np.testing.assert_allclose(mean, (plain + other) / 2, atol=1e-4 * size)
    np.testing.assert_allclose(mean, again, atol=1e-4 * size)


def test_half_precision_keeps_the_stated_tolerance(card_path: Path) -> None:
    full, half = (
        FrameEmbeddings(
            "x", FrameEmbeddingsOptions.model_validate({"weights": str(card_path), "precision": p})
        ).embed(faces(8))
        for p in ("float32", "bfloat16")
    )
    cosine = (full * half).sum(1) / np.linalg.norm(full, axis=1) / np.linalg.norm(half, axis=1)
    assert cosine.min() > 0.999


def test_weights_stored_as_half_are_read_as_float32(tmp_path: Path) -> None:
    card = read_card(card_file(tmp_path, "frame_cnn"))
    path = locate(card)
    network = load_network(card)
    halved = {n: t.half() if t.ndim > 1 else t for n, t in network.state_dict().items()}
    save_file(halved, path)
    loaded = load_network(card)
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    x = torch.from_numpy(prepare_faces(faces(4), card))
    assert torch.allclose(loaded.embed(x), network.embed(x), atol=1e-2)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = card_file(tmp_path, "frame_cnn")
    save_file({"stem.weight": torch.zeros(2)}, tmp_path / "frame_cnn.safetensors")
    with pytest.raises(WeightsError, match=r"missing, e\.g\. .*left over"):
        load_network(read_card(path))


def test_public_weights_lose_their_classifier_and_nothing_else(tmp_path: Path) -> None:
    import timm

    torch.manual_seed(3)
    public = timm.create_model("resnet10t", num_classes=1000, channels=(8, 16, 32, 64)).eval()
    save_file(public.state_dict(), tmp_path / "public.safetensors")
    entries = {**CARDS["timm"], "name": "t", "backbone": "timm", "labels": ()}
    entries["options"] = {"model": "resnet10t", "channels": (8, 16, 32, 64)}
    entries["source"] = {"file": tmp_path / "public.safetensors"}
    network = load_network(WeightsCard.model_validate(entries))
    x = torch.rand(2, 3, 32, 32)
    expected = public.forward_head(public.forward_features(x), pre_logits=True)
    assert torch.allclose(network.embed(x), expected)


def test_a_public_classifier_of_the_labels_is_the_head_and_none_is_made_up(tmp_path: Path) -> None:
    """Its answers were those of a random layer, others each time."""
    import torchvision

    public = torchvision.models.get_model("mobilenet_v3_small", num_classes=3).eval()
    torch.save(public.state_dict(), tmp_path / "public.pth")
    entries = {**CARDS["torchvision"], "name": "t", "backbone": "torchvision"}
    entries["source"] = {"file": tmp_path / "public.pth"}
    card = WeightsCard.model_validate(entries)
    x = torch.rand(2, 3, 64, 64)
    assert torch.allclose(load_network(card)(x), public(x), atol=1e-6)
    with pytest.raises(WeightsError, match="'t': they hold no classifier of the card's 2 labels"):
        load_network(card.model_copy(update={"labels": LABELS[:2]}))
    assert load_network(card, labels=LABELS[:2])(x).shape == (2, 2)  # to be learnt


def _onnx_rows(folder: Path, **changes: Any) -> npt.NDArray[np.float32]:
    path = card_file(folder, "onnx")
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}))
    options = FrameEmbeddingsOptions(weights=str(path), values="scores")
    return FrameEmbeddings("x", options).embed(faces(5))


def test_probabilities_are_not_taken_for_logits(tmp_path: Path) -> None:
    expected = _onnx_rows(tmp_path)
    with pytest.raises(WeightsError, match="probabilities where logits are expected"):
        _onnx_rows(tmp_path, options={"logits_output": "probabilities"})
    found = _onnx_rows(tmp_path, options={"probabilities_output": "probabilities"})
    np.testing.assert_allclose(found, expected, atol=1e-6)
    both = {"logits_output": "logits", "probabilities_output": "probabilities"}
    with pytest.raises(ConfigError, match="not both"):
        _onnx_rows(tmp_path, options=both)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_an_onnx_file_of_a_fixed_batch_reads_any_number(
    n: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _onnx_rows(tmp_path)
    monkeypatch.setattr(sys.modules[__name__], "write_onnx", partial(write_onnx, n=n))
    np.testing.assert_allclose(_onnx_rows(tmp_path), expected, atol=1e-6)


def test_an_onnx_file_of_another_size_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"onnx.onnx: reads .*8, 8\], and is shown .*9, 9\]"):
        _onnx_rows(tmp_path, size=9)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_labels_in_another_order_than_the_weights_have_are_refused(
    precision: str, tmp_path: Path
) -> None:
    card = read_card("emotion_cnn")
    entries = card.model_dump(mode="json") | {"labels": card.labels[::-1]}
    (tmp_path / "turned.yaml").write_text(yaml.safe_dump(entries))
    told = {"weights": str(tmp_path / "turned.yaml"), "values": "scores", "precision": precision}
    extractor = FrameEmbeddings("x", FrameEmbeddingsOptions.model_validate(told))
    with pytest.raises(WeightsError, match=r"Angry, Disgust, .* the card says Surprise, Sad"):
        extractor.embed(faces(1))


def test_a_network_that_answers_no_numbers_is_refused(tmp_path: Path) -> None:
    path = card_file(tmp_path, "torchvision")
    weights = locate(read_card(path))
    state = load_network(read_card(path)).state_dict()
    save_file(
        {name: t * torch.nan if name == "head.bias" else t for name, t in state.items()}, weights
    )
    options = FrameEmbeddingsOptions(weights=str(path), values="scores")
    with pytest.raises(WeightsError, match="'torchvision': the network's answer is no number"):
        FrameEmbeddings("x", options).embed(faces(1))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"labels": ["Angry", "Sad", "Angry"]}, "one of them is there twice"),
        ({"window": [0.9, 0.1, 0.2, 0.9]}, "expected left, top, right, bottom"),
        ({"mean": [0.5, 0.5]}, "one value each, or one per channel"),
    ],
)
def test_cards_that_contradict_themselves(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        WeightsCard.model_validate({**CARDS["timm"], "name": "t", "backbone": "timm", **changes})


def test_the_onet_layer_is_the_one_that_its_own_heads_read() -> None:
    from facenet_pytorch.models.mtcnn import ONet

    card = read_card("mtcnn_onet")
    network, x = load_network(card), torch.from_numpy(prepare_faces(faces(3), card))
    onet = ONet(pretrained=True).eval()
    boxes, points, probability = onet(x)
    embedding = network.embed(x)
    assert torch.allclose(onet.dense6_2(embedding), boxes, atol=1e-5)
    assert torch.allclose(onet.dense6_3(embedding), points, atol=1e-5)
    assert torch.allclose(onet.softmax6_1(onet.dense6_1(embedding)), probability, atol=1e-5)


def test_an_embedding_of_another_size_than_the_card_says_is_refused(tmp_path: Path) -> None:
    path = card_file(tmp_path, "frame_cnn")
    path.write_text(path.read_text().replace("embedding: 16\nlabels", "embedding: 17\nlabels"))
    assert read_card(path).embedding == 17
    with pytest.raises(WeightsError, match="16 values, and the card says 17"):
        FrameEmbeddings("x", FrameEmbeddingsOptions(weights=str(path))).embed(faces(1))


def test_unknown_models_and_missing_labels_are_named(tmp_path: Path) -> None:
    entries = {**CARDS["timm"], "name": "t", "backbone": "timm", "options": {"model": "resnet18x"}}
    with pytest.raises(ConfigError, match="did you mean"):
        build_network(WeightsCard.model_validate(entries))
    with pytest.raises(ConfigError, match="score no labels"):
        FrameEmbeddings("x", FrameEmbeddingsOptions(weights="mtcnn_onet", values="scores"))


def test_colours_window_and_normalisation() -> None:
    entries: dict[str, Any] = {"name": "x", "backbone": "x", "size": 2, "embedding": 1}
    red = np.zeros((1, 4, 4, 3), np.uint8)
    red[..., 0] = 255
    bgr = prepare_faces(red, WeightsCard(**entries, colour="bgr", std=(0.5, 0.5, 0.5)))
    assert bgr[0, :, 0, 0].tolist() == [0, 0, 2]
    grey = prepare_faces(red, WeightsCard(**entries, colour="grey", mean=(0.0,), std=(1.0,)))
    assert grey.shape == (1, 1, 2, 2)
    assert grey.ravel().tolist() == pytest.approx([0.299] * 4)
    ramp = np.broadcast_to(np.arange(4, dtype=np.uint8)[:, None] * 10, (1, 4, 4))[..., None]
    crops = np.ascontiguousarray(np.broadcast_to(ramp, (1, 4, 4, 3)))
    middle = prepare_faces(crops, WeightsCard(**entries, window=(0.25, 0.25, 0.75, 0.75)))
    assert (middle[0, 0] * 255).round().tolist() == [[10, 10], [20, 20]]
    wide = WeightsCard(**{**entries, "size": 8}, window=(-0.5, -0.5, 1.5, 1.5))
    column = (prepare_faces(crops, wide)[0, 0, :, 0] * 255).round().tolist()
    assert column == [0, 0, 0, 10, 20, 30, 30, 30]


def test_detail_is_raised_as_often_as_the_card_says_and_stays_in_range() -> None:
    entries: dict[str, Any] = {"name": "x", "backbone": "x", "size": 5, "embedding": 1}
    crops = np.full((1, 5, 5, 3), 100, np.uint8)
    crops[0, 2, 2] = 116
    once, often = (
        (prepare_faces(crops, WeightsCard(**entries, sharpen=amount))[0, 0] * 255).round()
        for amount in (1.0, 20.0)
    )
    # of a dot of 16 the blur keeps 4, takes 2 to each side and 1 to each corner
    assert once[1:4, 1:4].tolist() == [[99, 98, 99], [98, 128, 98], [99, 98, 99]]
    assert once[0].tolist() == [100] * 5
    assert often[2, 2] == 255
    assert often[1, 1:4].tolist() == [80, 60, 80]
    wide = np.zeros((1, 20, 20, 3), np.uint8)
    wide[:, :, 9:] = 255
    soft, crisp = (
        prepare_faces(wide, WeightsCard(**entries, resample=how))[0, 0, 2]
        for how in ("bilinear", "bicubic")
    )
    assert crisp[1] < soft[1]
    assert crisp[2] > soft[2]
    assert 0 <= crisp.min() <= crisp.max() <= 1


def face_tracks(crops: npt.NDArray[np.uint8], frames: list[int], n_frames: int) -> FaceTracks:
    import io

    from PIL import Image

    files = []
    for crop in crops:
        buffer = io.BytesIO()
        Image.fromarray(crop).save(buffer, "JPEG", quality=95)
        files.append(buffer.getvalue())
    n = len(files)
    return FaceTracks(
        n_frames=n_frames,
        time_sec=np.arange(n_frames) / 25,
        frame_size=(320, 240),
        track=np.zeros(n, np.int32),
        frame=np.array(frames, np.int32),
        box=np.zeros((n, 4), np.float32),
        landmarks=np.zeros((n, 5, 2), np.float32),
        confidence=np.ones(n, np.float32),
        origin=np.zeros(n, np.uint8),
        transform=np.zeros((n, 2, 3), np.float32),
        crop_size=crops.shape[1],
        crop_jpeg=np.frombuffer(b"".join(files), np.uint8),
        crop_offset=np.cumsum([0, *map(len, files)]).astype(np.int64),
    )


def test_frames_without_a_face_are_masked(tmp_path: Path) -> None:
    weights = str(card_file(tmp_path, "frame_cnn"))
    extractor = FrameEmbeddings("x", FrameEmbeddingsOptions(weights=weights))
    source = ClipSource("a", Path("a.avi"), face_tracks(faces(3), [0, 2, 3], 5))
    array = extractor.extract(source).array
    array.check(extractor.spec, "a")
    assert array.present.tolist() == [True, False, True, True, False]
    nobody = ClipSource("b", Path("b.avi"), face_tracks(faces(0), [], 4))
    array = extractor.extract(nobody).array
    array.check(extractor.spec, "b")
    assert array.present.tolist() == [False] * 4


def test_many_faces_are_the_same_as_few(tmp_path: Path) -> None:
    weights = str(card_file(tmp_path, "frame_cnn"))
    extractor = FrameEmbeddings("x", FrameEmbeddingsOptions(weights=weights))
    crops = faces(130, side=56)
    rows = extractor.embed(crops)
    np.testing.assert_allclose(rows[100:110], extractor.embed(crops[100:110]), atol=2e-5)
