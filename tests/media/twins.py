"""Small twins of files as people have them: a rod that stands, a tone that changes.

Each image tells which one it is by its brightness, and which way it lies by a white corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

SIZE = (64, 48)
Image = npt.NDArray[np.uint8]
MS = Fraction(1, 1000)


def image(level: int, size: tuple[int, int] = SIZE) -> Image:
    """A grey image with a white corner at the top left."""
    picture = np.full((size[1], size[0], 3), level, np.uint8)
    picture[: size[1] // 3, : size[0] // 3] = 255
    return picture


def tone(hz: float, sec: float, rate: int = 16_000, level: float = 0.25) -> npt.NDArray[np.float32]:
    """A sine, ``(n,)``."""
    return (level * np.sin(2 * np.pi * hz * np.arange(round(sec * rate)) / rate)).astype(np.float32)


@dataclass
class Pictures:
    """A video track: an image at each of these times, in ms."""

    images: Sequence[Image]
    times_ms: Sequence[int]
    codec: str = "mpeg4"
    is_default: bool = True
    aspect: Fraction | None = None
    tick_ms: int = 1


@dataclass
class Sound:
    """A sound track: stretches ``(n_channels, n)``, each beginning at its time in ms."""

    parts: Sequence[tuple[int, npt.NDArray[np.float32]]]
    rate: int = 16_000
    layout: str = "mono"
    codec: str = "pcm_s16le"
    is_default: bool = True


def every(n: int, step_ms: int = 40, begin_ms: int = 0) -> list[int]:
    """Return ``n`` even times."""
    return [begin_ms + step_ms * number for number in range(n)]


def write(path: Path, *tracks: Pictures | Sound, kind: str | None = None) -> Path:
    """Write a file of these tracks."""
    with av.open(str(path), "w", format=kind) as out:
        packets: list[tuple[float, int, Any]] = []
        made = [
            (track, _video(out, track) if isinstance(track, Pictures) else _audio(out, track))
            for track in tracks
        ]
        for number, (track, stream) in enumerate(made):
            frames = _frames(track) if isinstance(track, Pictures) else _blocks(track, stream)
            for frame in [*frames, None]:
                for packet in stream.encode(frame):
                    packets.append((float(packet.pts * packet.time_base), number, packet))
        for _, _, packet in sorted(packets, key=lambda entry: entry[:2]):
            out.mux(packet)
    return path


def _video(out: Any, track: Pictures) -> Any:
    stream = out.add_stream(track.codec, rate=25)
    stream.height, stream.width = track.images[0].shape[:2]
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = track.tick_ms * MS
    if track.aspect is not None:
        stream.codec_context.sample_aspect_ratio = track.aspect
        stream.sample_aspect_ratio = track.aspect
    if track.codec == "libx264":
        stream.options = {"bf": "0", "qp": "10"}
    _mark(stream, track.is_default)
    return stream


def _audio(out: Any, track: Sound) -> Any:
    stream = out.add_stream(track.codec, rate=track.rate, layout=track.layout)
    _mark(stream, track.is_default)
    return stream


def _mark(stream: Any, is_default: bool) -> None:
    stream.disposition = av.stream.Disposition.default if is_default else av.stream.Disposition(0)


def _frames(track: Pictures) -> list[Any]:
    frames = []
    for picture, time in zip(track.images, track.times_ms, strict=True):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = time, MS
        frames.append(frame)
    return frames


def _blocks(track: Sound, stream: Any) -> list[Any]:
    size = stream.codec_context.frame_size or 1024
    blocks = []
    for begin_ms, samples in track.parts:
        channels = np.atleast_2d(samples)
        first = round(begin_ms * track.rate / 1000)
        for start in range(0, channels.shape[1], size):
            part = channels[:, start : start + size]
            whole = (32767 * part).round().astype(np.int16).T.reshape(1, -1)
            block = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(whole), format="s16", layout=track.layout
            )
            block.sample_rate, block.time_base = track.rate, Fraction(1, track.rate)
            block.pts = first + start
            blocks.append(block)
    if stream.codec_context.format is None or stream.codec_context.format.name == "s16":
        return blocks
    resampler = av.AudioResampler(format=stream.codec_context.format.name)
    return [made for block in blocks for made in resampler.resample(block)]
