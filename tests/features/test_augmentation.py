"""Altered copies of a waveform."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

from emotiw.core.media import Audio
from features.audio.opensmile import OpenSmile, OpenSmileOptions
from features.audio.signal import prepare
from features.audio.sound_augmentation import WaveformAugmentation, augmented

RATE = 16_000


def tone(hz: float = 440.0) -> npt.NDArray[np.float32]:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)).astype(np.float32)


def loudest_hz(waveform: npt.NDArray[np.float32]) -> float:
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return float(spectrum.argmax() * RATE / len(waveform))


def test_a_semitone_up_is_six_per_cent_at_the_same_length() -> None:
    raised = augmented(tone(), RATE, WaveformAugmentation(pitch=1))
    assert len(raised) == RATE
    assert loudest_hz(raised) == pytest.approx(440 * 2 ** (1 / 12), abs=2)


def test_faster_is_shorter_and_higher() -> None:
    faster = augmented(tone(), RATE, WaveformAugmentation(speed=1.25))
    assert len(faster) == RATE / 1.25
    assert loudest_hz(faster) == pytest.approx(440 * 1.25, abs=2)


def test_gain_is_in_decibels_and_never_reaches_full_scale() -> None:
    assert np.allclose(
        augmented(tone(), RATE, WaveformAugmentation(gain_db=-20)), tone() / 10, atol=1e-6
    )
    assert np.abs(augmented(tone(), RATE, WaveformAugmentation(gain_db=40))).max() < 1


def test_noise_lies_as_far_below_as_asked_and_is_the_same_every_time() -> None:
    noisy = augmented(tone(), RATE, WaveformAugmentation(noise_db=20))
    noise = noisy - tone()
    assert 10 * np.log10((tone() ** 2).mean() / (noise**2).mean()) == pytest.approx(20, abs=0.2)
    assert np.array_equal(noisy, augmented(tone(), RATE, WaveformAugmentation(noise_db=20)))
    other = augmented(tone(300), RATE, WaveformAugmentation(noise_db=20)) - tone(300)
    assert abs(np.corrcoef(noise, other)[0, 1]) < 0.05


@pytest.mark.parametrize("options", [{}, {"speed": 0}, {"pich": 1}])
def test_copies_that_change_nothing_or_too_much_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WaveformAugmentation.model_validate(options)


def test_copies_are_rows_after_the_clips_own() -> None:
    copy = WaveformAugmentation(pitch=1)
    signal = prepare(Audio(tone(), RATE))
    plain = OpenSmile("voice", OpenSmileOptions(feature_set="eGeMAPSv02"))
    copied = OpenSmile("voice", OpenSmileOptions(feature_set="eGeMAPSv02", augmentations=(copy,)))
    rows = copied.describe(signal).array
    rows.check(copied.spec, "clip")
    assert rows.values.shape == (2, 88)
    assert np.array_equal(rows.values[:1], plain.describe(signal).array.values)
    raised = prepare(Audio(augmented(tone(), RATE, copy), RATE))
    assert np.array_equal(rows.values[1:], plain.describe(raised).array.values)


def test_low_level_descriptors_have_no_copies() -> None:
    with pytest.raises(ValidationError, match="functionals"):
        OpenSmileOptions(level="low_level", augmentations=(WaveformAugmentation(pitch=1),))
