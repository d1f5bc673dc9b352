"""Clips and photographs that the tests write themselves, and the damage they are found with."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from contextlib import chdir
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from emotiw.core.errors import MediaError
from emotiw.core.media import Audio, MediaReader, VideoFrame, media_reader, read_audio, read_still
from emotiw.core.media.containers import open_container

GREYS = [20 * (index + 1) for index in range(10)]
QUARTER = 8192  # a quarter of full scale in 16 bits


def grey_picture(level: int, size: tuple[int, int] = (64, 48)) -> npt.NDArray[np.uint8]:
    return np.full((size[1], size[0], 3), level, dtype=np.uint8)


def write_clip(
    path: Path,
    pictures: Sequence[npt.NDArray[np.uint8]] = (),
    sound: npt.NDArray[np.int16] | None = None,
    *,
    codec: str = "mpeg4",
    sound_codec: str = "pcm_s16le",
    layout: str = "mono",
    times_ms: Sequence[int] | None = None,
) -> Path:
    """Write a clip of 25 pictures a second and 16 kHz sound ``(n_samples, n_channels)``."""
    with av.open(str(path), "w") as container:
        streams: list[tuple[Any, list[Any]]] = []
        if len(pictures):
            video: Any = container.add_stream(codec, rate=25)
            video.height, video.width = pictures[0].shape[:2]
            video.pix_fmt = {"mjpeg": "yuvj420p", "png": "rgb24"}.get(codec, "yuv420p")
            frames = [av.VideoFrame.from_ndarray(picture, format="rgb24") for picture in pictures]
            if times_ms is not None:
                video.codec_context.time_base = Fraction(1, 1000)
                for frame, time in zip(frames, times_ms, strict=True):
                    frame.pts, frame.time_base = time, Fraction(1, 1000)
            streams.append((video, frames))
        if sound is not None:
            audio: Any = container.add_stream(sound_codec, rate=16_000, layout=layout)
            block = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout=layout)
            block.sample_rate = 16_000
            streams.append((audio, [block]))
        for stream, contents in streams:
            for content in [*contents, None]:
                container.mux(stream.encode(content))
    return path


def constant_sound(n_samples: int = 16_000) -> npt.NDArray[np.int16]:
    return np.full((n_samples, 1), QUARTER, dtype=np.int16)


def noise_pictures(n_pictures: int, *, moving: bool = True) -> list[npt.NDArray[np.uint8]]:
    blocks = np.random.default_rng(0).integers(0, 255, (15, 20, 3), dtype=np.uint8)
    texture = blocks.repeat(8, axis=0).repeat(8, axis=1)
    return [np.roll(texture, 3 * index * moving, axis=1) for index in range(n_pictures)]


def packets_of(path: Path) -> list[tuple[int, int]]:
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.video[0])
        return [(packet.pos, packet.size) for packet in packets if packet.size]


def read_frames(path: Path) -> list[VideoFrame]:
    with MediaReader(path) as reader:
        return list(reader.frames())


def levels(frames: Sequence[VideoFrame]) -> list[float]:
    return [float(frame.rgb.mean()) for frame in frames]


class TestFrames:
    def test_every_picture_comes_back_in_order_with_its_time(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "a.avi", [grey_picture(level) for level in GREYS])
        with MediaReader(path) as reader:
            frames = list(reader.frames())
        assert reader.n_decoded_frames == 10
        assert reader.n_damaged_packets == 0
        assert [frame.index for frame in frames] == list(range(10))
        assert [frame.time_sec for frame in frames] == pytest.approx(np.arange(10) / 25)
        assert levels(frames) == pytest.approx(GREYS, abs=4)

    def test_the_file_speaks_for_itself_before_decoding(self, tmp_path: Path) -> None:
        pictures = [grey_picture(level) for level in GREYS]
        path = write_clip(tmp_path / "a.avi", pictures, constant_sound(6400))
        with MediaReader(path) as reader:
            info = reader.info
        assert (info.is_still, info.has_video, info.has_audio) == (False, True, True)
        assert (info.declared_frames, info.fps) == (10, 25.0)
        assert (info.width, info.height) == (64, 48)
        assert info.duration_sec == pytest.approx(0.4)

    def test_a_second_pass_gives_the_same_frames(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "a.avi", noise_pictures(10))
        with MediaReader(path) as reader:
            first, second = list(reader.frames()), list(reader.frames())
            assert reader.n_decoded_frames == 10
        assert len(first) == 10
        for one, two in zip(first, second, strict=True):
            assert (one.index, one.time_sec) == (two.index, two.time_sec)
            assert np.array_equal(one.rgb, two.rgb)

    def test_variable_frame_rate_keeps_the_times_written(self, tmp_path: Path) -> None:
        times = [0, 40, 200, 240, 1000]
        pictures = [grey_picture(100)] * 5
        path = write_clip(tmp_path / "a.mp4", pictures, times_ms=times)
        assert [round(frame.time_sec * 1000) for frame in read_frames(path)] == times

    def test_odd_sizes_are_kept(self, tmp_path: Path) -> None:
        picture = grey_picture(100, (51, 37))
        path = write_clip(tmp_path / "a.avi", [picture] * 3, codec="mjpeg")
        frames = read_frames(path)
        assert [frame.rgb.shape for frame in frames] == [(37, 51, 3)] * 3
        assert levels(frames) == pytest.approx([100] * 3, abs=4)

    @pytest.mark.parametrize(
        ("matrix", "white_side"),
        [
            ((0, 1, -1, 0), "top"),  # a quarter to the right takes the left side to the top
            ((-1, 0, 0, -1), "right"),
            ((0, -1, 1, 0), "bottom"),
        ],
    )
    def test_a_turned_phone_gives_upright_pictures(
        self, tmp_path: Path, matrix: tuple[int, int, int, int], white_side: str
    ) -> None:
        picture = grey_picture(0)
        picture[:, :32] = 255  # the left half is white
        path = write_clip(tmp_path / "a.mp4", [picture] * 3)
        data = bytearray(path.read_bytes())
        where = data.index(b"tkhd") + 44
        a, b, c, d = (value << 16 for value in matrix)
        data[where : where + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
        path.write_bytes(data)
        rgb = read_frames(path)[0].rgb
        height, width = rgb.shape[:2]
        assert (width, height) == ((64, 48) if white_side == "right" else (48, 64))
        halves = {
            "top": rgb[: height // 2],
            "bottom": rgb[height // 2 :],
            "left": rgb[:, : width // 2],
            "right": rgb[:, width // 2 :],
        }
        assert max(halves, key=lambda side: float(halves[side].mean())) == white_side
        assert rgb.flags["C_CONTIGUOUS"]


class TestAudio:
    def test_every_sample_comes_back(self, tmp_path: Path) -> None:
        sound = np.arange(-8000, 8000, dtype=np.int16).reshape(-1, 1)
        audio = read_audio(write_clip(tmp_path / "a.avi", [grey_picture(9)] * 5, sound))
        assert audio.sampling_rate == 16_000
        assert audio.waveform.dtype == np.float32
        assert np.array_equal(audio.waveform * 32768, np.arange(-8000, 8000))
        assert audio.duration_sec == 1.0

    def test_two_channels_are_mixed_to_their_mean(self, tmp_path: Path) -> None:
        sound = np.tile(np.array([1000, 2000], np.int16), (8000, 1))
        sound[::2] *= -1
        audio = read_audio(write_clip(tmp_path / "a.wav", sound=sound, layout="stereo"))
        assert audio.waveform.shape == (8000,)
        assert np.allclose(audio.waveform[1::2] * 32768, 1500)
        assert audio.notes["downmix"] == "mean"

    def test_mp3_is_decoded(self, tmp_path: Path) -> None:
        tone = 8000 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
        path = write_clip(
            tmp_path / "a.avi",
            [grey_picture(9)] * 25,
            tone.astype(np.int16).reshape(-1, 1),
            sound_codec="libmp3lame",
        )
        heard = read_audio(path).waveform
        assert len(heard) == pytest.approx(16_000, abs=2 * 1152)
        spectrum = np.abs(np.fft.rfft(heard[2000:14_000]))
        assert np.argmax(spectrum) * 16_000 / 12_000 == pytest.approx(440, abs=2)

    @pytest.mark.parametrize(
        ("codec", "suffix"),
        [
            ("pcm_s16le", "wav"),
            ("pcm_s32le", "wav"),
            ("pcm_f32le", "wav"),
            ("pcm_f64le", "wav"),
            ("pcm_u8", "wav"),
            ("flac", "flac"),
            ("aac", "mp4"),
        ],
    )
    def test_samples_are_scaled_as_ffmpeg_scales_them(
        self, tmp_path: Path, codec: str, suffix: str
    ) -> None:
        sound = np.random.default_rng(0).integers(-32768, 32768, (4096, 2), dtype=np.int16)
        path = tmp_path / f"a.{suffix}"
        write_clip(path, sound=sound, sound_codec=codec, layout="stereo")
        with av.open(str(path)) as container:
            blocks = [
                block.to_ndarray().mean(axis=0)
                for frame in container.decode(audio=0)
                for block in av.AudioResampler(format="fltp").resample(frame)
            ]
        assert np.array_equal(read_audio(path).waveform, np.concatenate(blocks))

    def test_resampling_keeps_length_and_pitch(self, tmp_path: Path) -> None:
        tone = 8000 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
        path = write_clip(tmp_path / "a.wav", sound=tone.astype(np.int16).reshape(-1, 1))
        audio = read_audio(path, 8000)
        assert (audio.sampling_rate, len(audio.waveform)) == (8000, 8000)
        expected = 8000 / 32768 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
        assert np.allclose(audio.waveform[500:-500], expected[500:-500], atol=2e-3)

    def test_asking_for_the_rate_it_has_changes_nothing(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "a.wav", sound=constant_sound())
        assert np.array_equal(read_audio(path, 16_000).waveform, np.full(16_000, 0.25))

    def test_one_pass_gives_the_same_sound_as_a_pass_of_its_own(self, tmp_path: Path) -> None:
        sound = np.random.default_rng(0).integers(-9000, 9000, (16_000, 2), dtype=np.int16)
        path = write_clip(tmp_path / "a.avi", [grey_picture(9)] * 25, sound, layout="stereo")
        with MediaReader(path) as reader:
            assert len(list(reader.frames(keep_audio=True))) == 25
            together = reader.audio().waveform
        assert len(together) == 16_000
        assert np.array_equal(together, read_audio(path).waveform)

    def test_a_pass_broken_off_does_not_cut_the_sound(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "a.avi", [grey_picture(9)] * 50, constant_sound(32_000))
        with MediaReader(path) as reader:
            for frame in reader.frames(keep_audio=True):
                if frame.index == 10:
                    break
            assert len(reader.audio().waveform) == 32_000

    def test_sound_alone_has_no_frames(self, tmp_path: Path) -> None:
        with MediaReader(write_clip(tmp_path / "a.wav", sound=constant_sound())) as reader:
            info = reader.info
            assert (info.has_video, info.has_audio) == (False, True)
            assert (info.declared_frames, info.fps, info.width, info.height) == (0, 0.0, 0, 0)
            assert info.duration_sec == pytest.approx(1.0)
            with pytest.raises(MediaError, match=r"a\.wav: no video track"):
                next(reader.frames())

    def test_a_cover_picture_is_no_video(self, tmp_path: Path) -> None:
        song = write_clip(tmp_path / "a.mp3", sound=constant_sound(), sound_codec="libmp3lame")
        jpeg = io.BytesIO()
        Image.fromarray(grey_picture(90)).save(jpeg, "JPEG")
        picture = b"\0image/jpeg\0\x03\0" + jpeg.getvalue()
        tag = b"APIC" + struct.pack(">IH", len(picture), 0) + picture
        size = bytes(len(tag) >> shift & 0x7F for shift in (21, 14, 7, 0))
        covered = tmp_path / "covered.mp3"
        covered.write_bytes(b"ID3\x03\0\0" + size + tag + song.read_bytes())
        with av.open(str(covered)) as container:
            assert len(container.streams.video) == 1
        with MediaReader(covered) as reader:
            assert not reader.info.has_video
            assert np.array_equal(reader.audio().waveform, read_audio(song).waveform)

    def test_no_sound_is_said(self, tmp_path: Path) -> None:
        with MediaReader(write_clip(tmp_path / "a.avi", [grey_picture(9)] * 3)) as reader:
            assert not reader.info.has_audio
            with pytest.raises(MediaError, match=r"a\.avi: no audio track"):
                reader.audio()
            assert len(list(reader.frames(keep_audio=True))) == 3

    def test_a_track_without_samples_is_said(self, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        data = write_clip(path, sound=constant_sound()).read_bytes()
        path.write_bytes(data[: data.index(b"data")] + b"data\0\0\0\0")
        with pytest.raises(MediaError, match="holds no samples"):
            read_audio(path)

    def test_duration_is_samples_over_rate(self) -> None:
        assert Audio(np.zeros(12_000, dtype=np.float32), 8000).duration_sec == 1.5


class TestDamage:
    def test_a_truncated_file_gives_fewer_frames_than_it_declares(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "a.avi", noise_pictures(20), codec="mjpeg")
        position, _ = packets_of(path)[12]
        path.write_bytes(path.read_bytes()[:position])
        with MediaReader(path) as reader:
            assert reader.info.declared_frames == 20
            assert len(list(reader.frames())) == reader.n_decoded_frames == 12

    def test_damaged_packets_are_skipped_and_counted(self, tmp_path: Path) -> None:
        pictures = [grey_picture(level) for level in GREYS]
        path = write_clip(tmp_path / "a.mp4", pictures, codec="png")
        data = bytearray(path.read_bytes())
        for position, size in packets_of(path)[3:5]:
            data[position : position + size] = bytes(size)
        path.write_bytes(data)
        with MediaReader(path) as reader:
            for _ in range(2):  # a second pass doesn't count them twice
                assert levels(list(reader.frames())) == pytest.approx(GREYS[:3] + GREYS[5:])
                assert (reader.info.declared_frames, reader.n_decoded_frames) == (10, 8)
                assert reader.n_damaged_packets == 2

    @pytest.mark.parametrize("seed", range(4))
    def test_damage_looks_alike_on_any_number_of_cores(self, tmp_path: Path, seed: int) -> None:
        path = write_clip(tmp_path / "a.avi", noise_pictures(40), codec="libx264")
        rng = np.random.default_rng(seed)
        data = bytearray(path.read_bytes())
        for which in rng.choice(40, 4, replace=False):
            position, size = packets_of(path)[which]
            for _ in range(4):
                data[position + min(20, size) + rng.integers(max(1, size - 20))] = rng.integers(256)
        path.write_bytes(data)
        alone = []
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_count = 1
            for packet in container.demux(stream):
                try:
                    alone += [frame.to_ndarray(format="rgb24") for frame in packet.decode()]
                except av.FFmpegError:
                    continue
        with MediaReader(path) as reader:
            for _ in range(2):
                found = [frame.rgb for frame in reader.frames()]
                assert np.array_equal(found, alone)

    def test_a_read_error_ends_the_clip_and_is_counted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class FailingDisk:
            def __init__(self, container: Any) -> None:
                self.container, self.streams = container, container.streams

            def demux(self, streams: Any) -> Any:
                for count, packet in enumerate(self.container.demux(streams)):
                    if count == 4:
                        raise av.FFmpegError(5, "Input/output error")
                    yield packet

            def __getattr__(self, name: str) -> Any:
                return getattr(self.container, name)

        failing = lambda p: FailingDisk(open_container(p))  # noqa: E731
        monkeypatch.setattr(media_reader, "open_container", failing)
        path = write_clip(tmp_path / "a.avi", [grey_picture(9)] * 10)
        with MediaReader(path) as reader:
            assert len(list(reader.frames())) == 4
            assert reader.n_damaged_packets == 1

    def test_an_unknown_picture_codec_leaves_the_sound(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "a.avi", [grey_picture(9)] * 5, constant_sound())
        path.write_bytes(path.read_bytes().replace(b"FMP4", b"ZZZZ"))
        with MediaReader(path) as reader:
            assert (reader.info.has_video, reader.info.has_audio) == (False, True)
            assert np.array_equal(reader.audio().waveform, np.full(16_000, 0.25))
            with pytest.raises(MediaError, match="no video track that can be decoded"):
                next(reader.frames())

    def test_an_unknown_sound_codec_leaves_the_pictures(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "a.avi", [grey_picture(9)] * 5, constant_sound())
        data = bytearray(path.read_bytes())
        where = data.index(b"strf", data.index(b"auds")) + 8
        data[where : where + 2] = b"\x77\x77"
        path.write_bytes(data)
        with MediaReader(path) as reader:
            assert (reader.info.has_video, reader.info.has_audio) == (True, False)
            assert len(list(reader.frames(keep_audio=True))) == 5
            with pytest.raises(MediaError, match="no audio track that can be decoded"):
                reader.audio()

    def test_nothing_that_can_be_decoded_is_an_error(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "a.avi", [grey_picture(9)] * 5)
        path.write_bytes(path.read_bytes().replace(b"FMP4", b"ZZZZ"))
        with pytest.raises(MediaError, match=r"a\.avi: neither a video nor an audio track"):
            MediaReader(path)

    def test_a_track_that_begins_in_mid_file_costs_no_frame(self, tmp_path: Path) -> None:
        path = tmp_path / "a.flv"
        with av.open(str(path), "w") as out:
            video: Any = out.add_stream("flv1", rate=25)
            video.width = video.height = 32
            video.pix_fmt = "yuv420p"
            for grey in range(200):  # more than FFmpeg looks at before it says what there is
                picture = np.full((32, 32, 3), grey, dtype=np.uint8)
                out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            out.mux(video.encode(None))
        data = path.read_bytes()
        sound = bytes([0x3E, *bytes(200)])  # 16 bits, 44 kHz, mono
        tag = bytes([8]) + len(sound).to_bytes(3, "big") + (7900).to_bytes(3, "big") + bytes(4)
        tag += sound + (11 + len(sound)).to_bytes(4, "big")
        last = len(data) - 4 - int.from_bytes(data[-4:], "big")  # where the last picture begins
        path.write_bytes(data[:last] + tag + data[last:])
        with MediaReader(path) as reader:
            assert len(list(reader.frames())) == 200
            assert (reader.info.has_audio, reader.n_damaged_packets) == (False, 1)

    def test_what_names_other_files_is_not_followed(self, tmp_path: Path) -> None:
        write_clip(tmp_path / "real.avi", [grey_picture(9)] * 5)
        write_clip(tmp_path / "http:x.avi", [grey_picture(9)] * 5)
        Image.new("RGB", (8, 8)).save(tmp_path / "picture1.jpg")
        (tmp_path / "picture%d.jpg").write_bytes(b"no picture")
        (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile 'real.avi'\n")
        (tmp_path / "live.mp4").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n")
        for name in ("picture%d.jpg", "list.mp4", "live.mp4"):
            with pytest.raises(MediaError, match=f"{name}: not a video, sound or image file"):
                MediaReader(tmp_path / name)
        with chdir(tmp_path), MediaReader(Path("http:x.avi")) as reader:  # a name, no address
            assert len(list(reader.frames())) == 5

    def test_what_is_no_clip_at_all_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(MediaError, match=r"missing\.avi: no such file"):
            MediaReader(tmp_path / "missing.avi")
        with pytest.raises(MediaError, match=r"not a regular file \(a folder\)"):
            MediaReader(tmp_path)
        (tmp_path / "empty.avi").touch()
        with pytest.raises(MediaError, match=r"empty\.avi: the file is empty"):
            MediaReader(tmp_path / "empty.avi")
        garbage = tmp_path / "garbage.avi"
        garbage.write_bytes(np.random.default_rng(0).bytes(5000))
        with pytest.raises(MediaError, match=r"garbage\.avi: not a video, sound or image file"):
            MediaReader(garbage)


class TestStills:
    def test_a_photograph_is_a_clip_of_one_frame(self, tmp_path: Path) -> None:
        picture = np.random.default_rng(0).integers(0, 255, (3, 5, 3), dtype=np.uint8)
        Image.fromarray(picture).save(tmp_path / "a.png")
        with MediaReader(tmp_path / "a.png") as reader:
            info = reader.info
            (frame,) = reader.frames()
            with pytest.raises(MediaError, match="no audio track"):
                reader.audio()
        assert (info.is_still, info.has_video, info.has_audio) == (True, True, False)
        assert (info.declared_frames, info.width, info.height) == (1, 5, 3)
        assert (frame.index, frame.time_sec, reader.n_decoded_frames) == (0, 0.0, 1)
        assert np.array_equal(frame.rgb, picture)

    def test_the_contents_count_and_not_the_extension(self, tmp_path: Path) -> None:
        Image.fromarray(grey_picture(77)).save(tmp_path / "a.jpg", format="PNG")
        assert np.array_equal(read_frames(tmp_path / "a.jpg")[0].rgb, grey_picture(77))

    def test_exif_turns_the_picture_upright(self, tmp_path: Path) -> None:
        picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
        exif = Image.Exif()
        exif[0x0112] = 6  # shown a quarter to the right
        Image.fromarray(picture).save(tmp_path / "a.png", exif=exif)
        assert np.array_equal(read_still(tmp_path / "a.png"), np.rot90(picture, -1))

    def test_transparent_becomes_white(self, tmp_path: Path) -> None:
        rgba = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 51]]], dtype=np.uint8)
        Image.fromarray(rgba).save(tmp_path / "a.png")
        expected = [[[10, 20, 30], [255, 255, 255], [204, 204, 204]]]  # 255 · (1 - 51/255)
        assert read_still(tmp_path / "a.png").tolist() == expected

    def test_palettes_become_rgb(self, tmp_path: Path) -> None:
        palette = Image.new("P", (2, 1))
        palette.putpalette([250, 0, 0, 0, 0, 250])
        palette.putpixel((1, 0), 1)
        palette.save(tmp_path / "a.png")
        assert read_still(tmp_path / "a.png").tolist() == [[[250, 0, 0], [0, 0, 250]]]
        palette.save(tmp_path / "b.png", transparency=1)
        assert read_still(tmp_path / "b.png").tolist() == [[[250, 0, 0], [255, 255, 255]]]

    def test_greys_become_rgb(self, tmp_path: Path) -> None:
        Image.fromarray(np.array([[0, 128, 255]], dtype=np.uint8)).save(tmp_path / "a.png")
        assert read_still(tmp_path / "a.png").tolist() == [[[0] * 3, [128] * 3, [255] * 3]]

    @pytest.mark.parametrize("extension", ["png", "tif", "pgm"])
    def test_sixteen_bits_of_grey_become_eight(self, tmp_path: Path, extension: str) -> None:
        grey = np.array([[0, 32768, 65535]], dtype=np.uint16)
        path = tmp_path / f"a.{extension}"
        Image.fromarray(grey).save(path)
        assert read_still(path).tolist() == [[[0] * 3, [128] * 3, [255] * 3]]

    @pytest.mark.parametrize("kind", [np.float32, np.int32])
    def test_numbers_without_a_range_are_refused(self, tmp_path: Path, kind: type) -> None:
        Image.fromarray(np.array([[0, 1]], dtype=kind)).save(tmp_path / "a.tif")
        with pytest.raises(MediaError, match=r"a\.tif: .*no range of values .* 8 or 16 bits"):
            read_still(tmp_path / "a.tif")

    def test_half_a_jpeg_is_an_error_that_names_it(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jpg"
        Image.fromarray(noise_pictures(1)[0]).save(path)
        path.write_bytes(path.read_bytes()[:2000])
        with MediaReader(path) as reader:
            assert reader.info.is_still
            with pytest.raises(MediaError, match=r"a\.jpg: the image can't be decoded"):
                list(reader.frames())

    def test_a_picture_too_large_for_memory_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Image.fromarray(grey_picture(1)).save(tmp_path / "a.png")
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # 64 · 48 is over twice that
        with pytest.raises(MediaError, match=r"a\.png: the image is too large"):
            MediaReader(tmp_path / "a.png")
        with pytest.raises(MediaError, match=r"a\.png: the image can't be decoded"):
            read_still(tmp_path / "a.png")


@pytest.mark.real_data
class TestRealClips:
    def test_a_clip_that_declares_more_than_it_holds(self, real_data: Path) -> None:
        with MediaReader(real_data / "faces/videos/no_face.mp4") as reader:
            assert reader.info.declared_frames == 98
            assert sum(1 for _ in reader.frames()) == reader.n_decoded_frames == 95

    def test_flash_video_declares_nothing(self, real_data: Path) -> None:
        paths = sorted((real_data / "crema_d").glob("*.flv"))
        assert len(paths) == 6
        for path in paths[:2]:
            with MediaReader(path) as reader:
                assert reader.info.declared_frames == 0
                shapes = {frame.rgb.shape for frame in reader.frames(keep_audio=True)}
                assert shapes == {(360, 480, 3)}
                assert 56 <= reader.n_decoded_frames <= 70
                assert reader.audio().duration_sec == pytest.approx(
                    reader.n_decoded_frames / reader.info.fps, abs=0.2
                )

    def test_quicktime(self, real_data: Path) -> None:
        with MediaReader(real_data / "faces/videos/face_noface.mov") as reader:
            last = 0.0
            for frame in reader.frames(keep_audio=True):
                assert frame.time_sec >= last
                last = frame.time_sec
            assert reader.n_decoded_frames == reader.info.declared_frames == 169
            assert len(reader.audio().waveform) == 174_882
