"""Stretches of a file as files of their own, so that a long video needs no more memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from emotiw.core.media import MediaReader
from emotiw.predict.windows import Span


def sound_chunks(path: Path, spans: Sequence[Span], folder: Path) -> Iterator[Path | None]:
    """Yield a WAV of the sound of each window in turn; None where there is none.

    The file is read once, and only about a window of it is ever in memory. Samples are float,
    mixed to one channel; a chunk is there until the next one is asked for.

    Args:
        spans: start and end of each window in seconds, in the order of time.
        folder: for the chunks.
    """
    target = folder / "chunk.wav"
    with MediaReader(path) as reader:
        blocks = reader.sound() if reader.info.has_audio else iter(())
        heard, first = np.zeros(0, dtype=np.float32), 0  # the samples at hand, and where they begin
        rate = 0
        for start_sec, end_sec in spans:
            while not rate or first + len(heard) < round(end_sec * rate):
                block = next(blocks, None)
                if block is None:
                    break
                rate = block.sampling_rate
                heard = np.concatenate([heard, block.waveform])
                # nothing that comes later begins before this window
                gone = min(max(round(start_sec * rate) - first, 0), len(heard))
                heard, first = heard[gone:], first + gone
            begin, end = (max(round(t * rate) - first, 0) for t in (start_sec, end_sec))
            if len(heard[begin:end]):
                _write_sound(target, heard[begin:end], rate)
                yield target
            else:
                yield None


def image_chunks(path: Path, spans: Sequence[Span], folder: Path) -> Iterator[Path | None]:
    """Yield a video of the images of each window in turn, in FFV1, which loses nothing.

    None where there are none. The file is read once, also where windows overlap.

    Args:
        spans: start and end of each window in seconds, in the order of time.
        folder: for the chunks; each is there until the next one is asked for.
    """
    with MediaReader(path) as reader:
        fps = reader.info.fps or 25.0
        ends = [(round(start * fps), round(end * fps)) for start, end in spans]
        writers: dict[int, _Writer] = {}
        place = 0
        try:
            for frame in reader.frames() if reader.info.has_video else ():
                while place < len(ends) and frame.index >= ends[place][1]:
                    yield from _finished(writers, place)
                    place += 1
                for number in range(place, len(ends)):
                    first, end = ends[number]
                    if frame.index < first:
                        break
                    if frame.index >= end:
                        continue
                    if number not in writers:
                        writers[number] = _Writer(folder / f"chunk-{number}.mkv", fps)
                    writers[number].add(frame.rgb)
            for number in range(place, len(ends)):
                yield from _finished(writers, number)
        finally:
            for writer in writers.values():
                writer.close()


def _finished(writers: dict[int, _Writer], number: int) -> Iterator[Path | None]:
    writer = writers.pop(number, None)
    if writer is None:
        yield None
        return
    writer.close()
    yield writer.path
    writer.path.unlink()


class _Writer:
    """One video that grows image by image."""

    def __init__(self, path: Path, fps: float) -> None:
        import av

        self.path = path
        self._rate = Fraction(fps).limit_denominator(1001)
        self._out: Any = av.open(str(path), "w")
        self._video: Any = None
        self._n = 0

    def add(self, rgb: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        import av

        if self._video is None:
            self._video = self._out.add_stream("ffv1", rate=self._rate)
            self._video.height, self._video.width = rgb.shape[:2]
            self._video.pix_fmt = "bgr0"
        shown = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        shown.pts, shown.time_base = self._n, 1 / self._rate
        self._n += 1
        self._out.mux(self._video.encode(shown))

    def close(self) -> None:
        if self._out is not None:
            self._out.mux(self._video.encode(None))
            self._out.close()
            self._out = None


def _write_sound(target: Path, samples: np.ndarray[Any, np.dtype[np.float32]], rate: int) -> None:
    import av

    with av.open(str(target), "w", format="wav") as out:
        track: Any = out.add_stream("pcm_f32le", rate=rate)
        track.layout = "mono"
        block = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples)[None], format="flt", layout="mono"
        )
        block.sample_rate = rate
        out.mux(track.encode(block))
        out.mux(track.encode(None))
