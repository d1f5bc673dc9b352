"""Networks of snippets: what they are shown, and how their snippets become a clip."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from emotiw.models.networks.snippets import MeanOverSnippets, PixelInput
from emotiw.models.registry import MODELS
from features.c3d import C3D
from features.pixels import PLAIN, PixelRule


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
    outputs = MeanOverSnippets(nn.Identity(), "classification")(snippets, mask)
    expected = snippets[0].softmax(1).mean(0)
    assert torch.allclose(outputs[0].exp(), expected)
    assert torch.allclose(outputs[1].exp(), snippets[1, 0].softmax(0))
    targets = MeanOverSnippets(nn.Identity(), "regression")(snippets, mask)
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
