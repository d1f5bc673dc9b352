"""Networks asked through onnxruntime say what torch says, and say what is wrong with weights."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from emotiw.core.errors import ConfigError, MachineError, WeightsError
from emotiw.core.kept_arrays import arrays_of
from emotiw.core.stored_tensors import load_state, stored
from emotiw.core.weights import WeightsCard
from features.backbones.asked_network import DRAWN, AskedNetwork
from features.backbones.loading import build_network

LABELS = ("Angry", "Happy", "Sad")
CROPS = np.random.default_rng(0).integers(0, 256, (5, 112, 112, 3)).astype(np.uint8)
GREY: dict[str, Any] = {"colour": "grey", "mean": (0.0,), "std": (1.0,), "size": 36}
STRIDES = {"stem": 4, "widths": (6, 6, 9), "embedding": 8}
MAXIMA = {"stem": 4, "widths": (5, 8), "embedding": 7, "depth": 2, "pooled": True}
NETWORKS: dict[str, dict[str, Any]] = {
    "strides": {"backbone": "frame_cnn", "options": STRIDES, "embedding": 8, "labels": LABELS},
    "maxima": {"backbone": "frame_cnn", "options": MAXIMA, "embedding": 7, "labels": LABELS},
    "both, mirrored": {
        "backbone": "frame_cnn",
        "members": 2,
        "member_options": (STRIDES, MAXIMA),
        "embedding": 15,
        "labels": LABELS,
        "mirrored": True,
    },
}


def card_of(folder: Path, entries: dict[str, Any], storage: Any = "float32") -> WeightsCard:
    """A card whose network has random weights, and statistics as if it had been trained."""
    source = {"file": folder / "weights.safetensors"}
    card = WeightsCard.model_validate({"name": "small", "source": source, **GREY, **entries})
    torch.manual_seed(0)
    network = build_network(card)
    for name, values in network.state_dict().items():
        if "running" in name or ("norm" in name and name.endswith(("weight", "bias"))):
            values.copy_(torch.rand_like(values) + 0.5)
    save_file(stored(network.state_dict(), storage), source["file"])
    return card


def plain_card(folder: Path) -> WeightsCard:
    """The card of a plain PyTorch state dict."""
    source = {"file": folder / "w.pt"}
    told = {"name": "plain", "backbone": "any", "size": 1, "embedding": 1, "source": source}
    return WeightsCard.model_validate(told)


def test_each_network_that_can_be_drawn_is_compared_here() -> None:
    assert {entries["backbone"] for entries in NETWORKS.values()} == set(DRAWN)


@pytest.mark.parametrize("storage", ["float32", "int8"])
@pytest.mark.parametrize("what", NETWORKS)
def test_onnxruntime_says_what_torch_says(what: str, storage: str, tmp_path: Path) -> None:
    asked = AskedNetwork(card_of(tmp_path, NETWORKS[what], storage))
    by_torch = asked.by_torch()
    expected = by_torch(np.stack([_prepared(asked.card, crop) for crop in CROPS]))
    for own, other in zip(asked(CROPS), expected, strict=True):
        assert own is not None
        assert other is not None
        assert own.shape == other.shape
        assert np.abs(other).max() > 0.1
        assert np.allclose(own, other, atol=1e-5)


def test_a_face_alone_has_the_bits_that_it_has_among_others(tmp_path: Path) -> None:
    asked = AskedNetwork(card_of(tmp_path, NETWORKS["both, mirrored"]))
    together = asked(CROPS)[0]
    for row in range(len(CROPS)):
        assert np.array_equal(asked(CROPS[row : row + 1])[0], together[row : row + 1])


def test_it_can_be_copied_and_sent_after_it_was_asked(tmp_path: Path) -> None:
    asked = AskedNetwork(card_of(tmp_path, NETWORKS["strides"]))
    expected = asked(CROPS)[0]
    assert np.array_equal(copy.deepcopy(asked)(CROPS)[0], expected)


def test_a_network_without_labels_has_an_embedding_alone(tmp_path: Path) -> None:
    asked = AskedNetwork(card_of(tmp_path, {**NETWORKS["strides"], "labels": ()}))
    embedding, logits = asked(CROPS)
    # its file has a head that nobody asks for
    assert (embedding.shape, logits) == ((5, 8), None)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda state: state.pop("project.weight"),
            "weights 'small': weights don't fit: project.weight is missing",
        ),
        (lambda state: state.update(more=torch.zeros(2)), r"\['more'\] left over"),
        (lambda state: state.update({"project.weight": torch.zeros(8, 3)}), "no ONNX network"),
    ],
)
def test_weights_that_do_not_fit_are_named(change: Any, told: str, tmp_path: Path) -> None:
    card = card_of(tmp_path, NETWORKS["strides"])
    state = load_state(tmp_path / "weights.safetensors")
    change(state)
    save_file(state, tmp_path / "weights.safetensors")
    with pytest.raises(WeightsError, match=told):
        AskedNetwork(card)(CROPS)


def test_an_option_that_there_is_not_is_named(tmp_path: Path) -> None:
    card = card_of(tmp_path, NETWORKS["strides"])
    card = card.model_copy(update={"options": {**STRIDES, "widhts": (6, 6)}})
    with pytest.raises(ConfigError, match="'small': frame_cnn has no option widhts"):
        AskedNetwork(card)(CROPS)


def test_torch_reads_its_own_files_once_on_a_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOTIW_CACHE", str(tmp_path / "cache"))
    state = {"w": torch.arange(6.0).view(2, 3).T, "b": torch.ones(2)}  # its rows lie in columns
    torch.save(state, tmp_path / "w.pt")
    found = [arrays_of(plain_card(tmp_path))]
    monkeypatch.setattr("emotiw.core.kept_arrays.load_state", pytest.fail)
    found.append(arrays_of(plain_card(tmp_path)))
    for arrays in found:
        assert arrays["w"].tolist() == [[0, 3], [1, 4], [2, 5]]
        assert arrays["b"].tolist() == [1, 1]


def test_kept_arrays_that_were_changed_are_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOTIW_CACHE", str(tmp_path / "cache"))
    torch.save({"w": torch.ones(2)}, tmp_path / "w.pt")
    arrays_of(plain_card(tmp_path))
    (kept,) = (tmp_path / "cache").rglob("*.safetensors")
    data = bytearray(kept.read_bytes())
    data[-1] ^= 1
    kept.write_bytes(bytes(data))
    assert arrays_of(plain_card(tmp_path))["w"].tolist() == [1, 1]
    assert kept.read_bytes() != bytes(data)


def test_where_nothing_can_be_kept_torch_reads_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise MachineError("no space left")

    monkeypatch.setenv("EMOTIW_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("emotiw.core.kept_arrays.atomic_write", full)
    torch.save({"w": torch.ones(2)}, tmp_path / "w.pt")
    assert [arrays_of(plain_card(tmp_path))["w"].tolist() for _ in range(2)] == [[1, 1]] * 2


def _prepared(card: WeightsCard, crop: Any) -> Any:
    from features.backbones.prepare import prepare_faces

    return prepare_faces(crop[None], card)[0]
