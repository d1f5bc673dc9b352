"""Images and sound stand where a player shows them, whatever the file's rate and tracks."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from emotiw.core.errors import MediaError
from emotiw.core.media import Audio, MediaReader, read_audio
from emotiw.predict.media_chunks import image_chunks, sound_chunks
from features.audio.fbank import Fbank
from features.audio.sound_extractor import lies_in, row_times
from features.clips.snippets import steady_rows
from features.extractor import ClipSource
from features.faces.find_faces import find_faces
from tests.media.twins import Pictures, Sound, every, image, tone, write
from tests.predict.videos import SquareDetector

LEVELS = [20 + 15 * number for number in range(10)]
IMAGES = [image(level) for level in LEVELS]
VARIED = [0, 40, 80, 120, 160, 400, 700, 1000, 1300, 1600]  # 25 a second, then about 3


def times_of(path: Path) -> list[float]:
    with MediaReader(path) as reader:
        return [frame.time_sec for frame in reader.frames()]


def levels_of(path: Path) -> list[int]:
    """Which images a file shows, told by the brightness of their lower half."""
    with MediaReader(path) as reader:
        greys = [frame.rgb[30:].mean() for frame in reader.frames()]
    return [int(np.abs(np.array(LEVELS) - grey).argmin()) for grey in greys]


def first_loud_sec(audio: Audio) -> float:
    return audio.start_sec + float(np.argmax(np.abs(audio.waveform) > 0.1)) / audio.sampling_rate


def hz_of(waveform: npt.NDArray[np.float32], rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return float(spectrum.argmax()) * rate / len(waveform)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.ts"])
@pytest.mark.parametrize(("video_ms", "audio_ms"), [(0, 400), (400, 0), (3000, 3400), (0, 0)])
def test_the_earlier_track_begins_at_zero_and_the_other_keeps_its_distance(
    tmp_path: Path, name: str, video_ms: int, audio_ms: int
) -> None:
    path = write(
        tmp_path / name,
        Pictures(IMAGES, every(10, begin_ms=video_ms), codec="libx264"),
        Sound([(audio_ms, tone(440, 0.6))], codec="aac", rate=48_000),
    )
    times, audio = times_of(path), read_audio(path)
    apart = (audio_ms - video_ms) / 1000
    assert first_loud_sec(audio) - times[0] == pytest.approx(apart, abs=0.025)
    assert min(times[0], audio.start_sec) == pytest.approx(0, abs=0.025)
    assert np.diff(times) == pytest.approx(np.full(9, 0.04), abs=0.001)


def test_times_are_those_of_the_file_where_its_rate_varies(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", Pictures(IMAGES, VARIED, codec="libx264"))
    assert times_of(path) == pytest.approx([time / 1000 for time in VARIED], abs=0.001)
    tracks, _ = find_faces(path, detector=SquareDetector())
    assert tracks.time_sec == pytest.approx([time / 1000 for time in VARIED], abs=0.001)
    assert tracks.shown_sec[4].tolist() == pytest.approx([0.16, 0.4], abs=0.001)


def test_a_window_has_the_images_and_the_sound_of_its_seconds(tmp_path: Path) -> None:
    low, high = tone(300, 1.0), tone(1200, 1.0)
    path = write(
        tmp_path / "a.mkv",
        Pictures(IMAGES, VARIED),
        Sound([(0, np.concatenate([low, high]))]),
    )
    spans = [(0.0, 0.2), (0.2, 0.5), (0.41, 0.69), (1.0, 1.5)]
    shown = [levels_of(one) for one in image_chunks(path, spans, tmp_path) if one is not None]
    assert shown == [[0, 1, 2, 3, 4], [5], [5], [7, 8]]  # in the third none comes, one stays
    heard = [read_audio(one).waveform for one in sound_chunks(path, spans, tmp_path) if one]
    assert [round(hz_of(wave, 16_000), -2) for wave in heard] == [300, 300, 300, 1200]
    assert [len(wave) for wave in heard] == [3200, 4800, 4480, 8000]


def test_late_sound_is_in_the_window_where_it_is_heard(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.mkv",
        Pictures(IMAGES * 3, every(30)),
        Sound([(500, np.concatenate([tone(300, 0.25), tone(1200, 0.25)]))]),
    )
    spans = [(0.0, 0.4), (0.5, 0.75), (0.75, 1.0)]
    chunks = [one and read_audio(one) for one in sound_chunks(path, spans, tmp_path)]
    assert chunks[0] is None
    waves = [audio.waveform for audio in chunks[1:] if audio is not None]
    assert [round(hz_of(wave, 16_000), -2) for wave in waves] == [300, 1200]


def test_a_gap_is_silence_in_place_and_masked(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.mkv", Sound([(0, tone(440, 0.6)), (1100, tone(440, 0.6))], rate=16_000)
    )
    audio = read_audio(path)
    assert audio.duration_sec == pytest.approx(1.7, abs=0.002)
    assert audio.gaps == (pytest.approx((0.6, 1.1), abs=0.002),)
    assert audio.notes["gap_sec"] == pytest.approx(0.5, abs=0.002)
    assert not audio.waveform[9_650:17_550].any()
    found = Fbank("fbank", Fbank.Options()).extract(ClipSource("a", path)).array
    assert found.times is not None
    middle = found.times.mean(axis=1)
    inside = (middle > 0.61) & (middle < 1.09)
    assert inside.sum() > 40
    assert not found.present[inside].any()
    assert found.present[(middle < 0.59) | (middle > 1.11)].all()


def test_rows_of_late_sound_say_when_they_were_heard() -> None:
    times = row_times(3, 100.0, 0.8, 0.03)
    assert times[:, 0] == pytest.approx([0.8, 0.81, 0.82])
    assert lies_in([(0.81, 0.82)], times).tolist() == [False, True, False]


def test_what_an_edit_list_hides_is_neither_shown_nor_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", Pictures(IMAGES, every(10), codec="libx264"))
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 12
    rate = struct.unpack(">I", data[data.index(b"mdhd") + 16 :][:4])[0]
    data[at : at + 8] = struct.pack(">Ii", 240, round(0.16 * rate))  # the last 240 ms
    path.write_bytes(data)
    with MediaReader(path) as reader:
        frames = list(reader.frames())
        assert [frame.time_sec for frame in frames] == pytest.approx([0.04 * n for n in range(6)])
        assert (reader.info.declared_frames, reader.info.expected_frames) == (10, 6)
        assert reader.report.told == ""
    assert levels_of(path) == [4, 5, 6, 7, 8, 9]


def test_the_track_that_is_marked_is_the_clip(tmp_path: Path) -> None:
    for name, codec in (("a.mkv", "mpeg4"), ("a.mp4", "libx264")):
        path = write(
            tmp_path / name,
            Pictures([image(0, (128, 96))] * 10, every(10), codec=codec, is_default=False),
            Pictures(IMAGES, every(10), codec=codec),
            Sound([(0, tone(900, 0.4, 48_000))], 48_000, codec="aac", is_default=False),
            Sound([(0, tone(300, 0.4, 48_000))], 48_000, codec="aac"),
        )
        with MediaReader(path) as reader:
            info = reader.info
            assert (info.video_track, info.n_video_tracks) == (1, 2)
            assert (info.audio_track, info.n_audio_tracks) == (1, 2)
            assert next(reader.frames()).rgb.shape == (48, 64, 3)
            assert round(hz_of(reader.audio().waveform[4000:16_000], 48_000), -2) == 300
        with MediaReader(path, video_track=0, audio_track=0) as reader:
            assert next(reader.frames()).rgb.shape == (96, 128, 3)
            assert round(hz_of(reader.audio().waveform[4000:16_000], 48_000), -2) == 900
        with pytest.raises(MediaError, match="no track 2"):
            MediaReader(path, audio_track=2)


def test_without_a_mark_the_most_pixels_and_channels_are_taken(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.mkv",
        Pictures(IMAGES, every(10), is_default=False),
        Pictures([image(0, (128, 96))] * 10, every(10), is_default=False),
        Sound([(0, tone(900, 0.4))], is_default=False),
        Sound([(0, np.stack([tone(300, 0.4)] * 2))], layout="stereo", is_default=False),
    )
    with MediaReader(path) as reader:
        assert (reader.info.video_track, reader.info.audio_track) == (1, 1)


def test_snippets_are_seen_at_a_steady_pace() -> None:
    begins = np.array(VARIED) / 1000
    times = np.stack([begins, [*begins[1:], 1.64]], axis=1)
    times[0, 1], times[1, 0] = 0.041, 0.041  # rounding is no change of pace
    assert steady_rows(times[:5], 5).tolist() == [0, 1, 2, 3] + [4] * 6
    assert steady_rows(None, 4).tolist() == [0, 1, 2, 3]
    even = np.stack([np.arange(9) / 30, np.arange(1, 10) / 30], axis=1).round(3)
    assert steady_rows(even, 9).tolist() == list(range(9))
    paused = np.array([[0.0, 0.1], [0.1, 0.2], [0.2, 30.0], [30.0, 30.1]])
    assert np.bincount(steady_rows(paused, 4)).tolist() == [1, 1, 10, 1]  # a second at most


def test_an_avi_with_images_out_of_order_has_their_times_in_order(tmp_path: Path) -> None:
    """An AVI says when images are decoded, which with B-frames isn't when they are shown."""
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        stream.codec_context.max_b_frames = 2
        stream.codec_context.options = {"x264-params": "bframes=2:b-adapt=0"}
        for number in range(40):
            shade = np.full((64, 64, 3), 6 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(shade, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    assert times_of(path) == pytest.approx([n / 25 for n in range(40)])
    with MediaReader(path) as reader:
        shades = [float(frame.rgb.mean()) for frame in reader.frames()]
    assert shades == sorted(shades)
