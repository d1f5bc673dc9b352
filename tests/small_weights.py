"""A face network with random weights and a card, small enough to be made by a test."""

from __future__ import annotations

from pathlib import Path

import torch
import yaml
from safetensors.torch import save_file

from emotiw.core.weights import WeightsCard
from features.backbones.loading import build_network

EXPRESSIONS = ("Angry", "Happy", "Neutral")


def write_small_weights(folder: Path) -> Path:
    """Return the card of a network that embeds in 8 values and scores three expressions."""
    entries = {
        "name": "small",
        "backbone": "frame_cnn",
        "source": {"file": "small.safetensors"},
        "size": 16,
        "colour": "grey",
        "mean": [0.0],
        "std": [1.0],
        "embedding": 8,
        "labels": list(EXPRESSIONS),
        "options": {"stem": 4, "widths": [8], "embedding": 8},
    }
    torch.manual_seed(0)
    network = build_network(WeightsCard.model_validate(entries))
    tensors = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    save_file(tensors, folder / "small.safetensors")
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(entries))
    return path
