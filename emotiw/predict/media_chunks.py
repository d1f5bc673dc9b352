"""Stretches of a file as files of their own, so that a long video needs no more memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from emotiw.core.media import MediaReader, VideoFrame
from emotiw.core.media.reading_report import notes_of, quality_of
from emotiw.predict.windows import CLOCK_SEC, Span


def sound_chunks(
    path: Path, spans: Sequence[Span], folder: Path, told: list[str] | None = None
) -> Iterator[Path | None]:
    """Yield a WAV of the sound of each window in turn; None where there is none.

    Only about a window of it is ever in memory. Samples are float, in one channel, zero where a
    part is missing in the file; a chunk is there until the next one is asked for.

    Args:
        spans: start and end of each window in seconds from the start of the clip, in the order of
            time.
        folder: for the chunks.
        told: takes what could not be read of the file, in the end.
    """
    target = folder / "chunk.wav"
    with MediaReader(path) as reader:
        blocks = reader.sound()
        heard = np.zeros(0, dtype=np.float32)  # the samples at hand …
        first: int | None = None  # … and where they begin
        rate = 0
        for start_sec, end_sec in spans:
            while first is None or first + len(heard) < round(end_sec * rate):
                block = next(blocks, None)
                if block is None:
                    break
                rate = block.sampling_rate
                begin = round(block.start_sec * rate)
                first = begin if first is None else first
                missing = np.zeros(max(begin - first - len(heard), 0), np.float32)
                heard = np.concatenate([heard, missing, block.waveform])
                # nothing that comes later begins before this window
                gone = min(max(round(start_sec * rate) - first, 0), len(heard))
                heard, first = heard[gone:], first + gone
            begin, end = (max(round(t * rate) - (first or 0), 0) for t in (start_sec, end_sec))
            if len(heard[begin:end]):
                _write_sound(target, heard[begin:end], rate)
                yield target
            else:
                yield None
        for _ in blocks:  # what is behind the last window
            pass
        _tell(reader, told)


def image_chunks(
    path: Path, spans: Sequence[Span], folder: Path, told: list[str] | None = None
) -> Iterator[Path | None]:
    """Yield a video of the images of each window in turn, in FFV1, which loses nothing.

    None where there are none. A window has the images that come into view in it, or where none
    does the one on display, each at its time. The file is read once, also where windows overlap.

    Args:
        spans: start and end of each window in seconds from the start of the clip, in the order of
            time.
        folder: for the chunks; each is there until the next one is asked for.
        told: takes what could not be read of the file, in the end.
    """
    with MediaReader(path) as reader:
        writers: dict[int, ImageWriter] = {}
        place = 0
        shown: VideoFrame | None = None  # on display until the next one comes into view
        step = 0.0
        try:
            for frame in reader.frames() if reader.info.has_video else ():
                now = frame.time_sec + CLOCK_SEC
                while place < len(spans) and now >= spans[place][1]:
                    yield from _finished(writers, place, folder, shown)
                    place += 1
                for number in range(place, len(spans)):
                    start, end = spans[number]
                    if now < start:
                        break
                    if now < end:
                        _writer_of(writers, number, folder).add(frame.rgb, frame.time_sec)
                step = frame.time_sec - shown.time_sec if shown is not None else 0.0
                shown = frame
            for number in range(place, len(spans)):
                is_gone = shown is None or shown.time_sec + step <= spans[number][0] + CLOCK_SEC
                yield from _finished(writers, number, folder, None if is_gone else shown)
            _tell(reader, told)
        finally:
            for writer in writers.values():
                writer.close()


def _tell(reader: MediaReader, told: list[str] | None) -> None:
    if told is not None:
        told += notes_of(quality_of(reader.report.told))


def _writer_of(writers: dict[int, ImageWriter], number: int, folder: Path) -> ImageWriter:
    if number not in writers:
        writers[number] = ImageWriter(folder / f"chunk-{number}.mkv")
    return writers[number]


def _finished(
    writers: dict[int, ImageWriter], number: int, folder: Path, shown: VideoFrame | None
) -> Iterator[Path | None]:
    if number not in writers and shown is not None:
        _writer_of(writers, number, folder).add(shown.rgb, shown.time_sec)
    writer = writers.pop(number, None)
    if writer is None:
        yield None
        return
    writer.close()
    yield writer.path
    writer.path.unlink()


class ImageWriter:
    """One video that grows image by image."""

    def __init__(self, path: Path) -> None:
        import av

        self.path = path
        self._out: Any = av.open(str(path), "w")
        self._video: Any = None
        self._begin_sec = 0.0
        self._last = -1

    def add(self, rgb: np.ndarray[Any, np.dtype[np.uint8]], time_sec: float) -> None:
        """Append an image, shown from this time on."""
        import av

        if self._video is None:
            self._begin_sec = time_sec
            self._video = self._out.add_stream("ffv1", rate=25)
            self._video.codec_context.time_base = Fraction(1, 1000)
            self._video.height, self._video.width = rgb.shape[:2]
            self._video.pix_fmt = "bgr0"
        shown = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        self._last = max(round(1000 * (time_sec - self._begin_sec)), self._last + 1)
        shown.pts, shown.time_base = self._last, Fraction(1, 1000)
        self._out.mux(self._video.encode(shown))

    def close(self) -> None:
        """Finish the file."""
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
