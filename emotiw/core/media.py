"""Clips and photographs read as they are found: PyAV for video and sound, Pillow for stills."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.clip import escaped
from emotiw.core.containers import open_container
from emotiw.core.errors import MediaError
from emotiw.core.files import file_problem
from emotiw.core.lazy_pictures import Converters, DecodedPixels, Pixels

# of the sample formats whose conversion is one division; FFmpeg does the others
FULL_SCALE = {"s16": 2**15, "s32": 2**31, "flt": 1}
STILL_FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "PPM")


@dataclass(frozen=True)
class MediaInfo:
    """What a file says about itself, before anything is decoded.

    Attributes:
        is_still: a photograph; it is read as a clip of one frame.
        has_video: there is an image stream with a known codec (cover art is none).
        has_audio: there is a sound stream with a known codec.
        declared_frames: the number of frames that the container claims; 0 where it doesn't say.
        fps: frames per second, or 0.
        duration_sec: length, or 0 where it isn't declared.
        width: of the images before rotation, px.
        height: of the images before rotation, px.
    """

    is_still: bool
    has_video: bool
    has_audio: bool
    declared_frames: int
    fps: float
    duration_sec: float
    width: int
    height: int

    @property
    def expected_frames(self) -> int:
        """As many frames as are declared, or as its length would give; 0 where nobody can say."""
        return self.declared_frames or round(self.duration_sec * self.fps)


@dataclass(frozen=True)
class VideoFrame:
    """One upright image.

    Attributes:
        index: 0 for the first frame decoded.
        time_sec: when it is shown.
        pixels: for those who look at parts of it only.
    """

    index: int
    time_sec: float
    pixels: Pixels

    @property
    def rgb(self) -> npt.NDArray[np.uint8]:
        """The whole image, ``(height, width, 3)`` uint8."""
        return self.pixels.whole if isinstance(self.pixels, DecodedPixels) else self.pixels


@dataclass(frozen=True)
class Audio:
    """The sound of a clip, mixed down to the mean of its channels.

    Attributes:
        waveform: ``(n_samples,)`` float32, full scale at ±1.
        sampling_rate: Hz.
    """

    waveform: npt.NDArray[np.float32]
    sampling_rate: int

    @property
    def duration_sec(self) -> float:
        """Length in seconds."""
        return len(self.waveform) / self.sampling_rate


class MediaReader:
    """Reads one file; use it in a ``with`` block.

    A damaged packet is skipped and counted, and decoding goes on. A truncated file gives fewer
    frames than it declares without any error from FFmpeg, so compare ``info.declared_frames``
    with ``n_decoded_frames`` once the frames are read. ``n_damaged_packets`` is that of the last
    pass over the file.

    Raises:
        MediaError: if the file is missing, empty, or nothing that can be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n_decoded_frames = 0
        self.n_damaged_packets = 0
        if problem := file_problem(path):
            raise MediaError(f"{escaped(path.name)}: {problem}")
        if path.stat().st_size == 0:
            raise MediaError(f"{escaped(path.name)}: the file is empty")
        self._container: Any = None
        self._sound: list[npt.NDArray[np.float32]] | None = None
        self._sound_rate = 0
        self._is_read = False
        still = _still_size(path)
        if still is not None:
            self.info = MediaInfo(True, True, False, 1, 0.0, 0.0, still[0], still[1])
            return
        self._container = open_container(self.path)
        self.info = self._probe()

    def __enter__(self) -> MediaReader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._container is not None:
            self._container.close()

    def frames(self, *, keep_audio: bool = False) -> Iterator[VideoFrame]:
        """Yield every frame, upright, in the order of display; its RGB is made when asked for.

        Args:
            keep_audio: decode the sound in the same pass, so that :meth:`audio` is free afterwards.

        Raises:
            MediaError: if there is no image stream.
        """
        if self.info.is_still:
            self.n_decoded_frames = 1
            yield VideoFrame(0, 0.0, read_still(self.path))
            return
        stream = self._video_stream()
        if stream is None:
            raise MediaError(f"{escaped(self.path.name)}: no video track that can be decoded")
        fps = self.info.fps or 25.0
        self.n_decoded_frames = 0
        converters = Converters()
        sound: list[npt.NDArray[np.float32]] = []
        wanted = [stream, *(self._audio_streams() if keep_audio else [])]
        for kind, frame in self._decode(wanted):
            if kind == "audio":
                sound.extend(self._mix_down(frame))
                continue
            pixels = DecodedPixels(frame, round(frame.rotation / 90) % 4, converters)
            time = frame.time if frame.time is not None else self.n_decoded_frames / fps
            yield VideoFrame(self.n_decoded_frames, float(time), pixels)
            self.n_decoded_frames += 1
        if keep_audio:
            self._sound = sound

    def sound(self) -> Iterator[Audio]:
        """Yield the sound track block by block, mixed to the mean of its channels."""
        for _, frame in self._decode(self._audio_streams()):
            for block in self._mix_down(frame):
                yield Audio(block, self._sound_rate)

    def audio(self, sampling_rate: int | None = None) -> Audio:
        """Return the whole sound track, mixed to the mean of its channels.

        Args:
            sampling_rate: Hz to resample to (soxr, high quality); as recorded where None.

        Raises:
            MediaError: if there is no sound track, or no sample could be decoded from it.
        """
        if not self.info.has_audio:
            raise MediaError(f"{escaped(self.path.name)}: no audio track that can be decoded")
        if self._sound is None:
            self._sound = [block.waveform for block in self.sound()]
        waveform = np.concatenate(self._sound) if self._sound else np.zeros(0, dtype=np.float32)
        rate = self._sound_rate
        if not len(waveform):
            raise MediaError(f"{escaped(self.path.name)}: the audio track holds no samples")
        if sampling_rate is not None and sampling_rate != rate:
            import soxr

            waveform = soxr.resample(waveform, rate, sampling_rate)
            rate = sampling_rate
        return Audio(np.ascontiguousarray(waveform, dtype=np.float32), rate)

    def _decode(self, streams: Any) -> Iterator[tuple[str, Any]]:
        import av

        if self._is_read:
            indices = [stream.index for stream in streams]  # of no use once the file is closed
            self._container.close()
            self._container = open_container(self.path)
            streams = [self._container.streams[index] for index in indices]
        self._is_read = True
        self.n_damaged_packets = 0
        for stream in streams:
            stream.thread_count = 1  # with more, what hides damage depends on their number
        packets = self._container.demux(streams)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, EOFError):
                return
            except av.FFmpegError:
                self.n_damaged_packets += 1
                return
            except IndexError:  # of a stream that begins in mid-file, which PyAV doesn't know
                self.n_damaged_packets += 1
                packets = self._container.demux(streams)
                continue
            try:
                for frame in packet.decode():
                    yield packet.stream.type, frame
            except EOFError:
                continue
            except av.FFmpegError:
                self.n_damaged_packets += 1

    def _mix_down(self, frame: Any) -> list[npt.NDArray[np.float32]]:
        self._sound_rate = frame.sample_rate
        full_scale = FULL_SCALE.get(frame.format.packed.name)
        if full_scale is None:
            import av

            blocks = av.AudioResampler(format="fltp").resample(frame)
            return [block.to_ndarray().mean(axis=0) for block in blocks]  # (channels, n) -> (n,)
        samples = frame.to_ndarray()  # (channels, n), or (1, n * channels) where they alternate
        if not frame.format.is_planar:
            samples = samples.reshape(-1, frame.layout.nb_channels).T
        scaled = samples.astype(np.float32) / np.float32(full_scale)
        return [scaled.mean(axis=0)]

    def _video_stream(self) -> Any:
        import av

        for stream in self._container.streams.video:
            is_cover = stream.disposition & av.stream.Disposition.attached_pic
            if not is_cover and stream.codec_context is not None:
                return stream
        return None

    def _audio_streams(self) -> list[Any]:
        known = [s for s in self._container.streams.audio if s.codec_context is not None]
        return known[:1]

    def _probe(self) -> MediaInfo:
        stream = self._video_stream()
        has_audio = bool(self._audio_streams())
        if stream is None and not has_audio:
            raise MediaError(
                f"{escaped(self.path.name)}: neither a video nor an audio track that can be decoded"
            )
        duration = self._container.duration
        return MediaInfo(
            is_still=False,
            has_video=stream is not None,
            has_audio=has_audio,
            declared_frames=stream.frames if stream is not None else 0,
            fps=float(stream.average_rate or 0.0) if stream is not None else 0.0,
            duration_sec=duration / 1e6 if duration is not None and duration > 0 else 0.0,
            width=stream.width if stream is not None else 0,
            height=stream.height if stream is not None else 0,
        )


def read_still(path: Path) -> npt.NDArray[np.uint8]:
    """Return a photograph as ``(height, width, 3)`` uint8 RGB, turned as its EXIF data says.

    Transparent parts become white, as on paper; palettes and greys become RGB.

    Raises:
        MediaError: if it can't be decoded.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path, formats=STILL_FORMATS) as picture:
            upright = ImageOps.exif_transpose(picture)
            if upright.mode.startswith("I"):  # 16-bit grey, which convert() would cut off at 255
                grey = np.clip(np.asarray(upright) >> 8, 0, 255).astype(np.uint8)
                upright = Image.fromarray(grey)
            if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
                rgba = upright.convert("RGBA")
                paper = Image.new("RGBA", rgba.size, "white")
                upright = Image.alpha_composite(paper, rgba)
            return np.asarray(upright.convert("RGB"), dtype=np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise MediaError(f"{escaped(path.name)}: the image can't be decoded ({error})") from error


def read_audio(path: Path, sampling_rate: int | None = None) -> Audio:
    """Return the sound of a file; see :meth:`MediaReader.audio`."""
    with MediaReader(path) as reader:
        return reader.audio(sampling_rate)


def _still_size(path: Path) -> tuple[int, int] | None:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=STILL_FORMATS) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return None
    except Image.DecompressionBombError as error:
        raise MediaError(
            f"{escaped(path.name)}: the image is too large to open safely ({error})"
        ) from error
