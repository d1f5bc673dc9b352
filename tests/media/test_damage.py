"""What could not be read of a file is said, and of a whole one nothing."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from emotiw.core.media import MediaReader
from emotiw.core.media.reading_report import ReadingReport
from tests.media.twins import Pictures, Sound, every, tone, write

RNG = np.random.default_rng(5)
NOISY = [
    RNG.integers(0, 255, (12, 16, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1) for _ in range(30)
]


def told(path: Path) -> list[str]:
    found = []
    with MediaReader(path) as reader:
        if reader.info.has_video:
            list(reader.frames())
            found.append(reader.report.told)
        if reader.info.has_audio:
            reader.audio()
            found.append(reader.report.told)
    return [text for text in found if text]


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.avi", "a.ts", "a.flv", "a.mov"])
@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
def test_of_whole_files_nothing_is_told(tmp_path: Path, name: str, codec: str) -> None:
    codec = "flv" if (name, codec) == ("a.flv", "mpeg4") else codec
    sound = Sound([(0, tone(440, 1.2, 44_100))], 44_100, codec="aac")
    assert told(write(tmp_path / name, Pictures(NOISY, every(30), codec), sound)) == []


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.m4a", "a.ogg", "a.aac", "a.ac3"])
def test_of_whole_recordings_nothing_is_told(tmp_path: Path, name: str) -> None:
    codec = {
        "wav": "pcm_s16le", "flac": "flac", "mp3": "libmp3lame", "ogg": "libopus", "ac3": "ac3",
    }.get(name[2:], "aac")  # fmt: skip
    assert (
        told(write(tmp_path / name, Sound([(0, tone(440, 1.2, 48_000))], 48_000, codec=codec)))
        == []
    )


def test_a_file_that_ends_early_says_how_much_there_was(tmp_path: Path) -> None:
    path = write(tmp_path / "a.avi", Pictures(NOISY, every(30), tick_ms=40))
    with av.open(str(path)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.size]
    path.write_bytes(path.read_bytes()[: places[18]])
    assert told(path) == ["18 of 30 images read"]


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_s24le", "pcm_f32le", "pcm_alaw", "mp3"])
def test_a_recording_that_ends_early_says_so_too(tmp_path: Path, codec: str) -> None:
    name, used = ("a.mp3", "libmp3lame") if codec == "mp3" else ("a.wav", codec)
    path = write(tmp_path / name, Sound([(0, tone(440, 2.0, 48_000))], 48_000, codec=used))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (text,) = told(path)
    assert " of 2.0" in text
    assert text.startswith(("0.9", "1.0"))


@pytest.mark.parametrize("name", ["a.w64", "a.caf"])
def test_other_containers_of_samples_that_end_early_say_so(tmp_path: Path, name: str) -> None:
    sound = Sound([(0, tone(440, 2.0, 48_000))], 48_000, codec="pcm_s16le")
    path = write(tmp_path / name, sound)
    assert told(path) == []
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "1.00 of 2.00 s of sound read" in told(path)[0]


def test_an_ogg_that_ends_within_a_page_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ogg", Sound([(0, tone(440, 2.0, 48_000))], 48_000, codec="libopus"))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert told(path) == ["1 damaged packets"]


def test_a_recording_that_leaves_its_length_open_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", Sound([(0, tone(440, 1.0))], codec="pcm_s16le"))
    data = path.read_bytes()
    place = data.index(b"data") + 4
    for size in (0, 0x7FFFF000, 0xFFFFFFFF):
        path.write_bytes(data[:place] + size.to_bytes(4, "little") + data[place + 4 :])
        assert told(path) == []
    path = write(tmp_path / "a.caf", Sound([(0, tone(440, 1.0))], codec="pcm_s16le"))
    data = path.read_bytes()
    place = data.index(b"data") + 4
    path.write_bytes(data[:place] + bytes(8 * [255]) + data[place + 8 :])
    assert told(path) == []


def test_what_the_decoder_hides_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", Pictures(NOISY, every(30)))
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    data = bytearray(path.read_bytes())
    position, size = packets[7]
    data[position + size // 2 : position + size // 2 + 40] = RNG.bytes(40)
    path.write_bytes(data)
    (text,) = told(path)
    assert "FFmpeg says: mpeg4: " in text
    other = write(tmp_path / "b.mkv", Pictures(NOISY, every(30)))
    assert told(other) == []  # the log of one file is not another's
    assert told(path) == [text]


def test_a_hole_in_the_sound_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", Sound([(0, tone(440, 0.5)), (900, tone(440, 0.5))]))
    assert told(path) == ["0.40 s missing within the sound"]


def test_messages_are_counted_not_repeated() -> None:
    report = ReadingReport(errors={"a": 9, "b": 1, "c": 2, "d": 1})
    assert report.told == "FFmpeg says: a; b and 2 others"
    assert ReadingReport(peak_db=47.6).told == "sound of +47.6 dB, where 0 is full scale"
    assert ReadingReport(peak_db=1.5).told == ""


def test_how_much_is_enough_can_be_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.avi", Pictures(NOISY, every(30), tick_ms=40))
    with av.open(str(path)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.size]
    path.write_bytes(path.read_bytes()[: places[18]])
    for enough, is_told in ((0.95, True), (0.5, False)):
        with MediaReader(path, enough=enough) as reader:
            list(reader.frames())
            assert bool(reader.report.told) == is_told
