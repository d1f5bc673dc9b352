"""C3D: the published network, number by number."""

from __future__ import annotations

import pytest
import torch

from features.clips.c3d import C3D
from features.clips.snippets import snippet_rows, snippet_starts


def test_the_published_network_has_79_991_015_parameters() -> None:
    with torch.device("meta"):
        network = C3D(487)
    assert sum(parameter.numel() for parameter in network.parameters()) == 79_991_015


def test_every_layer_has_the_published_shape() -> None:
    shapes: dict[str, tuple[int, ...]] = {}
    with torch.device("meta"):
        network = C3D(487)
        for name, layer in network.named_children():
            layer.register_forward_hook(
                lambda _, __, output, name=name: shapes.update({name: tuple(output.shape[1:])})
            )
        network(torch.zeros(1, 3, 16, 112, 112))
    assert shapes["conv1"] == (64, 16, 112, 112)
    assert shapes["conv2"] == (128, 16, 56, 56)
    assert shapes["conv3b"] == (256, 8, 28, 28)
    assert shapes["conv4b"] == (512, 4, 14, 14)
    assert shapes["conv5b"] == (512, 2, 7, 7)
    assert network.fc6.in_features == 8192
    assert shapes["fc7"] == (4096,)
    assert shapes["fc8"] == (487,)


@pytest.mark.parametrize(("size", "n_frames"), [(16, 16), (30, 20), (48, 16), (50, 32)])
def test_small_networks_take_other_sizes(size: int, n_frames: int) -> None:
    network = C3D(3, width=0.0625, size=size, n_frames=n_frames).eval()
    assert network(torch.zeros(1, 3, n_frames, size, size)).shape == (1, 3)


def test_too_little_to_see_is_refused() -> None:
    with pytest.raises(ValueError, match="16 frames of 16 px"):
        C3D(3, n_frames=8)


def test_hidden_layers_lead_to_the_logits() -> None:
    network = C3D(3, width=0.0625, size=32).eval()
    snippets = torch.randn(2, 3, 16, 32, 32)
    hidden = network.activations(snippets)
    assert torch.equal(network.fc8(hidden["fc7"]), network(snippets))
    assert hidden["fc6"].min() >= 0


def test_snippets_overlap_by_half_and_never_leave_the_track() -> None:
    assert snippet_starts(16) == [0]
    assert snippet_starts(23) == [0]
    assert snippet_starts(24) == [0, 8]
    assert snippet_starts(40, stride=16) == [0, 16]
    assert snippet_rows(40, 24).tolist() == list(range(24, 40))
    assert snippet_rows(3, 0).tolist() == [0, 1, 2] + [2] * 13
    with pytest.raises(ValueError, match="no snippets"):
        snippet_starts(0)
