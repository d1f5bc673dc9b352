"""openSMILE through the extractor equals openSMILE called directly."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

from emotiw.core.media import Audio
from emotiw.core.stopping import Stopped
from features.audio.opensmile import FEATURE_SETS, OpenSmile, OpenSmileOptions
from features.audio.signal import prepare
from features.extractor import ClipSource
from features.registry import EXTRACTORS


@pytest.fixture(scope="module")
def voice() -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(1)
    times = np.arange(16_000) / 16_000
    pitch = 150 + 30 * np.sin(2 * np.pi * 3 * times)
    pulses = np.sin(2 * np.pi * np.cumsum(pitch) / 16_000) ** 9
    return (0.3 * pulses + 0.01 * rng.standard_normal(16_000)).astype(np.float32)


@pytest.mark.parametrize("level", ["functionals", "low_level"])
@pytest.mark.parametrize("feature_set", FEATURE_SETS)
def test_every_set_keeps_its_promise(
    feature_set: str, level: str, voice: npt.NDArray[np.float32]
) -> None:
    import opensmile

    extractor = OpenSmile(
        "voice", OpenSmileOptions.model_validate({"feature_set": feature_set, "level": level})
    )
    promised = extractor.spec
    rows = extractor.describe(prepare(Audio(voice, 16_000))).array
    rows.check(promised, "clip")
    assert rows.present.all()
    direct = opensmile.Smile(
        opensmile.FeatureSet[feature_set],
        opensmile.FeatureLevel.Functionals
        if level == "functionals"
        else opensmile.FeatureLevel.LowLevelDescriptors,
    ).process_signal(voice, 16_000)
    assert promised.columns == tuple(direct.columns)
    assert np.array_equal(rows.values, direct.to_numpy(dtype=np.float32))
    if level == "low_level":
        starts = direct.index.get_level_values("start").total_seconds()
        assert np.allclose(starts, labelled_starts(feature_set, len(starts)), atol=1e-9)
        assert promised.rate_hz == pytest.approx(100)


def labelled_starts(feature_set: str, n: int) -> npt.NDArray[np.float64]:
    """Return the times by which openSMILE labels ``n`` rows, in seconds."""
    late = 1 if feature_set in ("IS11", "IS12") else 0  # their labels are one hop behind the sound
    starts = 0.01 * (np.arange(n) + late)
    starts[0] = 0  # a table of the package always begins with the sound
    if feature_set in ("ComParE_2016", "IS09", "IS11", "IS12", "IS13"):
        starts[-1] = starts[-2]  # the last window is a shorter one at the same place
    return starts


@pytest.mark.parametrize("feature_set", ["IS11", "IS12", "IS13"])
def test_rows_of_every_set_are_of_the_same_moments(
    feature_set: str, voice: npt.NDArray[np.float32]
) -> None:
    # whatever openSMILE's labels say, row i is of the sound at i hops
    shared = ["pcm_RMSenergy_sma", "audSpec_Rfilt_sma[0]", "pcm_fftMag_spectralFlux_sma"]
    found = []
    for name in (feature_set, "ComParE_2016"):
        extractor = OpenSmile("voice", OpenSmileOptions(feature_set=name, level="low_level"))
        values = extractor.describe(prepare(Audio(voice, 16_000))).array.values
        assert extractor.spec.columns is not None
        found.append(values[:, [extractor.spec.columns.index(column) for column in shared]])
    n = min(map(len, found)) - 1  # what reaches over the end of the sound is smoothed otherwise
    assert np.allclose(found[0][:n], found[1][:n], rtol=1e-3, atol=1e-5)
    assert not np.allclose(found[0][1:n], found[1][: n - 1], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("feature_set", FEATURE_SETS)
def test_60_ms_of_sound_give_numbers(feature_set: str, voice: npt.NDArray[np.float32]) -> None:
    extractor = OpenSmile("voice", OpenSmileOptions(feature_set=feature_set))
    assert extractor.describe(prepare(Audio(voice[:960], 16_000))).array.present.all()
    assert not extractor.describe(prepare(Audio(voice[:959], 16_000))).array.present.any()


def test_full_scale_does_not_wrap(voice: npt.NDArray[np.float32]) -> None:
    extractor = OpenSmile("voice", OpenSmileOptions(feature_set="eGeMAPSv02"))
    loud = voice / np.abs(voice).max()
    rows = [
        extractor.describe(prepare(Audio(gain * loud, 16_000))).array.values[0]
        for gain in (0.99, 1.0, 4.0)
    ]
    pitch = extractor.spec.columns.index("F0semitoneFrom27.5Hz_sma3nz_amean")  # type: ignore[union-attr]
    assert rows[1][pitch] == pytest.approx(rows[0][pitch], abs=0.05)
    assert rows[2][pitch] == pytest.approx(rows[0][pitch], abs=0.05)


def test_silence_is_a_row_that_is_not_present() -> None:
    extractor = OpenSmile("voice", OpenSmileOptions(feature_set="IS09"))
    result = extractor.describe(prepare(Audio(np.zeros(16_000, dtype=np.float32), 16_000)))
    result.array.check(extractor.spec, "clip")
    assert result.array.present.tolist() == [False]
    assert result.quality["audio"] == "silent"


def test_a_misspelt_set_is_named_with_its_likeness() -> None:
    with pytest.raises(ValidationError, match="did you mean 'eGeMAPSv02'"):
        OpenSmileOptions(feature_set="egemapsv2")


def test_it_can_be_named_in_a_recipe() -> None:
    assert EXTRACTORS.resolve("opensmile") is OpenSmile


@pytest.mark.real_data
def test_byte_identical_clips_have_identical_rows(real_data: Path) -> None:
    pair = [real_data / "ravdess" / f"03-01-03-01-02-0{r}-0{a}.flac" for r, a in ((1, 7), (2, 7))]
    extractor = OpenSmile("voice", OpenSmileOptions(feature_set="eGeMAPSv02"))
    first, second = (extractor.extract(ClipSource(path.stem, path)) for path in pair)
    assert pair[0].read_bytes() == pair[1].read_bytes()
    assert np.array_equal(first.array.values, second.array.values)
    assert first.quality == second.quality


def test_a_signal_waits_until_every_row_is_there(
    voice: npt.NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raised in a callback of openSMILE, an exception would be lost, and rows with it."""
    extractor = OpenSmile("voice", OpenSmileOptions(level="low_level"))
    measure, lengths = extractor._smile, []

    def interrupted(*sound: object) -> object:
        signal.raise_signal(signal.SIGTERM)
        found = measure(*sound)
        lengths.append(found[0].shape)
        return found

    def stop(number: int, _: object) -> None:
        raise Stopped(128 + number)

    whole = measure(voice, 16_000)[0].shape
    monkeypatch.setattr(extractor, "_smile", interrupted)
    before = signal.signal(signal.SIGTERM, stop)
    try:
        with pytest.raises(Stopped):
            extractor.rows(voice, 16_000)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert lengths == [whole]
