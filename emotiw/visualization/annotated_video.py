"""A video or photograph again, with something drawn on every image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.files import atomic_write
from emotiw.core.media import Audio, MediaReader, read_still
from emotiw.core.progress import Progress

CODECS = ("libx264", "mpeg4")  # H.264 plays everywhere, MPEG-4 part 2 nearly
SAME_BYTES = {"x264-params": "mbtree=0"}  # that choice of x264's hangs on what else a machine does
TICKS = 90_000  # per second
SOUND_HZ = 48_000
Picture = npt.NDArray[np.uint8]
Draw = Callable[[Picture, int, float], Picture]


def write_annotated(
    path: Path, draw: Draw, target: Path, *, progress: Progress, video_track: int | None = None
) -> Path:
    """Write an annotated MP4 (a JPEG of a photograph), sound included; return its path.

    Frames are read and written one by one. The file appears when it is whole.

    Args:
        draw: takes each image, ``(height, width, 3)`` RGB, with its number and its time in
            seconds; returns what is shown instead, of even sides and always of one size.
        target: the file to write, without its suffix.
        video_track: the one that is drawn on, as :class:`MediaReader` has it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with MediaReader(path) as reader:
        if reader.info.is_still:
            return _write_still(
                draw(read_still(path), 0, 0.0), target.with_name(target.name + ".jpg")
            )
    final = target.with_name(f"{target.name}.mp4")
    partial = target.with_name(f".partial-{target.name}.mp4")
    try:
        _write_video(path, draw, partial, progress, video_track)
        partial.replace(final)
    finally:
        partial.unlink(missing_ok=True)
    return final


def _write_still(picture: Picture, target: Path) -> Path:
    import cv2

    quality = [cv2.IMWRITE_JPEG_QUALITY, 92]
    atomic_write(target, cv2.imencode(".jpg", picture[..., ::-1], quality)[1].tobytes())
    return target


def _write_video(
    path: Path, draw: Draw, target: Path, progress: Progress, video_track: int | None
) -> None:
    import av

    with MediaReader(path, video_track=video_track) as reader, av.open(str(target), "w") as out:
        info = reader.info
        n_frames = info.expected_frames
        video: Any = None
        sound = _Sound(path, out) if info.has_audio else None
        before = -1
        frames = progress.track(reader.frames(), stage="annotated video", total=n_frames)
        for frame in frames:
            picture = draw(frame.rgb, frame.index, frame.time_sec)
            if video is None:
                codec = next(name for name in CODECS if name in av.codecs_available)
                rate = Fraction(info.fps or 25.0).limit_denominator(1001)
                video = out.add_stream(
                    codec, rate=rate, options={} if codec == "mpeg4" else SAME_BYTES
                )
                video.height, video.width = picture.shape[:2]
                video.pix_fmt = "yuv420p"
                video.codec_context.time_base = Fraction(1, TICKS)
                if codec == "mpeg4":
                    video.codec_context.time_base = 1 / rate
                    video.bit_rate = 4_000_000
            drawn = av.VideoFrame.from_ndarray(picture, format="rgb24")
            base = video.codec_context.time_base
            drawn.pts = max(round(frame.time_sec / base), before + 1)
            drawn.time_base = base
            before = drawn.pts
            if sound is not None:
                sound.up_to(frame.time_sec)
            out.mux(video.encode(drawn))
        if video is not None:
            out.mux(video.encode(None))
        if sound is not None:
            sound.up_to(None)


class _Sound:
    """The sound of the file, encoded again alongside the images: in one channel, in its place."""

    def __init__(self, path: Path, out: Any) -> None:
        import av

        self._out = out
        self._reader = MediaReader(path)
        self._parts: Iterator[Audio] | None = self._reader.sound()
        self._track = out.add_stream("aac", rate=SOUND_HZ)
        self._track.layout = "mono"
        self._resampler = av.AudioResampler(
            format="fltp", layout="mono", rate=SOUND_HZ, frame_size=1024
        )
        self._done_sec = 0.0
        self._n_samples = 0

    def up_to(self, time_sec: float | None) -> None:
        """Write the sound up to this time, or all that is left."""
        while self._parts is not None and (time_sec is None or self._done_sec < time_sec):
            part = next(self._parts, None)
            if part is not None:
                self._add(part)
                continue
            self._write(None)
            self._out.mux(self._track.encode(None))
            with self._reader:
                self._parts = None

    def _add(self, part: Audio) -> None:
        import av

        rate = part.sampling_rate
        silence = max(round((part.start_sec - self._done_sec) * rate), 0)
        wave = np.concatenate([np.zeros(silence, np.float32), part.waveform])
        if len(wave):
            block = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
            block.sample_rate = rate
            self._write(block)
        self._done_sec += len(wave) / rate

    def _write(self, frame: Any) -> None:
        for block in self._resampler.resample(frame):
            block.pts = self._n_samples
            block.time_base = Fraction(1, SOUND_HZ)
            self._n_samples += block.samples
            self._out.mux(self._track.encode(block))
