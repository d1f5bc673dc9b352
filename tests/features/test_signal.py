"""Odd tracks: each has a stated outcome."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
import numpy.typing as npt
import pytest

from emotiw.core.errors import MediaError
from emotiw.core.media import Audio, MediaReader
from features.audio import signal as module
from features.audio.fbank import Fbank
from features.audio.librosa import LibrosaFeatures
from features.audio.signal import SignalOptions, lengthen, prepare, read_signal, signal_of
from features.extractor import ClipSource


def tone(
    seconds: float, rate: int, *, hz: float = 220.0, level: float = 0.3
) -> npt.NDArray[np.float32]:
    times = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def write_wav(path: Path, channels: npt.NDArray[np.float32], rate: int) -> Path:
    """Write ``(n_channels, n)`` floats as they are, NaN included."""
    n_channels = len(channels)
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[n_channels]
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_f32le", rate=rate, layout=layout)
        interleaved = np.ascontiguousarray(
            channels.T.reshape(1, -1)
        )  # (n, channels) -> (1, n * channels)
        frame = av.AudioFrame.from_ndarray(interleaved, format="flt", layout=layout)
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 96_000])
def test_any_sampling_rate_gives_the_same_tone(tmp_path: Path, rate: int) -> None:
    signal = read_signal(write_wav(tmp_path / "a.wav", tone(1.0, rate)[None], rate))
    assert signal.waveform is not None
    assert signal.quality["sampling_rate"] == rate
    assert abs(len(signal.waveform) - 16_000) <= 1
    middle = slice(2_000, 14_000)
    assert np.allclose(signal.waveform[middle], tone(1.0, 16_000)[middle], atol=0.01)


@pytest.mark.parametrize(
    ("rule", "level", "told"), [("auto", 0.5**0.5 + 0.5, "ITU"), ("mean", 2 / 6, "mean")]
)
def test_six_channels_are_mixed_by_the_rule(
    tmp_path: Path, rule: Literal["auto", "mean"], level: float, told: str
) -> None:
    voice = 0.3 * tone(1.0, 16_000)
    channels = np.stack([voice, 0 * voice, 0 * voice, 0 * voice, 0 * voice, voice])  # left, back
    path = write_wav(tmp_path / "a.wav", channels, 16_000)
    signal = read_signal(path, SignalOptions(downmix=rule))
    assert signal.waveform is not None
    assert np.allclose(signal.waveform, voice * level, atol=1e-6)
    assert (signal.quality["channels"], signal.quality["downmix"]) == (6, told)


def test_a_track_of_100_ms_is_mirrored_to_a_quarter_of_a_second() -> None:
    short = tone(0.1, 16_000)
    signal = prepare(Audio(short, 16_000))
    assert signal.waveform is not None
    assert len(signal.waveform) == 4_000
    assert np.array_equal(signal.waveform[:1600], short)
    assert np.array_equal(signal.waveform[1600:3200], short[::-1])
    assert signal.quality["duration_sec"] == 0.1


@pytest.mark.parametrize(
    ("seconds", "rate", "state"),
    [
        (1e-3, 16_000, "short"),
        (0.025, 16_000, "short"),
        (0.059, 48_000, "short"),
        (0.06, 48_000, "present"),
        (1.0, 1, "slow"),
        (1.0, 1_000, "slow"),
        (1.0, 3_999, "slow"),
        (1.0, 4_000, "present"),
        (1e-3, 100, "slow"),
    ],
)
def test_less_than_a_window_or_than_speech_is_no_sound(
    seconds: float, rate: int, state: str
) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, max(2, round(seconds * rate)))
    signal = prepare(Audio(noise.astype(np.float32), rate))
    assert signal.quality["audio"] == state
    assert (signal.waveform is None) == (state != "present")


def test_what_trimming_leaves_has_to_last_a_window_too() -> None:
    click = np.zeros(48_000, dtype=np.float32)
    click[24_000:24_100] = 0.5
    signal = prepare(Audio(click, 48_000), SignalOptions(trim_db=20, sampling_rate=48_000))
    assert (signal.waveform, signal.quality["audio"]) == (None, "short")
    assert signal.quality["duration_sec"] == 1


def test_an_extractor_asks_for_one_of_its_own_windows(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(0.1, 16_000)[None], 16_000)
    for kind, options in (
        (Fbank, {"window_sec": 0.12}),
        (LibrosaFeatures, {"window_sec": 0.12, "descriptors": ("mfcc",)}),
    ):
        for more, is_present in ((options, False), ({**options, "window_sec": 0.1}, True)):
            made = kind("voice", kind.Options.model_validate(more))
            extraction = made.extract(ClipSource("a", path))
            assert extraction.array.present.any() == is_present
            assert extraction.quality["audio"] == ("present" if is_present else "short")


def test_a_single_sample_can_be_lengthened() -> None:
    assert lengthen(np.ones(1, dtype=np.float32), 4).tolist() == [1, 1, 1, 1]


def test_full_scale_is_kept_below_one_and_noted() -> None:
    square = np.sign(tone(1.0, 16_000)).astype(np.float32) * 1.5
    signal = prepare(Audio(square, 16_000))
    assert signal.waveform is not None
    assert np.abs(signal.waveform).max() < 1
    assert signal.quality["audio"] == "clipped"


def test_a_single_full_scale_sample_is_not_called_clipped() -> None:
    voice = tone(1.0, 16_000)
    voice[100] = 1.0
    signal = prepare(Audio(voice, 16_000))
    assert signal.quality["audio"] == "present"
    assert signal.waveform is not None
    assert np.abs(signal.waveform).max() < 1


@pytest.mark.parametrize("offset", [0.0, 0.2])
def test_silence_is_no_data_whatever_its_offset(offset: float) -> None:
    signal = prepare(Audio(np.full(16_000, offset, dtype=np.float32), 16_000))
    assert signal.waveform is None
    assert signal.quality["audio"] == "silent"


def test_nan_samples_are_counted_and_spread_nowhere(tmp_path: Path) -> None:
    voice = tone(1.0, 44_100)
    voice[1_000:1_010] = np.nan
    signal = read_signal(write_wav(tmp_path / "a.wav", voice[None], 44_100))
    assert signal.waveform is not None
    assert signal.quality["n_nan"] == 10
    assert np.isfinite(signal.waveform).all()


def test_a_track_of_nothing_but_nan_is_damaged() -> None:
    signal = prepare(Audio(np.full(16_000, np.nan, dtype=np.float32), 16_000))
    assert signal.waveform is None
    assert signal.quality["audio"] == "damaged"


def test_a_track_without_samples_is_empty(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
    signal = read_signal(tmp_path / "a.wav")
    assert signal.waveform is None
    assert signal.quality["audio"] == "empty"


def test_a_picture_has_no_track_and_that_is_no_error(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert read_signal(tmp_path / "a.png").quality == {"audio": "missing"}


def test_a_file_that_is_no_media_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"not a sound")
    with pytest.raises(MediaError, match=r"a\.wav"):
        read_signal(tmp_path / "a.wav")


def test_trimming_cuts_both_ends_and_nothing_between() -> None:
    pause = np.zeros(8_000, dtype=np.float32)
    waveform = np.concatenate([pause, tone(1.0, 16_000), pause, tone(1.0, 16_000), pause])
    signal = prepare(Audio(waveform, 16_000), SignalOptions(trim_db=40))
    assert signal.waveform is not None
    assert 2.5 * 16_000 <= len(signal.waveform) < 2.7 * 16_000


def test_extractors_of_one_clip_share_what_was_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_wav(tmp_path / "a.wav", tone(1.0, 44_100)[None], 44_100)
    opened: list[Path] = []

    def reader(path: Path, **options: Any) -> MediaReader:
        opened.append(path)
        return MediaReader(path, **options)

    monkeypatch.setattr(module, "MediaReader", reader)
    source, slow = ClipSource("a", path), SignalOptions(sampling_rate=8_000)
    first = signal_of(source, SignalOptions())
    assert signal_of(source, SignalOptions()) is first
    lower = signal_of(source, slow).waveform
    assert lower is not None
    assert len(lower) == 8_000
    assert opened == [path]
    signal_of(ClipSource("a", path), slow)
    assert opened == [path, path]


@pytest.mark.real_data
def test_stereo_files_are_the_mean_of_their_channels(real_data: Path) -> None:
    stereo = []
    for path in sorted((real_data / "ravdess").glob("*.flac")):
        with av.open(str(path)) as container:
            if container.streams.audio[0].channels == 2:
                stereo.append(path)
    assert len(stereo) == 5
    for path in stereo:
        with av.open(str(path)) as container:
            blocks = [
                block.to_ndarray()
                for frame in container.decode(audio=0)
                for block in av.AudioResampler(format="fltp").resample(frame)
            ]
        channels = np.concatenate(blocks, axis=1)
        signal = read_signal(path)
        assert signal.waveform is not None
        assert np.allclose(signal.waveform, channels.mean(axis=0), atol=1e-6)


def test_recordings_of_any_gain_are_brought_to_one_level() -> None:
    loud, quiet = Audio(tone(1.0, 16_000), 16_000), Audio(tone(1.0, 16_000) / 50, 16_000)
    wanted = SignalOptions(level_db=-26)
    found = [prepare(audio, wanted) for audio in (loud, quiet)]
    assert found[0].waveform is not None
    assert found[1].waveform is not None
    assert np.allclose(found[0].waveform, found[1].waveform, atol=1e-4)
    assert 20 * np.log10(found[0].waveform.std()) == pytest.approx(-26, abs=0.1)
    assert found[0].quality["level_db"] != found[1].quality["level_db"]  # as it was recorded
