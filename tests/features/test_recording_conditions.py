"""Copies of a sound as recorded elsewhere: the same every time, as loud as was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from features.audio.recording_conditions import (
    CODECS,
    ConditionOptions,
    coded,
    recorded_elsewhere,
)

RATE = 16_000
TONE = (0.2 * np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE)).astype(np.float32)
PLAIN = ConditionOptions(speed=0, room=0, band=0, tilt_db=0, noise=0, codec=0, clip=0)


def copy(options: ConditionOptions, seed: int = 0) -> np.ndarray:
    return recorded_elsewhere(TONE, RATE, options, np.random.default_rng(seed))


def test_nothing_asked_is_nothing_changed() -> None:
    assert copy(PLAIN) == pytest.approx(TONE, abs=1e-6)


def test_the_same_chance_is_the_same_copy_and_another_is_not() -> None:
    options = ConditionOptions()
    for seed in range(6):
        first, again, other = copy(options, seed), copy(options, seed), copy(options, seed + 100)
        assert np.array_equal(first, again)
        assert len(first) != len(other) or not np.array_equal(first, other)
        assert np.isfinite(first).all()
        assert np.abs(first).max() < 1


def test_noise_is_as_far_below_as_was_asked() -> None:
    options = PLAIN.model_copy(update={"noise": 1.0, "noise_db": (20.0, 20.0)})
    for seed in range(3):
        rest = copy(options, seed) - TONE
        assert 20 * np.log10(TONE.std() / rest.std()) == pytest.approx(20, abs=0.5)


def test_a_room_rings_on() -> None:
    burst = np.zeros(RATE, np.float32)
    burst[:400] = TONE[:400]
    options = PLAIN.model_copy(update={"room": 1.0, "room_sec": (0.5, 0.5)})
    heard = recorded_elsewhere(burst, RATE, options, np.random.default_rng(0))
    early, late = (np.abs(heard[a : a + 2000]).mean() for a in (1000, 7000))
    assert early > 5 * late > 0


def test_faster_is_shorter_and_higher() -> None:
    options = PLAIN.model_copy(update={"speed": 0.1})
    found = copy(options, 1)
    hz = np.abs(np.fft.rfft(found)).argmax() * RATE / len(found)
    assert len(found) != len(TONE)
    assert hz == pytest.approx(500 * len(TONE) / len(found), rel=0.01)


@pytest.mark.parametrize("codec", CODECS)
def test_what_comes_out_of_a_codec_is_the_same_tone(codec: str) -> None:
    kind, rates, bit_rates = CODECS[codec]
    for rate in rates:
        heard = coded(TONE, RATE, codec, kind, rate, bit_rates[-1])
        assert len(heard) == pytest.approx(len(TONE), abs=RATE // 10)
        spectrum = np.abs(np.fft.rfft(heard[2000:14000]))
        assert spectrum.argmax() * RATE / 12000 == pytest.approx(500, abs=3)
