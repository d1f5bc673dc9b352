"""Answers while a camera runs: a few seconds of its images at a time, each as a file would be."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from emotiw.core.errors import MediaError
from emotiw.predict.media_chunks import ImageWriter
from emotiw.predict.predict_files import Wanted, predict_file
from emotiw.predict.prediction_rows import FilePrediction
from emotiw.predict.voice_lane import NO_SOUND
from emotiw.predict.windows import window_spans

WINDOW_SEC = 2.0
MOST_FPS = 10.0  # of more, every other image is enough to see a face change
LEAST_FPS = 1.0


def watch(
    source: str, wanted: Wanted, *, window_sec: float | None = None
) -> Iterator[FilePrediction]:
    """Yield what every window of a camera shows, until it ends; its sound is not heard.

    People are not followed from one window to the next. In a file the time is that of its images,
    of a camera that of the clock.

    Args:
        source: number of a camera as OpenCV counts them, or whatever else it opens: a file, or the
            address of a stream.
        wanted: what is asked of every window.
        window_sec: length of a window; 2 s where None.

    Raises:
        MediaError: if OpenCV can't open it, or no image comes.
        ConfigError: if there is no such window.
    """
    import cv2

    length_sec = WINDOW_SEC if window_sec is None else window_sec
    window_spans(1.0, length_sec)  # one that makes no sense is refused
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # the error says it
    device: Any = cv2.VideoCapture(int(source) if source.isdigit() else source)
    try:
        if not device.isOpened():
            raise MediaError(f"camera {source}: OpenCV can't open it; is one connected, and free?")
        images = _images(device, is_live=source.isdigit())
        first = next(images, None)
        if first is None:
            raise MediaError(f"camera {source}: it opens, and no image comes")
        yield from _windows(source, first, images, wanted, length_sec)
    finally:
        device.release()


def _windows(
    source: str,
    first: tuple[float, Any],
    images: Iterator[tuple[float, Any]],
    wanted: Wanted,
    length_sec: float,
) -> Iterator[FilePrediction]:
    following: tuple[float, Any] | None = first
    with tempfile.TemporaryDirectory() as name:
        while following is not None:
            begin = following[0]
            path = Path(name) / "window.mkv"
            writer = ImageWriter(path)
            while following is not None and following[0] < begin + length_sec:
                writer.add(following[1], following[0])
                following = next(images, None)
            writer.close()
            told = f"camera {source}, {begin:.1f} s"
            found = predict_file((told, path, "window", wanted))
            notes = tuple(note for note in found.notes if note != NO_SOUND)
            yield replace(found, notes=notes)
            path.unlink()


def _images(device: Any, *, is_live: bool) -> Iterator[tuple[float, Any]]:
    """Yield (seconds, RGB image), at most ten a second."""
    import time

    import cv2

    start, next_sec, count = time.monotonic(), 0.0, 0
    fps = max(float(device.get(cv2.CAP_PROP_FPS)), LEAST_FPS)
    while True:
        is_there, bgr = device.read()
        if not is_there:
            return
        now = time.monotonic() - start if is_live else count / fps
        count += 1
        if now + 1e-6 >= next_sec:
            next_sec = now + 1 / MOST_FPS
            yield now, bgr[:, :, ::-1].copy()
