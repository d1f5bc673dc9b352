"""Vectors of snippets: the right layer, the right pixels, weights under any of their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from safetensors.torch import save_file

from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.weights import card_names, read_card
from features.clips.c3d import C3D
from features.clips.c3d_weights import published_state
from features.clips.clip_embedding import VideoEmbedding
from features.clips.clip_features import ClipFeatures, ClipFeaturesOptions
from features.clips.clip_networks import VIDEO_NETWORKS, fill, make_video_network
from features.registry import EXTRACTORS

SMALL = {"width": 0.0625}


def caffe_state(seed: int = 0) -> dict[str, torch.Tensor]:
    """The weights of a small C3D under Caffe's names."""
    torch.manual_seed(seed)
    renamed = {}
    for name, tensor in C3D(1, size=32, **SMALL).state_dict().items():
        layer, kind = name.split(".")
        layer = {"conv1": "conv1a", "conv2": "conv2a"}.get(layer, layer)
        layer = f"{layer}-1" if layer.startswith("fc") else layer
        renamed[f"{layer}.{kind}"] = tensor.contiguous()
    return renamed


def write_card(folder: Path, state: dict[str, torch.Tensor], **changes: Any) -> str:
    save_file(state, folder / "c3d.safetensors")
    entries: dict[str, Any] = {
        "name": "small",
        "backbone": "c3d",
        "source": "{file: c3d.safetensors}",
        "size": 32,
        "colour": "bgr",
        "mean": "[0.353928, 0.382969, 0.397680]",
        "std": "[0.00392157, 0.00392157, 0.00392157]",
        "embedding": 256,
        "options": "{width: 0.0625}",
        **changes,
    }
    path = folder / "card.yaml"
    path.write_text("\n".join(f"{key}: {value}" for key, value in entries.items()) + "\n")
    return str(path)


def pictures(n: int = 20, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Reddish noise, as skin would be."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 120, (n, 32, 32, 3))
    return (noise + np.array([120, 60, 30])).astype(np.uint8)


def vectors(folder: Path, **changes: Any) -> npt.NDArray[np.float32]:
    card = write_card(folder, caffe_state(), **changes)
    return ClipFeatures("c3d", ClipFeaturesOptions(weights=card)).embed(pictures())


def test_a_row_is_the_hidden_layer_of_blue_first_pixels_without_their_mean(tmp_path: Path) -> None:
    network = C3D(1, size=32, **SMALL).eval()
    network.load_state_dict(published_state(caffe_state()))
    seen = pictures()[:16, :, :, ::-1] - np.array([90.25, 97.66, 101.41])
    snippet = torch.from_numpy(seen.astype(np.float32)).permute(3, 0, 1, 2)[None]
    with torch.inference_mode():
        fc6 = torch.nn.functional.normalize(network.activations(snippet)["fc6"])
    found = vectors(tmp_path)
    assert found.shape == (1, 256)
    assert np.allclose(found, fc6.numpy(), atol=1e-3)


@pytest.mark.parametrize(
    "wrong", [{"colour": "rgb"}, {"mean": "[0.0, 0.0, 0.0]"}], ids=["colours", "mean"]
)
def test_the_wrong_pixels_change_a_descriptor_more_than_another_clip_does(
    tmp_path: Path, wrong: dict[str, str]
) -> None:
    right = vectors(tmp_path)[0]
    extractor = ClipFeatures("c3d", ClipFeaturesOptions(weights=str(tmp_path / "card.yaml")))
    other = extractor.embed(pictures(seed=9))[0]
    assert float(right @ vectors(tmp_path, **wrong)[0]) < float(right @ other) < 0.999


@pytest.mark.parametrize("prefix", ["", "module.", "backbone."])
@pytest.mark.parametrize("style", ["port", "caffe", "caffe2", "wrapped"])
def test_weights_are_known_by_any_of_their_names(prefix: str, style: str) -> None:
    network = C3D(1, size=32, **SMALL)
    state = caffe_state(seed=5)
    if style == "port":
        state = published_state(state)
    elif style == "caffe2":
        short = {"weight": "w", "bias": "b"}
        state = {
            name.rsplit(".", 1)[0] + "_" + short[name.rsplit(".", 1)[1]]: tensor
            for name, tensor in state.items()
        }
        state = {n: t[None] if n.endswith("_b") else t for n, t in state.items()}
    elif style == "wrapped":
        state = {
            name.replace(".", ".conv.") if name.startswith("conv") else name: tensor
            for name, tensor in state.items()
        }
    renamed = published_state({prefix + name: tensor for name, tensor in state.items()})
    fill(network, renamed, optional=(), where="test")
    assert torch.equal(network.conv1.weight, caffe_state(seed=5)["conv1a.weight"])
    assert torch.equal(network.fc7.bias, caffe_state(seed=5)["fc7-1.bias"])


def test_weights_that_do_not_fit_are_named_all_at_once() -> None:
    state = published_state(caffe_state())
    del state["conv1.bias"]
    state["fc6.weight"] = torch.zeros(3, 3)
    with pytest.raises(WeightsError, match=r"2 problems\n.*conv1.bias: missing\n.*fc6.weight"):
        fill(C3D(1, size=32, **SMALL), state, optional=("fc8.weight", "fc8.bias"), where="x")


def test_every_snippet_has_a_row_of_its_own(tmp_path: Path) -> None:
    extractor = ClipFeatures(
        "c3d", ClipFeaturesOptions(weights=write_card(tmp_path, caffe_state()))
    )
    assert extractor.spec.shape == (256,)
    assert extractor.spec.unit == "snippet"
    whole = extractor.embed(pictures(100))
    assert whole.shape == (11, 256)
    assert np.allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-5)
    assert np.allclose(extractor.embed(pictures(100)[80:96])[0], whole[10], atol=1e-5)
    assert len(extractor.weights_fingerprint) == 64


def test_weights_of_no_clip_network_are_refused() -> None:
    with pytest.raises(ConfigError, match="no clip network"):
        ClipFeatures("c3d", ClipFeaturesOptions(weights="mtcnn_onet"))
    assert {"c3d", "c3d_scene"} <= set(EXTRACTORS.names())


def test_every_video_network_has_a_card_that_fits_it() -> None:
    for name, network in VIDEO_NETWORKS.items():
        card = read_card(f"{name}_kinetics400")
        assert card.backbone == name
        with torch.device("meta"):
            answer = make_video_network(name, 5).get_submodule(network.answer)
        assert answer.weight.shape[:2] == (5, card.embedding)
        assert network.sizes[0] <= card.size
    assert "c3d_sports1m" in card_names()


def test_the_embedding_of_a_video_network_is_what_its_last_layer_reads() -> None:
    network = make_video_network("mc3_18", 3).eval()
    snippets = torch.randn(2, 3, 4, 16, 16)
    with torch.inference_mode():
        embedding = VideoEmbedding(network, "fc")(snippets)
        assert embedding.shape == (2, 512)
        assert torch.allclose(network.fc(embedding), network(snippets), atol=1e-5)
