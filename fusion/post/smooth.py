"""Scores smoothed in time: annotators are slower than networks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal, Self

from pydantic import Field

from emotiw.core.config import Strict
from fusion.post.post_step import HeldOut, PostStep
from fusion.traces import Numbers, Traces

Filter = Literal["median", "savitzky_golay", "gaussian"]
ORDER = 2  # of the polynomial of Savitzky and Golay
NONE = "none"


class SmoothOptions(Strict):
    """Which filters are tried.

    Attributes:
        filters: the kinds.
        windows: how many steps a window may hold; odd. No window at all is always tried too.
    """

    filters: tuple[Filter, ...] = Field(
        default=("median", "savitzky_golay", "gaussian"), min_length=1
    )
    windows: tuple[int, ...] = Field(default=(3, 5, 9, 17, 33, 65), min_length=1)


class Smooth(PostStep):
    """The filter and window that are best by the metric on held-out scores.

    The Gaussian's window reaches two standard deviations to either side.

    Source:
        Savitzky & Golay 1964 (a parabola fitted in every window).
    """

    Options = SmoothOptions

    def __init__(self, task: Any, options: Any) -> None:
        super().__init__(task, options)
        self.kind, self.window, self.step_sec = NONE, 1, 0.0

    def fit(self, rows: HeldOut) -> Self:
        """Try every filter and window; the first of equally good ones is taken, and none first."""
        self.step_sec = rows.traces.usual_sec
        best = rows.worth()
        if self.step_sec <= 0:  # no row follows another
            return self
        chosen = NONE, 1
        for window in self.options.windows:
            for kind in self.options.filters:
                self.kind, self.window = kind, window
                worth = rows.worth(self.apply(rows.scores, rows.traces))
                if worth > best:
                    best, chosen = worth, (kind, window)
        self.kind, self.window = chosen
        return self

    def change(self, scores: Numbers, traces: Traces) -> Numbers:
        """Smooth every stretch of a clip."""
        half = self.window // 2
        if self.kind == NONE or half == 0 or (self.kind == "savitzky_golay" and half < ORDER):
            return scores
        return traces.filtered(scores, half, _filter(self.kind, half), self.step_sec)

    def to_dict(self) -> dict[str, Any]:
        """Return filter and window, in steps, and how long a step is."""
        return {"filter": self.kind, "window": self.window, "step_sec": self.step_sec}

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over the filter."""
        self.kind, self.window = str(state["filter"]), int(state["window"])
        self.step_sec = float(state["step_sec"])
        return self


def _filter(kind: str, half: int) -> Any:
    """Return a filter of one column that looks so many rows to either side."""
    if kind == "savitzky_golay":
        from scipy.signal import savgol_filter

        return partial(savgol_filter, window_length=2 * half + 1, polyorder=ORDER, mode="nearest")
    from scipy import ndimage

    if kind == "median":
        return partial(ndimage.median_filter, size=2 * half + 1, mode="nearest")
    return partial(ndimage.gaussian_filter1d, sigma=half / 2, mode="nearest", radius=half)
