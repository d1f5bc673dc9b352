"""What makes every registered part small enough to be tried out, and what they need to be made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import torch
import torchaudio
import yaml
from safetensors.torch import save_file

from emotiw.checks.small_clips import small_source
from emotiw.demo.voice import SAMPLING_RATE, TYPICAL_VOICE, speak
from features.extractor import ClipSource
from tests.small_weights import write_small_weights

LABELS = ("Angry", "Happy", "Sad")
BRIEF: dict[str, Any] = {"epochs": 2, "batch_size": 9, "precision": "float32"}
LOGISTIC = {"model": "logistic", "c": 1.0}
MODEL_OPTIONS: dict[str, dict[str, Any]] = {
    "imported": {"path": "scores.csv"},
    "boosting": {"n_trees": 10, "min_samples_leaf": 3},
    "mlp": {"hidden": [8], "n_epochs": 20},
    "lstm": {"hidden": 6, "training": BRIEF},
    "gru": {"hidden": 6, "training": BRIEF},
    "tcn": {"channels": 6, "blocks": 2, "training": BRIEF},
    "attention": {"channels": 6, "heads": 2, "training": BRIEF},
    "spectrogram_cnn": {
        "channels": (4, 6), "max_freq_mask": 2, "shift_bands": 1, "training": BRIEF
    },
    "conv_rnn": {"stem": (4, 4), "channels": 4, "crop_size": 16, "length": 6, "training": BRIEF},
    "face_network": {"weights": "mtcnn_onet", "crop_size": 48, "training": BRIEF},
    "video": {
        "network": "mc3_18", "crop_size": 16, "length": 4, "training": {**BRIEF, "epochs": 1}
    },
    "c3d": {"width": 0.0625, "crop_size": 16, "training": BRIEF},
    "group": {"learner": LOGISTIC},
    "individuals": {"learner": LOGISTIC},
    "group_network": {"channels": 4, "training": BRIEF},
    "one_vs_rest": {"learner": LOGISTIC},
    "expected_value": {"learner": LOGISTIC},
    "ensemble": {"learner": LOGISTIC, "n": 3},
    "segments": {"learner": LOGISTIC},
    "pseudo_labels": {"learner": LOGISTIC, "n": 3, "rounds": 2, "confidence": 0.5},
    "early": {"learner": LOGISTIC},
    "gated": {"channels": 8, "training": BRIEF},
    "low_rank": {"channels": 8, "rank": 2, "training": BRIEF},
    "cross_attention": {"channels": 8, "heads": 2, "training": BRIEF},
    "joint_attention": {"channels": 8, "heads": 2, "training": BRIEF},
}  # fmt: skip
SPEECH: dict[str, Any] = {
    "extractor_mode": "group_norm",
    "extractor_conv_layer_config": [[8, 10, 5], *([[8, 3, 2]] * 4), *([[8, 2, 2]] * 2)],
    "extractor_conv_bias": False,
    "encoder_embed_dim": 12,
    "encoder_projection_dropout": 0.1,
    "encoder_pos_conv_kernel": 16,
    "encoder_pos_conv_groups": 4,
    "encoder_num_layers": 2,
    "encoder_num_heads": 2,
    "encoder_attention_dropout": 0.1,
    "encoder_ff_interm_features": 16,
    "encoder_ff_interm_dropout": 0.0,
    "encoder_dropout": 0.1,
    "encoder_layer_norm_first": False,
    "encoder_layer_drop": 0.5,
    "aux_num_out": None,
}
BACKBONE_CARDS: dict[str, dict[str, Any]] = {
    "frame_cnn": {
        "size": 16, "colour": "grey", "mean": [0.0], "std": [1.0], "embedding": 8,
        "options": {"stem": 4, "widths": [8], "embedding": 8},
    },
    "mtcnn_onet": {"size": 48, "embedding": 256},
    "inception_resnet_v1": {"size": 96, "embedding": 512},
    "timm": {
        "size": 32, "embedding": 64,
        "options": {"model": "resnet10t", "channels": (8, 16, 32, 64), "stem_width": 8},
    },
    "torchvision": {"size": 64, "embedding": 1024, "options": {"model": "mobilenet_v3_small"}},
    "onnx": {
        "size": 8, "embedding": 6, "labels": LABELS,
        "options": {"embedding_output": "embedding", "logits_output": "logits"},
    },
}  # fmt: skip


def extractor_source(name: str, folder: Path) -> ClipSource:
    """Return a clip that the extractor of that name finds something in."""
    if name != "voice":
        return small_source(folder)
    path = folder / "spoken.wav"
    spoken = speak(TYPICAL_VOICE["Fear"], 2.0, np.random.default_rng(0))
    soundfile.write(path, spoken.waveform, SAMPLING_RATE, subtype="FLOAT")
    return ClipSource("spoken", path)


def extractor_options(name: str, folder: Path) -> dict[str, Any]:
    """Return what the extractor of that name needs, having written it into the folder."""
    if name == "imported":
        (folder / "rows.csv").write_text("clip_id,a,b\nclip0,1,2\nclip1,3,4\n")
        return {"path": "rows.csv"}
    if name == "speech_network":
        return {"weights": str(write_speech_network(folder))}
    if name == "word_list":
        (folder / "list.csv").write_text(
            "word,valence,arousal\nhapp*,0.9,0.7\nreally,0.5,\nI am,0.5,0.4\n"
        )
        return {"path": str(folder / "list.csv"), "rows": "segment"}
    if name == "sentence_encoder":
        return {"weights": str(write_sentence_encoder(folder))}
    if name in {"frames", "people"}:
        return {"weights": str(write_small_weights(folder)), "values": "both"}
    if name in {"c3d", "c3d_scene"}:
        return {"weights": str(write_clip_network(folder))}
    return {}


def portrait() -> npt.NDArray[np.uint8]:
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[:256, 96:352], dtype=np.uint8)


def write_speech_network(
    folder: Path, *, backbone: str = "wav2vec2_model", n_layers: int = 2, **changes: Any
) -> Path:
    """Write a small speech network of random weights and its card; return the card."""
    options = {**SPEECH, "encoder_num_layers": n_layers}
    if "wavlm" in backbone:
        options |= {"encoder_num_buckets": 8, "encoder_max_distance": 16}
    torch.manual_seed(0)
    network = getattr(torchaudio.models, backbone)(**options)
    card = {"backbone": backbone, "size": 16_000, "embedding": 12, "options": options}
    return _write(folder, network, **{**card, **changes})


def write_clip_network(folder: Path) -> Path:
    from features.clips.clip_networks import make_video_network

    torch.manual_seed(0)
    return _write(
        folder, make_video_network("mc3_18", 1), backbone="mc3_18", size=16, embedding=512
    )


def write_sentence_encoder(folder: Path, **options: Any) -> Path:
    """Write a small BERT of random weights, its tokenizer of characters, and its card."""
    tokenizers = pytest.importorskip("tokenizers")
    letters = {c: n + 3 for n, c in enumerate("abcdefghijklmnopqrstuvwxyz .,?!")}
    words = {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, **letters}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.normalizer = tokenizers.normalizers.Lowercase()
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Split(tokenizers.Regex("."), "isolated")
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.enable_truncation(8)
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    width = 12
    state = {
        "embeddings.word_embeddings.weight": torch.randn(len(words), width),
        "embeddings.position_embeddings.weight": torch.randn(24, width),
        "embeddings.token_type_embeddings.weight": torch.randn(2, width),
        **_normed("embeddings.LayerNorm", width),
    }
    for n in range(2):
        layer = f"encoder.layer.{n}."
        for name in ("query", "key", "value"):
            state |= _dense(f"{layer}attention.self.{name}", width, width)
        state |= _dense(f"{layer}attention.output.dense", width, width)
        state |= _normed(f"{layer}attention.output.LayerNorm", width)
        state |= _dense(f"{layer}intermediate.dense", width, 16)
        state |= _dense(f"{layer}output.dense", 16, width)
        state |= _normed(f"{layer}output.LayerNorm", width)
    save_file(state, folder / "network.safetensors")
    card = {
        "name": "small", "backbone": "bert", "source": {"file": "network.safetensors"},
        "size": 24, "embedding": width, "options": {"heads": 3, **options},
    }  # fmt: skip
    (folder / "network.yaml").write_text(yaml.safe_dump(card))
    return folder / "network.yaml"


def _dense(name: str, inner: int, outer: int) -> dict[str, torch.Tensor]:
    weight = torch.randn(outer, inner) / inner**0.5
    return {f"{name}.weight": weight, f"{name}.bias": 0.1 * torch.randn(outer)}


def _normed(name: str, width: int) -> dict[str, torch.Tensor]:
    return {f"{name}.weight": 1 + 0.1 * torch.randn(width), f"{name}.bias": torch.zeros(width)}


def _write(folder: Path, network: Any, **card: Any) -> Path:
    tensors = {name: tensor.contiguous().clone() for name, tensor in network.state_dict().items()}
    save_file(tensors, folder / "network.safetensors")
    entries = {"name": "small", "source": {"file": "network.safetensors"}, **card}
    path = folder / "network.yaml"
    path.write_text(yaml.safe_dump(entries))
    return path


def write_onnx(path: Path, n: int | str = "n") -> None:
    """Write a network of two layers, from flat images of 8 by 8 px to 6 values and 3 logits.

    Args:
        path: of the file.
        n: how many images it reads at once; a name for any number.
    """
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    weights = {
        "first": 0.1 * rng.normal(size=(3 * 8 * 8, 6)).astype(np.float32),
        "second": rng.normal(size=(6, 3)).astype(np.float32),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["input"], ["flat"]),
            helper.make_node("MatMul", ["flat", "first"], ["embedding"]),
            helper.make_node("MatMul", ["embedding", "second"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"]),
        ],
        "small",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [n, 3, 8, 8])],
        [
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [n, 6]),
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, [n, 3]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [n, 3]),
        ],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)


def detector_options(name: str, folder: Path) -> dict[str, Any]:
    """Return what the detector of that name needs, having written it into the folder."""
    cards = {"centerface": centerface_card, "yunet": yunet_card}
    return {"weights": cards[name](folder)} if name in cards else {}


def centerface_card(folder: Path) -> str:
    """Write a network that sees faces of about 32 px where it is bright, and its card.

    Like the published file it states sizes that are not those of its input, and names its weights
    among its inputs.
    """
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    bright = np.full((1, 3, 16, 16), 12 / (255 * 3 * 256), np.float32)
    weights = {
        "bright": bright,
        "dark": np.array([-7], np.float32),
        "size": np.log(np.full(2, 8, np.float32)),  # cells of 4 px
        "middle": np.zeros(2, np.float32),
        # down and to the right, for each of five points
        "points": np.array([0.4, 0.3, 0.4, 0.7, 0.6, 0.5, 0.8, 0.35, 0.8, 0.65], np.float32),
        **{f"no_{n}": np.zeros((n, 3, 16, 16), np.float32) for n in (2, 10)},
    }
    told = {"strides": [4, 4], "pads": [6, 6, 6, 6]}
    nodes = [
        helper.make_node("Conv", ["input.1", "bright", "dark"], ["heat"], **told),
        helper.make_node("Sigmoid", ["heat"], ["537"]),
        helper.make_node("Conv", ["input.1", "no_2", "size"], ["538"], **told),
        helper.make_node("Conv", ["input.1", "no_2", "middle"], ["539"], **told),
        helper.make_node("Conv", ["input.1", "no_10", "points"], ["540"], **told),
    ]
    tensors = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    inputs = [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [10, 3, 32, 32])]
    inputs += [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape)
        for name, value in weights.items()
    ]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [10, n, 8, 8])
        for name, n in (("537", 1), ("538", 2), ("539", 2), ("540", 10))
    ]
    graph = helper.make_graph(nodes, "centerface", inputs, outputs, tensors)
    opset = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "centre.onnx")
    card = {
        "name": "mine", "backbone": "centerface", "source": {"file": "centre.onnx"}, "size": 32,
        "embedding": 15,
    }  # fmt: skip
    (folder / "centre.yaml").write_text(yaml.safe_dump(card))
    return str(folder / "centre.yaml")


def yunet_card(folder: Path) -> str:
    """Write an ONNX file that sees one face in the middle of whatever it looks at, and its card."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper

    from features.faces.yunet import OUTPUTS

    side, widths = 64, {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
    nodes, described = [], []
    for name in OUTPUTS:
        kind, stride = name.split("_")
        cells = (side // int(stride)) ** 2
        values = np.zeros((1, cells, widths[kind]), np.float32)
        if stride == "16" and kind in {"cls", "obj"}:
            values[0, 5] = 0.9
        if stride == "16" and kind == "kps":
            values[0, 5] = [0.1, 0.2, 0.9, 0.2, 0.5, 0.5, 0.2, 0.8, 0.8, 0.8]
        tensor = helper.make_tensor(
            f"{name}_value", TensorProto.FLOAT, values.shape, values.ravel()
        )
        nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        described.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, values.shape))
    picture = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, side, side])
    graph = helper.make_graph(nodes, "yunet", [picture], described)
    opset = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "net.onnx")
    card = {
        "name": "mine", "backbone": "yunet", "source": {"file": "net.onnx"}, "size": side,
        "embedding": 16,
    }  # fmt: skip
    (folder / "mine.yaml").write_text(yaml.safe_dump(card))
    return str(folder / "mine.yaml")
