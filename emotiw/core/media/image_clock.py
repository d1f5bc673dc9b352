"""When each image of a video is shown, and how many there should be."""

from __future__ import annotations

from typing import Any

from emotiw.core.media.media_info import MediaInfo
from emotiw.core.media.reading_report import ReadingReport

USUAL_FPS = 25.0  # of a video without a clock


class ImageClock:
    """The time of each image, which never goes back."""

    def __init__(self, info: MediaInfo) -> None:
        self._info = info
        self._steps: dict[float, int] = {}
        self._zero = info.start_sec
        self._step = 1 / (info.fps or USUAL_FPS)
        self._last: float | None = None
        self._shift = 0.0
        self._first: float | None = None  # of the times of decoding
        self.n_jumps = 0

    def time_of(self, frame: Any) -> float:
        """Return the seconds from the start of the clip; a frame without a time comes in step."""
        following = 0.0 if self._last is None else self._last + self._step
        told = self._decoded_at(frame) if self._info.tells_decoding else frame.time
        time = following if told is None else float(told) - self._zero + self._shift
        if self._last is not None and time < self._last:
            self.n_jumps += 1
            self._shift += following - time
            time = following
        time = max(time, 0.0)
        if self._last is not None:
            step = round(time - self._last, 3)
            self._steps[step] = self._steps.get(step, 0) + 1
        self._last = time
        return time

    def _decoded_at(self, frame: Any) -> float | None:
        """Return when the decoder was given what let it show this frame, the first one at 0.

        Images come out in the order of display, one for each that goes in.
        """
        if frame.dts is None:
            return None
        time = float(frame.dts * frame.time_base)
        if self._first is None:
            self._first = time
        return time - self._first + self._zero

    def finish(self, report: ReadingReport) -> None:
        """Note how many images there should have been, now that their pace is known."""
        info = self._info
        usual = max(self._steps, key=lambda step: self._steps[step], default=self._step)
        report.n_clock_jumps = self.n_jumps
        report.expected_frames = info.expected_frames
        if not info.declared_frames:  # of a pace that may vary, nobody can say how many
            report.expected_frames = 0
            report.shown_sec = 0.0 if self._last is None else self._last + usual
            report.expected_shown_sec = info.shown_sec
        elif usual * info.fps > 1.5 and info.shown_sec:
            # an AVI counts ticks of its clock, also those at which no new image comes
            report.expected_frames = min(round(info.shown_sec / usual), info.expected_frames)
