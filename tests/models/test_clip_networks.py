"""Networks of snippets: what they are shown, and how their snippets become a clip."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from pydantic import ValidationError
from safetensors.torch import save_file
from torch import nn

from emotiw.core.errors import WeightsError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.task import Classification, Regression
from emotiw.models.model import Examples
from emotiw.models.networks.snippet_net import MeanOverSnippets, PixelInput
from emotiw.models.registry import MODELS
from features.clips.c3d import C3D
from features.clips.clip_networks import VIDEO_NETWORKS
from features.frames.pixel_rule import PLAIN, PixelRule

LABELS = Classification(("Angry", "Happy", "Sad"))
TARGETS = Regression(("valence", "arousal"))


class Shown(nn.Module):
    """Answers with the mean of each channel that it was shown."""

    def forward(self, snippets: torch.Tensor) -> torch.Tensor:
        return snippets.mean((2, 3, 4))


def test_pixels_follow_the_rule_in_the_order_of_its_channels() -> None:
    snippet = torch.tensor([200, 100, 50], dtype=torch.uint8).expand(1, 2, 4, 4, 3)
    rule = PixelRule("bgr", (10.0, 20.0, 30.0), (1.0, 2.0, 5.0))
    assert PixelInput(Shown(), rule)(snippet).tolist() == [[40.0, 40.0, 34.0]]
    assert PixelInput(Shown(), PLAIN)(snippet * 0).tolist() == [[-1.0, -1.0, -1.0]]


def test_a_clip_is_the_mean_of_its_snippets_and_nothing_of_the_padding() -> None:
    snippets = torch.tensor([[[0.0, 2.0], [4.0, 0.0]], [[1.0, 0.0], [99.0, -99.0]]])
    mask = torch.tensor([[True, True], [True, False]])
    outputs = MeanOverSnippets(nn.Identity(), LABELS)(snippets, mask)
    expected = snippets[0].softmax(1).mean(0)
    assert torch.allclose(outputs[0].exp(), expected)
    assert torch.allclose(outputs[1].exp(), snippets[1, 0].softmax(0))
    targets = MeanOverSnippets(nn.Identity(), TARGETS)(snippets, mask)
    assert targets.tolist() == [[2.0, 1.0], [1.0, 0.0]]


def test_training_in_bfloat16_on_two_frames_keeps_its_gradients() -> None:
    torch.manual_seed(0)
    network = PixelInput(C3D(2, width=0.125, size=48), PLAIN)
    for _attempt in range(3):
        # memory that others have used and given back
        _ = [torch.full((n,), 1e30) for n in (1_000, 30_000, 100_000, 1_000_000)]
        del _
        with torch.autocast("cpu", torch.bfloat16):
            loss = network(torch.randint(0, 256, (2, 16, 48, 48, 3))).float().square().mean()
        network.zero_grad()
        loss.backward()
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        assert all(gradient.abs().max() < 1e6 for gradient in gradients)


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("video", {"network": "s3d"}, "at least 224 px"),
        ("video", {"network": "mvit_v2_s", "crop_size": 256}, "of 224 px"),
        ("video", {"network": "r3d18"}, "r3d_18"),
        ("c3d", {"weights": "c3d_sports1m", "width": 0.5}, "width: 1.0"),
        ("attention", {"channels": 10, "heads": 4}, "4 heads"),
    ],
)
def test_options_that_can_not_work_are_refused(
    name: str, options: dict[str, object], reason: str
) -> None:
    kind = MODELS.resolve(name)
    with pytest.raises(ValidationError, match=reason):
        kind.Options.model_validate(options)  # type: ignore[attr-defined]


SEEN = {"s3d": (224, 14), "mvit_v1_b": (224, 16), "mvit_v2_s": (224, 16)}  # others read anything


def video(name: str, **training: Any) -> Any:
    crop_size, length = SEEN.get(name, (16, 4))
    options = {"network": name, "crop_size": crop_size, "length": length, "stride": length}
    training = {"epochs": 2, "batch_size": 3} | training
    kind: Any = MODELS.resolve("video")
    checked = kind.Options.model_validate(
        {**options, "validation_fraction": 0, "training": training}
    )
    spec = FeatureSpec("crops", (16, 16, 3), "frame", dtype="uint8")
    return kind(checked, spec=spec, task=LABELS, seed=0)


def three_clips() -> Examples:
    rng = np.random.default_rng(0)
    spec = FeatureSpec("crops", (16, 16, 3), "frame", dtype="uint8")
    clips = {
        name: FeatureArray.all_present(rng.integers(0, 256, (n, 16, 16, 3), dtype=np.uint8))
        for name, n in (("a", 9), ("b", 2), ("c", 4))
    }
    return Examples(FeatureTable(spec, clips), ("a", "b", "c"), ("x", "y", "z"), np.arange(3))


@pytest.mark.parametrize("name", list(VIDEO_NETWORKS))
def test_every_video_network_reads_the_smallest_snippets_it_says(name: str) -> None:
    crop_size, length = SEEN.get(name, (16, 4))
    with torch.device("meta"):  # shapes alone: most of them are slow, and all are torchvision's
        network = video(name).build().eval().network
        snippets = torch.zeros(2, length, crop_size, crop_size, 3, dtype=torch.uint8)
        assert network(snippets).shape == (2, 3)


@pytest.fixture
def tiny_swin(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a network that torchvision then makes small; it drops blocks by chance."""
    sizes = {"patch_size": [2, 4, 4], "window_size": [8, 7, 7], "embed_dim": 8}
    depth = {"depths": [2, 1], "num_heads": [2, 2], "stochastic_depth_prob": 0.5}
    made = partial(torchvision.models.video.SwinTransformer3d, **sizes, **depth)
    monkeypatch.setattr(torchvision.models.video, "swin3d_t", made)
    return "swin3d_t"


def test_a_video_network_keeps_the_contract(tiny_swin: str, tmp_path: Path) -> None:
    model, known = video(tiny_swin, precision="float32"), three_clips()
    model.fit(known)
    scores = model.predict(known)
    assert scores.shape == (3, 3)
    assert np.isfinite(scores).all()
    assert np.allclose(scores.sum(1), 1)
    assert np.array_equal(model.predict(known.subset([2, 1])), scores[[2, 1]])
    model.save(tmp_path)
    assert np.array_equal(type(model).load(tmp_path).predict(known), scores)


def test_a_video_network_goes_on_where_it_stopped(
    tiny_swin: str, tmp_path: Path, fit_stopped: Callable[..., None]
) -> None:
    known, through = three_clips(), video(tiny_swin)
    through.fit(known)
    fit_stopped(video(tiny_swin), known, tmp_path)
    resumed = video(tiny_swin)
    resumed.fit(known, folder=tmp_path)
    assert np.array_equal(resumed.predict(known), through.predict(known))


def test_learning_starts_from_the_weights_of_a_card_and_their_pixels(tmp_path: Path) -> None:
    from features.clips.clip_networks import load_clip_network

    torch.manual_seed(1)
    public = C3D(487, width=0.0625, size=32)
    save_file(public.state_dict(), tmp_path / "c3d.safetensors")
    card = tmp_path / "card.yaml"
    card.write_text(
        "name: small\nbackbone: c3d\nsource: {file: c3d.safetensors}\nsize: 32\n"
        "colour: bgr\nmean: [0.2, 0.4, 0.6]\nembedding: 256\n"
    )
    seen = PixelInput(C3D(7, width=0.0625, size=32), PLAIN)
    seen.follow(load_clip_network(seen.network, str(card), kind="c3d"))
    assert torch.equal(seen.network.fc7.weight, public.fc7.weight)  # type: ignore[union-attr]
    assert seen.order.tolist() == [2, 1, 0]
    assert seen.mean.tolist() == pytest.approx([51, 102, 153])
    with pytest.raises(WeightsError, match="for 'c3d', not for 'r3d_18'"):
        load_clip_network(seen.network, str(card), kind="r3d_18")
