"""Kaldi's filter banks."""

from __future__ import annotations

import numpy as np
import pytest

from emotiw.core.media import Audio
from features.audio.fbank import Fbank, FbankOptions
from features.audio.signal import SignalOptions, prepare
from features.registry import EXTRACTORS

RATE = 16_000


def tone(hz: float, level: float = 0.3) -> Audio:
    times = np.arange(RATE) / RATE
    return Audio((level * np.sin(2 * np.pi * hz * times)).astype(np.float32), RATE)


def test_a_second_has_98_full_windows_and_a_tone_its_band() -> None:
    extractor = Fbank("mel", FbankOptions(n_mels=40))
    rows = extractor.describe(prepare(tone(1000.0))).array
    rows.check(extractor.spec, "clip")
    assert rows.values.shape == (98, 40)

    def mel(hz: float) -> float:
        return float(1127 * np.log(1 + hz / 700))

    edges = np.linspace(mel(20.0), mel(8000.0), 42)
    expected = int(np.abs(edges[1:-1] - mel(1000.0)).argmin())
    assert (rows.values.argmax(axis=1) == expected).all()


def test_twice_the_amplitude_is_log_four_in_every_band() -> None:
    extractor = Fbank("mel", FbankOptions())
    noise = (0.1 * np.random.default_rng(0).standard_normal(RATE)).astype(np.float32)
    quiet, loud = (
        extractor.describe(prepare(Audio(gain * noise, RATE))).array.values
        for gain in (np.float32(1), np.float32(2))
    )
    assert np.allclose(loud - quiet, np.log(4), atol=1e-3)


def test_without_its_mean_the_level_is_gone() -> None:
    extractor = Fbank("mel", FbankOptions(subtract_mean=True))
    rows = extractor.describe(prepare(tone(500.0))).array.values
    assert np.allclose(rows.mean(axis=0), 0, atol=1e-3)


@pytest.mark.parametrize("hop_sec", [0.01, 0.02])
def test_rows_come_at_the_promised_rate(hop_sec: float) -> None:
    extractor = Fbank("mel", FbankOptions(hop_sec=hop_sec))
    n_rows = len(extractor.describe(prepare(tone(500.0))).array.values)
    assert extractor.spec.rate_hz == pytest.approx(1 / hop_sec)
    assert n_rows == 1 + int((1 - 0.025) / hop_sec)


def test_rows_stand_where_they_were_heard_at_any_sampling_rate() -> None:
    options = FbankOptions(signal=SignalOptions(sampling_rate=22_050))
    sound = np.random.default_rng(0).normal(0, 0.1, 22_050 * 60).astype(np.float32)
    array = Fbank("x", options).describe(prepare(Audio(sound, 22_050), options.signal)).array
    assert array.times is not None
    assert array.times[-1, 1] == pytest.approx(60, abs=0.03)


def test_60_ms_give_rows_and_silence_none() -> None:
    extractor = Fbank("mel", FbankOptions())
    short = Audio(tone(500.0).waveform[:960], RATE)
    assert extractor.describe(prepare(short)).array.present.all()
    silence = Audio(np.zeros(RATE, dtype=np.float32), RATE)
    assert extractor.describe(prepare(silence)).array.present.tolist() == [False]


def test_it_can_be_named_in_a_recipe() -> None:
    assert EXTRACTORS.resolve("fbank") is Fbank
