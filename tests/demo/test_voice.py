"""The voice: do pitch, energy and the rest follow the emotion, measured by someone else's code?"""

from __future__ import annotations

import numpy as np
import pytest

from emotiw.demo.voice import SAMPLING_RATE, TYPICAL_VOICE, speak


def spoken(traits: dict[str, float], seed: int) -> np.ndarray:
    return speak(traits, 1.6, np.random.default_rng(seed)).waveform


def pitch_hz(wave: np.ndarray) -> np.ndarray:
    import librosa

    pitch, voiced, _ = librosa.pyin(
        wave.astype(np.float64), fmin=60, fmax=600, sr=SAMPLING_RATE, frame_length=1024
    )
    return np.asarray(pitch[voiced])


def loudness_db(wave: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(wave.astype(np.float64) ** 2)))


def centroid_hz(wave: np.ndarray) -> float:
    import librosa

    power = np.abs(librosa.stft(wave)) ** 2
    frequencies = librosa.fft_frequencies(sr=SAMPLING_RATE)
    return float((frequencies @ power).sum() / power.sum())


def test_a_trait_of_pitch_is_four_semitones() -> None:
    steps = [
        12 * np.log2(np.median(pitch_hz(spoken({"pitch": 1.0}, seed))) / np.median(low))
        for seed in range(3)
        if len(low := pitch_hz(spoken({}, seed)))
    ]
    assert np.median(steps) == pytest.approx(4.0, abs=0.8)


def test_a_trait_of_energy_is_five_decibels() -> None:
    gain = loudness_db(spoken({"energy": 1.0}, 0)) - loudness_db(spoken({}, 0))
    assert gain == pytest.approx(5.0, abs=0.6)


def test_a_bright_voice_has_a_higher_centroid() -> None:
    for seed in range(3):
        bright, dull = spoken({"bright": 1.0}, seed), spoken({"bright": -1.0}, seed)
        assert centroid_hz(bright) > 1.2 * centroid_hz(dull)


def test_a_fast_voice_has_more_syllables() -> None:
    counts = []
    for rate in (1.0, -1.0):
        speech = speak({"rate": rate}, 2.0, np.random.default_rng(0))
        peaks = np.diff((speech.loudness > 0.3).astype(int)) == 1
        counts.append(int(peaks.sum()))
    assert counts[0] > counts[1] >= 2


def test_labels_of_high_arousal_are_higher_and_louder_than_sadness() -> None:
    measured = {
        label: [spoken(TYPICAL_VOICE[label], seed) for seed in range(3)]
        for label in ("Angry", "Happy", "Sad")
    }
    pitch = {
        label: np.mean([np.median(pitch_hz(wave)) for wave in waves])
        for label, waves in measured.items()
    }
    loud = {label: np.mean([loudness_db(w) for w in waves]) for label, waves in measured.items()}
    for label in ("Angry", "Happy"):
        assert pitch[label] > 1.15 * pitch["Sad"]
        assert loud[label] > loud["Sad"] + 6


def test_surprise_rises_and_anger_falls() -> None:
    import librosa

    def slope(label: str, seed: int) -> float:
        wave = spoken(TYPICAL_VOICE[label], seed).astype(np.float64)
        pitch, _, _ = librosa.pyin(wave, fmin=60, fmax=900, sr=SAMPLING_RATE, frame_length=1024)
        half = len(pitch) // 2
        return float(12 * np.log2(np.nanmedian(pitch[half:]) / np.nanmedian(pitch[:half])))

    assert np.mean([slope("Surprise", seed) for seed in range(3)]) > 2
    assert np.mean([slope("Angry", seed) for seed in range(3)]) < 0


def test_the_mouth_is_open_only_where_something_is_heard() -> None:
    speech = speak({}, 1.5, np.random.default_rng(0))
    assert len(speech.waveform) == len(speech.loudness) == 1.5 * SAMPLING_RATE
    power = speech.waveform.astype(np.float64) ** 2
    assert power[speech.loudness > 0.5].mean() > 50 * power[speech.loudness == 0].mean()
    assert np.abs(speech.waveform).max() <= 1
