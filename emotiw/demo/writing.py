"""Clips written as files: the same images and sound give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.demo.portraits import Pixels

AUDIO_FRAME = 1152  # samples of an MP3 frame at most
AUDIO_CODECS = {"avi": "libmp3lame", "mp4": "aac"}
QUALITY = 4  # of MPEG-4, 1 (best) … 31


def encode_clip(
    frames: Iterable[Pixels],
    fps: int,
    waveform: npt.NDArray[np.float32] | None,
    sampling_rate: int,
    *,
    container: str = "avi",
) -> bytes:
    """Return a file of MPEG-4 video and MP3 (AVI) or AAC (MP4) sound.

    Args:
        frames: at least one ``(height, width, 3)`` uint8, all of one even size.
        fps: frames per second.
        waveform: ``(n_samples,)`` in [-1, 1]; None for a file without an audio track.
        sampling_rate: Hz of the waveform.
        container: ``avi``, as in AFEW, or ``mp4``, as in VGAF.
    """
    import av

    frames = list(frames)
    height, width = frames[0].shape[:2]
    buffer = io.BytesIO()
    options = {"fflags": "+bitexact"}
    with av.open(buffer, "w", format=container, container_options=options) as file:
        video = file.add_stream("mpeg4", rate=fps)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.codec_context.thread_count = 1  # the bytes must not depend on the machine's cores
        video.codec_context.qmin = video.codec_context.qmax = QUALITY
        video.codec_context.flags |= av.codec.context.Flags.bitexact
        sound: Any = None
        if waveform is not None:
            sound = file.add_stream(AUDIO_CODECS[container], rate=sampling_rate, layout="mono")
            sound.bit_rate = 64_000
            sound.codec_context.format = "fltp"
            sound.codec_context.flags |= av.codec.context.Flags.bitexact
        packets: list[tuple[float, Any]] = []
        for index, rgb in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, fps)
            packets += [(index / fps, packet) for packet in video.encode(picture)]
        packets += [(len(frames) / fps, packet) for packet in video.encode()]
        if sound is not None and waveform is not None:
            packets += _encode_sound(sound, waveform, sampling_rate)
        for _, packet in sorted(packets, key=lambda entry: entry[0]):
            file.mux(packet)
    return buffer.getvalue()


def encode_still(rgb: Pixels, suffix: str) -> bytes:
    """Return a photograph as a file, by the suffix (``.jpg``, ``.png``) of a format."""
    import cv2

    is_written, data = cv2.imencode(suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    assert is_written
    return data.tobytes()


def _encode_sound(
    stream: Any, waveform: npt.NDArray[np.float32], sampling_rate: int
) -> list[tuple[float, Any]]:
    import av

    packets = []
    for start in range(0, len(waveform), AUDIO_FRAME):
        block = np.ascontiguousarray(waveform[None, start : start + AUDIO_FRAME])
        samples = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
        samples.sample_rate, samples.pts = sampling_rate, start
        samples.time_base = Fraction(1, sampling_rate)
        packets += [(start / sampling_rate, packet) for packet in stream.encode(samples)]
    packets += [(len(waveform) / sampling_rate, packet) for packet in stream.encode()]
    # an encoder starts before time 0, and AVI would fill the gap with empty video frames
    early = min(packet.pts for _, packet in packets)
    for _, packet in packets:
        packet.pts -= early
        packet.dts = packet.pts
    return packets
