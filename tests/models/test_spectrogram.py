"""What is hidden from a spectrogram network while it learns, and that nothing is afterwards."""

from __future__ import annotations

import pytest
import torch

from emotiw.models.networks.spectrogram_net import SpectrogramNetwork, hidden, shifted
from emotiw.models.registry import MODELS
from emotiw.models.sequence.spectrogram import SpectrogramCnn, SpectrogramOptions


def test_a_mask_is_one_span_no_longer_than_asked_and_within_the_clip() -> None:
    torch.manual_seed(0)
    lengths = torch.full((400,), 30)
    rows = hidden(torch.ones(400, 40, 2), lengths, 1, 8)
    assert torch.equal(rows[..., 0], rows[..., 1])
    is_hidden = rows[..., 0] == 0
    widths = is_hidden.sum(1)
    assert sorted(set(widths.tolist())) == list(range(9))
    assert not is_hidden[:, 30:].any()
    borders = is_hidden.int().diff(dim=1).abs().sum(1) + is_hidden[:, 0] + is_hidden[:, -1]
    assert (borders <= 2).all()
    assert is_hidden[:, 0].any()
    assert is_hidden[:, 29].any()


def test_two_masks_hide_more_than_one() -> None:
    torch.manual_seed(0)
    share = [
        float((hidden(torch.ones(300, 40, 1), torch.full((300,), 40), n, 10) == 0).float().mean())
        for n in (0, 1, 2)
    ]
    # 5 of 40 rows on average; two of them overlap now and then
    assert share[0] == 0
    assert share[1] == pytest.approx(5 / 40, abs=0.01)
    assert share[2] == pytest.approx(1 - (1 - 5 / 40) ** 2, abs=0.02)


def test_no_more_than_half_of_a_short_clip_is_hidden() -> None:
    torch.manual_seed(0)
    rows = hidden(torch.ones(200, 4, 1), torch.full((200,), 4), 1, 50)
    assert (rows == 0).sum(1).max() == 2


def test_shifted_bands_repeat_their_edge_and_keep_their_order() -> None:
    torch.manual_seed(0)
    bands = torch.arange(5.0).expand(100, 3, 5)
    moved = shifted(bands, 1)
    seen = {tuple(clip[0].tolist()) for clip in moved}
    assert seen == {(0, 0, 1, 2, 3), (0, 1, 2, 3, 4), (1, 2, 3, 4, 4)}
    assert torch.equal(moved[:, 0], moved[:, 2])
    assert shifted(bands, 0) is bands


def test_masks_are_for_learning_alone() -> None:
    torch.manual_seed(0)
    masks = {"n_time_masks": 2, "max_time_mask": 10, "n_freq_masks": 1, "max_freq_mask": 5}
    network = SpectrogramNetwork(12, 3, channels=(4,), **masks)
    frames, mask = torch.randn(4, 40, 12), torch.ones(4, 40, dtype=torch.bool)
    with torch.inference_mode():
        assert not torch.equal(network.train()(frames, mask), network(frames, mask))
        network.eval()
        assert torch.equal(network(frames, mask), network(frames, mask))


def test_it_can_be_named_in_a_recipe_and_mixes_clips() -> None:
    assert MODELS.resolve("spectrogram_cnn") is SpectrogramCnn
    options = SpectrogramOptions.model_validate({"training": {"epochs": 3}})
    assert options.training.mixup == 0.2
