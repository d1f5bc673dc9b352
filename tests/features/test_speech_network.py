"""Speech networks, with a small one of random weights: nothing is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torchaudio

from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.media import Audio
from emotiw.core.weights import card_names, read_card
from features.audio.signal import prepare
from features.audio.speech_network import ARCHITECTURES, SpeechNetwork, SpeechNetworkOptions
from features.registry import EXTRACTORS
from tests.small_parts import SPEECH, write_speech_network

RATE = 16_000


def write_card(folder: Path, *, backbone: str = "wav2vec2_model", **changes: Any) -> Path:
    return write_speech_network(folder, backbone=backbone, n_layers=3, **changes)


@pytest.fixture
def card(tmp_path: Path) -> Path:
    return write_card(tmp_path)


def voice(seconds: float, seed: int = 0) -> npt.NDArray[np.float32]:
    noise = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (0.1 * noise).astype(np.float32)


def rows_of(card: Path, waveform: npt.NDArray[np.float32], **options: Any) -> npt.NDArray[Any]:
    chosen = SpeechNetworkOptions.model_validate({"weights": str(card), **options})
    extractor = SpeechNetwork("speech", chosen)
    array = extractor.describe(prepare(Audio(waveform, RATE))).array
    array.check(extractor.spec, "clip")
    assert array.present.all()
    return array.values


@pytest.mark.parametrize("backbone", ["wav2vec2_model", "wavlm_model"])
def test_frames_are_the_networks_own_and_their_mean_is_the_clip(
    tmp_path: Path, backbone: str
) -> None:
    path = write_card(tmp_path, backbone=backbone)
    card = read_card(path)
    network = getattr(torchaudio.models, backbone)(**card.options).eval()
    torch.manual_seed(0)
    network.load_state_dict(getattr(torchaudio.models, backbone)(**card.options).state_dict())
    waveform = voice(1.0)
    with torch.inference_mode():
        layers, _ = network.extract_features(torch.from_numpy(waveform)[None])
    frames = rows_of(path, waveform, pooling="none", layers=[2])
    assert np.allclose(frames, layers[1][0].numpy(), atol=1e-5)
    assert len(frames) == 49  # 20 ms steps, and the last window must fit
    clip = rows_of(path, waveform, layers=[2])
    assert np.allclose(clip[0], frames.mean(axis=0), atol=1e-5)


def test_layers_are_averaged(card: Path) -> None:
    each = [rows_of(card, voice(0.5), layers=[layer]) for layer in (1, 2, 3)]
    assert np.allclose(rows_of(card, voice(0.5)), np.mean(each, axis=0), atol=1e-5)
    assert not np.allclose(each[0], each[2], atol=1e-2)


def test_other_clips_never_change_a_clips_rows(card: Path) -> None:
    extractor = SpeechNetwork("speech", SpeechNetworkOptions(weights=str(card)))
    clips = [prepare(Audio(voice(seconds, seed), RATE)) for seed, seconds in enumerate((0.4, 3.0))]
    alone = [extractor.describe(clip).array.values for clip in clips]
    backwards = [extractor.describe(clip).array.values for clip in reversed(clips)]
    assert np.array_equal(alone[0], backwards[1])
    assert np.array_equal(alone[1], backwards[0])


def test_padding_would_change_them_which_is_why_there_is_none(card: Path) -> None:
    waveform = voice(0.5)
    padded = np.concatenate([waveform, np.zeros(RATE, dtype=np.float32)])
    frames = rows_of(card, waveform, pooling="none")
    beside_padding = rows_of(card, padded, pooling="none")[: len(frames)]
    assert not np.allclose(frames, beside_padding, atol=1e-3)


def test_long_clips_are_embedded_part_by_part(card: Path) -> None:
    waveform = voice(4.0)
    parts = [rows_of(card, half, pooling="none") for half in np.array_split(waveform, 2)]
    whole = rows_of(card, waveform, pooling="none", max_sec=2.0)
    assert np.allclose(whole, np.concatenate(parts), atol=1e-5)


def test_normalised_waveforms_make_loudness_irrelevant(tmp_path: Path) -> None:
    path = write_card(tmp_path, options={**SPEECH, "encoder_num_layers": 3, "normalised": True})
    assert np.allclose(
        rows_of(path, voice(0.5)), rows_of(path, np.float32(0.1) * voice(0.5)), atol=1e-3
    )


def test_60_ms_give_a_row_and_silence_none(card: Path) -> None:
    assert rows_of(card, voice(0.06)).shape == (1, 12)
    extractor = SpeechNetwork("speech", SpeechNetworkOptions(weights=str(card)))
    silence = prepare(Audio(np.zeros(RATE, dtype=np.float32), RATE))
    assert extractor.describe(silence).array.present.tolist() == [False]


@pytest.mark.parametrize("layers", [[0], [4], [-1]])
def test_a_layer_that_is_not_there_is_refused(card: Path, layers: list[int]) -> None:
    with pytest.raises(ConfigError, match="1 to 3"):
        rows_of(card, voice(0.5), layers=layers)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = write_card(tmp_path, options={**SPEECH, "encoder_num_layers": 5})
    with pytest.raises(WeightsError, match="'small'"):
        rows_of(path, voice(0.5))


def test_a_network_for_pictures_is_refused(tmp_path: Path) -> None:
    path = write_card(tmp_path)
    path.write_text(path.read_text().replace("wav2vec2_model", "wav2vec_base"))
    with pytest.raises(ConfigError, match="did you mean 'wav2vec2_base'"):
        rows_of(path, voice(0.5))


def test_weights_that_were_never_fetched_are_not_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOTIW_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match="emotiw weights fetch hubert_base"):
        SpeechNetwork("speech", SpeechNetworkOptions(weights="hubert_base"))


def test_the_cards_that_come_along_name_known_networks() -> None:
    cards = [read_card(name) for name in card_names()]
    speech = [card for card in cards if card.size == RATE and card.backbone != "voice"]
    assert len(speech) == 6
    assert {card.backbone for card in speech} <= set(ARCHITECTURES)


def test_it_can_be_named_in_a_recipe() -> None:
    assert EXTRACTORS.resolve("speech_network") is SpeechNetwork
