"""librosa through the extractor equals librosa called directly."""

from __future__ import annotations

from typing import Any, get_args

import librosa
import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError
from scipy.stats import iqr, skew

from emotiw.core.media import Audio
from features.audio.functionals import functionals
from features.audio.librosa import Descriptor, LibrosaFeatures, LibrosaOptions
from features.audio.signal import SignalOptions, prepare
from features.registry import EXTRACTORS

RATE = 16_000
SHORT = ("mfcc", "rms", "zero_crossings")  # without pYIN, which is slow


@pytest.fixture(scope="module")
def voice() -> npt.NDArray[np.float32]:
    times = np.arange(RATE) / RATE
    glide = np.sin(2 * np.pi * np.cumsum(180 + 40 * times) / RATE) ** 7
    noise = 0.02 * np.random.default_rng(0).standard_normal(RATE)
    return (0.3 * glide + noise).astype(np.float32)


def measured(
    voice: npt.NDArray[np.float32], **options: Any
) -> tuple[LibrosaFeatures, npt.NDArray[Any]]:
    chosen = LibrosaOptions.model_validate({"level": "low_level", **options})
    extractor = LibrosaFeatures("voice", chosen)
    rows = extractor.describe(prepare(Audio(voice, RATE), chosen.signal)).array
    rows.check(extractor.spec, "clip")
    assert rows.present.all()
    return extractor, rows.values


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 96_000])
@pytest.mark.parametrize("level", ["functionals", "low_level"])
def test_every_descriptor_keeps_its_promise(
    rate: int, level: str, voice: npt.NDArray[np.float32]
) -> None:
    all_but_pitch = tuple(name for name in get_args(Descriptor) if name != "f0")
    extractor, rows = measured(
        voice,
        descriptors=all_but_pitch if rate != RATE else get_args(Descriptor),
        level=level,
        signal=SignalOptions(sampling_rate=rate),
    )
    assert extractor.spec.columns is not None
    assert len(set(extractor.spec.columns)) == rows.shape[1]
    if level == "low_level":
        assert len(rows) == pytest.approx(100, abs=1)


def test_60_ms_of_sound_give_numbers(voice: npt.NDArray[np.float32]) -> None:
    measured(voice[:960], level="functionals")


def test_cepstrum_level_and_crossings_are_librosas_own(voice: npt.NDArray[np.float32]) -> None:
    _, rows = measured(voice, descriptors=SHORT, window_sec=0.032, n_mfcc=13, n_mels=40)
    mfcc = librosa.feature.mfcc(y=voice, sr=RATE, n_fft=512, hop_length=160, n_mfcc=13, n_mels=40)
    # its shortcut clips the spectrum 80 dB below the loudest, which depends on the whole clip
    mel = librosa.feature.melspectrogram(y=voice, sr=RATE, n_fft=512, hop_length=160, n_mels=40)
    unclipped = librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=None), n_mfcc=13)
    assert np.allclose(rows[:, :13], unclipped.T, atol=1e-3)
    assert np.corrcoef(rows[:, 0], mfcc[0])[0, 1] > 0.99
    rms = librosa.feature.rms(y=voice, frame_length=512, hop_length=160)[0]
    assert np.allclose(rows[:, 13], 20 * np.log10(rms), atol=1e-3)
    crossings = librosa.feature.zero_crossing_rate(voice, frame_length=512, hop_length=160)[0]
    assert np.allclose(rows[:, 14], crossings)


def test_every_other_descriptor_is_librosas_own_too(voice: npt.NDArray[np.float32]) -> None:
    window = {"n_fft": 512, "hop_length": 160}
    measure = librosa.feature
    magnitude = np.abs(librosa.stft(voice, **window))
    mel = measure.melspectrogram(y=voice, sr=RATE, n_mels=40, **window)
    mel = librosa.power_to_db(mel, top_db=None)
    mfcc = measure.mfcc(S=mel, n_mfcc=13)
    chroma = measure.chroma_stft(y=voice, sr=RATE, tuning=0.0, **window)
    rise = librosa.onset.onset_strength(S=mel, sr=RATE, center=False)
    contrast = measure.spectral_contrast(y=voice, sr=RATE, n_bands=5, fmin=200.0, **window)
    shape = (
        measure.spectral_centroid(S=magnitude, sr=RATE),
        measure.spectral_bandwidth(S=magnitude, sr=RATE),
        measure.spectral_rolloff(S=magnitude, sr=RATE),
        measure.spectral_flatness(S=magnitude),
    )
    expected = {
        "mfcc_delta": measure.delta(mfcc, mode="nearest"),
        "mfcc_delta2": measure.delta(mfcc, order=2, mode="nearest"),
        "log_mel": mel,
        "chroma": chroma,
        "contrast": contrast,
        "tonnetz": measure.tonnetz(chroma=chroma),
        "tempogram": measure.tempogram(onset_envelope=rise, hop_length=160, win_length=64),
        "shape": np.concatenate(shape),
    }
    _, rows = measured(voice, descriptors=tuple(expected), n_mfcc=13, n_mels=40)
    ends = np.cumsum([len(values) for values in expected.values()])
    assert rows.shape[1] == ends[-1]
    for (name, values), ours in zip(expected.items(), np.split(rows.T, ends[:-1]), strict=True):
        assert np.allclose(ours, values, rtol=1e-3, atol=1e-3), name


def test_pitch_of_a_tone_is_in_octaves_above_27_5_hz() -> None:
    tone = librosa.tone(220.0, sr=RATE, duration=1.0).astype(np.float32) * 0.5
    extractor, rows = measured(tone, descriptors=("f0",))
    assert extractor.spec.columns == ("f0", "voiced", "voiced_probability")
    voiced = rows[:, 1] == 1
    assert voiced.mean() > 0.8
    assert np.median(rows[voiced, 0]) == pytest.approx(3.0, abs=0.02)  # 220 = 27.5 * 2 ** 3
    pitch, is_voiced, probability = librosa.pyin(
        tone, fmin=60, fmax=600, sr=RATE, frame_length=1024, hop_length=160
    )
    assert np.array_equal(rows[:, 1], is_voiced)
    assert np.allclose(rows[voiced, 0], np.log2(pitch[is_voiced] / 27.5), atol=1e-6)
    assert np.allclose(rows[:, 2], probability, atol=1e-6)


def test_chroma_of_a_tone_peaks_at_its_note() -> None:
    tone = librosa.tone(440.0, sr=RATE, duration=1.0).astype(np.float32) * 0.5
    _, rows = measured(tone, descriptors=("chroma",))
    assert (rows[10:-10].argmax(axis=1) == 9).mean() > 0.9  # A


def test_statistics_equal_scipys() -> None:
    rows = np.random.default_rng(0).gamma(2.0, size=(50, 3))
    got = functionals(rows, ("median", "iqr", "skewness")).reshape(3, 3)
    assert np.allclose(got[0], np.median(rows, axis=0))
    assert np.allclose(got[1], iqr(rows, axis=0))
    assert np.allclose(got[2], skew(rows, axis=0))


def test_statistics_pass_over_windows_that_mean_nothing() -> None:
    rows = np.array([[1.0], [np.nan], [5.0]])
    assert functionals(rows, ("mean", "std", "min", "skewness")).tolist() == [3.0, 2.0, 1.0, 0.0]


def test_silence_is_a_row_that_is_not_present() -> None:
    extractor = LibrosaFeatures("voice", LibrosaOptions(descriptors=SHORT))
    result = extractor.describe(prepare(Audio(np.zeros(RATE, dtype=np.float32), RATE)))
    result.array.check(extractor.spec, "clip")
    assert result.array.present.tolist() == [False]


@pytest.mark.parametrize("options", [{"descriptors": []}, {"descriptors": ["mfcc", "mfcc"]}])
def test_no_name_and_a_name_twice_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="each once"):
        LibrosaOptions.model_validate(options)


@pytest.mark.parametrize(
    "options",
    [
        *({"hop_sec": 1e-5}, {"window_sec": 1e-5}, {"n_mfcc": 20, "n_mels": 8}),
        *({"f0_range_hz": told} for told in [(600, 60), (5, 600), (60, 9000), (-3, 600)]),
    ],
)
def test_what_librosa_cannot_measure_is_refused_before_any_clip(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LibrosaOptions.model_validate(options)
    if "f0_range_hz" in options:
        assert LibrosaOptions.model_validate({**options, "descriptors": ("mfcc",)})


def test_rows_stand_where_they_were_heard_at_any_sampling_rate() -> None:
    """220.5 samples are none: at 22,050 Hz rows are 220 apart, 1.4 s in ten minutes."""
    options = LibrosaOptions(
        descriptors=("rms",), level="low_level", signal=SignalOptions(sampling_rate=22_050)
    )
    sound = np.zeros(22_050 * 60, np.float32)
    sound[-2205:] = np.random.default_rng(0).normal(0, 0.1, 2205)
    array = (
        LibrosaFeatures("x", options).describe(prepare(Audio(sound, 22_050), options.signal)).array
    )
    assert array.times is not None
    loud = array.times[array.values[:, 0] > -40]
    assert loud[0, 0] == pytest.approx(59.9, abs=0.03)
    assert loud[-1, 1] == pytest.approx(60, abs=0.03)


def test_it_can_be_named_in_a_recipe() -> None:
    assert EXTRACTORS.resolve("librosa") is LibrosaFeatures
