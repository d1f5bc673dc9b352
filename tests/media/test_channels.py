"""Of several channels, rates and links the voice is heard, as loud and as high as it was."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from emotiw.core.media import read_audio
from emotiw.core.media.downmix import Channels
from emotiw.core.media.sound_track import Block, blocks_of
from features.audio.signal import SignalOptions, prepare, read_signal
from tests.media.test_clock import hz_of
from tests.media.twins import Sound, tone, write

VOICE = tone(440, 0.5)
NOISE = (0.1 * np.random.default_rng(0).standard_normal(len(VOICE))).astype(np.float32)
NOTHING = np.zeros_like(VOICE)


def rms(samples: npt.NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


@pytest.mark.parametrize(
    ("channels", "layout", "told", "heard"),
    [
        ([VOICE, NOTHING], "stereo", "only FL", VOICE),
        ([NOTHING, VOICE], "stereo", "only FR", VOICE),
        ([VOICE, VOICE], "stereo", "mean", VOICE),
        ([VOICE, -VOICE], "stereo", "FL-FR", VOICE),
        ([VOICE + 0.1 * NOISE, -VOICE], "stereo", "FL-FR", VOICE + 0.05 * NOISE),
        ([VOICE, NOISE], "stereo", "mean", (VOICE + NOISE) / 2),
        ([NOTHING, NOTHING, VOICE, NOTHING, NOTHING, NOTHING], "5.1", "only FC", VOICE),
        ([VOICE, -VOICE, NOTHING, NOTHING, NOTHING, NOTHING], "5.1", "FL-FR", VOICE),
        (
            [NOISE, NOISE, VOICE, NOISE, NOISE, NOISE],
            "5.1",
            "ITU",
            VOICE + (2 * 0.5**0.5 + 2 * 0.5) * NOISE,
        ),
    ],
)
def test_the_voice_is_as_loud_as_it_was(
    tmp_path: Path, channels: list[Any], layout: str, told: str, heard: npt.NDArray[np.float32]
) -> None:
    path = write(tmp_path / "a.wav", Sound([(0, np.stack(channels))], layout=layout))
    audio = read_audio(path)
    assert audio.notes["downmix"] == told
    assert audio.notes["channels"] == len(channels)
    assert audio.waveform == pytest.approx(heard, abs=1e-3)
    signal = read_signal(path, SignalOptions(downmix="mean"))
    assert signal.quality["downmix"] == "mean"


def test_silence_in_all_channels_stays_silence() -> None:
    heard = Channels(("FL", "FR"))
    heard.hear(np.zeros((2, 100), np.float32))
    way, weights = heard.weights()
    assert (way, weights.tolist()) == ("mean", [0.5, 0.5])


def test_an_offset_is_taken_out_and_told() -> None:
    clean = prepare(audio_of(VOICE)).waveform
    shifted = prepare(audio_of(VOICE + np.float32(0.3)))
    assert shifted.quality["offset"] == pytest.approx(0.3, abs=1e-3)
    assert shifted.quality["level_db"] == pytest.approx(20 * np.log10(0.25 / 2**0.5), abs=0.02)
    assert shifted.waveform == pytest.approx(clean, abs=1e-3)
    slight = prepare(audio_of(VOICE + np.float32(1e-3)))
    assert slight.waveform is not None
    assert slight.waveform.mean() == pytest.approx(1e-3, abs=1e-4)  # what nobody hears stays


def audio_of(samples: npt.NDArray[np.float32]) -> Any:
    from emotiw.core.media import Audio

    return Audio(samples, 16_000)


def adts(hz: float, rate: int, sec: float = 1.0) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="adts") as out:
        stream = out.add_stream("aac", rate=rate, layout="mono")
        block = av.AudioFrame.from_ndarray(tone(hz, sec, rate)[None], format="fltp", layout="mono")
        block.sample_rate, block.pts = rate, 0
        for packet in [*stream.encode(block), *stream.encode(None)]:
            out.mux(packet)
    return buffer.getvalue()


def test_a_rate_that_changes_changes_no_pitch(tmp_path: Path) -> None:
    path = tmp_path / "a.aac"
    path.write_bytes(adts(440, 48_000) + adts(880, 22_050))
    audio = read_audio(path)
    assert audio.notes["sampling_rates"] == "48000+22050"
    assert audio.sampling_rate == 48_000
    assert audio.duration_sec == pytest.approx(2.0, abs=0.15)
    middle = len(audio.waveform) // 2
    assert hz_of(audio.waveform[9_000 : middle - 9_000], 48_000) == pytest.approx(440, abs=5)
    assert hz_of(audio.waveform[middle + 9_000 : -9_000], 48_000) == pytest.approx(880, abs=5)


def ogg(hz: float, rate: int, codec: str, serial: int) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ogg", options={"serial_offset": str(serial)}) as out:
        stream = out.add_stream(codec, rate=rate, options={"strict": "experimental"})
        stream.layout = "stereo"
        both = np.tile(tone(hz, 1.0, rate), (2, 1))
        block = av.AudioFrame.from_ndarray(both, format="fltp", layout="stereo")
        block.sample_rate, block.pts = rate, 0
        kind = stream.codec_context.format.name
        blocks = av.AudioResampler(format=kind).resample(block)
        for one in [*blocks, None]:
            for packet in stream.encode(one):
                out.mux(packet)
    return buffer.getvalue()


@pytest.mark.parametrize("codec", ["vorbis", "flac"])
@pytest.mark.parametrize("rate", [48_000, 24_000])
def test_every_link_of_a_chain_is_heard(tmp_path: Path, codec: str, rate: int) -> None:
    path = tmp_path / "a.ogg"
    path.write_bytes(ogg(440, 48_000, codec, 1) + ogg(880, rate, codec, 2))
    audio = read_audio(path)
    assert audio.duration_sec == pytest.approx(2.0, abs=0.05)
    middle = len(audio.waveform) // 2
    assert hz_of(audio.waveform[9_000 : middle - 9_000], 48_000) == pytest.approx(440, abs=5)
    assert hz_of(audio.waveform[middle + 9_000 : -9_000], 48_000) == pytest.approx(880, abs=5)


class Heard:
    """A decoded block, as far as it matters."""

    def __init__(self, time: float, n: int) -> None:
        layout = av.AudioLayout("mono")
        self.time, self.samples = time, n
        frame = av.AudioFrame.from_ndarray(np.ones((1, n), np.float32), "fltp", layout)
        self.format, self.layout, self.sample_rate = frame.format, layout, 1000
        self.to_ndarray = frame.to_ndarray


def test_blocks_follow_the_clock_of_the_file() -> None:
    def starts(times: list[float], *, has_clock: bool = True) -> list[tuple[float, int, bool]]:
        frames = iter([Heard(time, 100) for time in times])
        found: list[Block] = list(blocks_of(frames, 1.0, has_clock=has_clock))
        return [(round(b.start_sec, 3), b.samples.shape[1], b.is_joined) for b in found]

    assert starts([1.0, 1.11, 1.2]) == [(0, 300, True)]
    assert [n for _, n, _ in starts([1 + n / 10 for n in range(25)])] == [1000, 1000, 500]
    assert starts([1.5, 1.8]) == [(0.5, 100, True), (0.8, 100, False)]
    assert starts([1.0, 1.05]) == [(0, 100, True), (0.1, 50, True)]  # half of it was heard
    assert starts([1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.0, 1.5]) == [(0, 700, True), (1.1, 100, False)]
    assert starts([1.5, 1.8], has_clock=False) == [(0.5, 200, True)]
    with pytest.raises(Exception, match="pauses for 999 s"):
        starts([1.0, 1000.0])
