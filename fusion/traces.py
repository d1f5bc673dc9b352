"""Rows in time: which follow each other in one clip, and how to change all clips at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
MOST_APART = 2.5  # usual steps: rows further apart don't follow each other


@dataclass(frozen=True)
class Traces:
    """Rows of clips, in any order.

    Attributes:
        clips: ``(n,)`` the clip of each row, as a number.
        time_sec: ``(n,)`` when in it the row is.
    """

    clips: Codes
    time_sec: Numbers

    @classmethod
    def of_clips(cls, n: int) -> Traces:
        """Return the traces of rows that are whole clips."""
        return cls(np.arange(n), np.zeros(n))

    def __len__(self) -> int:
        return len(self.clips)

    def subset(self, rows: npt.NDArray[np.bool_] | Codes) -> Traces:
        """Return some of the rows."""
        return Traces(self.clips[rows], self.time_sec[rows])

    @cached_property
    def order(self) -> Codes:
        """``(n,)`` the rows clip by clip, in time."""
        return np.lexsort((self.time_sec, self.clips))

    @cached_property
    def usual_sec(self) -> float:
        """The median time from a row to the next of its clip; 0 where no clip has two."""
        clips, times = self.clips[self.order], self.time_sec[self.order]
        apart = np.diff(times)[np.diff(clips) == 0]
        return float(np.median(apart)) if len(apart) else 0.0

    def filtered(
        self, values: Numbers, half: int, change: Callable[[Numbers], Numbers], step_sec: float
    ) -> Numbers:
        """Return values changed by a filter in time, stretch by stretch.

        A stretch ends with its clip, and where the next row is too far away; its first and last
        values are repeated beyond its ends. All stretches go through the filter as one array, each
        with ``half`` rows before and behind, so that none knows of another.

        Args:
            values: ``(n, n_columns)``.
            half: how many rows the filter looks to either side.
            change: the filter, of ``(any,)`` values of one column.
            step_sec: the usual time from a row to the next.

        Examples:
            >>> two = Traces(np.array([0, 0, 1]), np.array([0.0, 1.0, 0.0]))
            >>> mean = lambda v: (np.roll(v, 1) + v + np.roll(v, -1)) / 3
            >>> two.filtered(np.array([[0.0], [3.0], [9.0]]), 1, mean, 1.0).ravel().tolist()
            [1.0, 2.0, 9.0]
        """
        if not len(self):
            return values
        clips, times = self.clips[self.order], self.time_sec[self.order]
        is_new = (np.diff(clips) != 0) | (np.diff(times) > MOST_APART * step_sec)
        first = np.flatnonzero(np.concatenate([[True], is_new]))
        last = np.append(first[1:], len(self)) - 1
        padded = last - first + 1 + 2 * half
        starts = np.cumsum(padded) - padded
        stretch = np.repeat(np.arange(len(first)), padded)
        own = np.arange(len(stretch)) - starts[stretch] + first[stretch] - half
        source = own.clip(first[stretch], last[stretch])
        rows, is_inside = self.order[source], own == source
        changed = np.empty_like(values)
        for column in range(values.shape[1]):
            changed[self.order, column] = change(values[rows, column])[is_inside]
        return changed

    def delayed(self, values: Numbers, lag_sec: float) -> Numbers:
        """Return what each clip said some seconds ago, interpolated; before that, its first.

        Examples:
            >>> one = Traces(np.zeros(3, int), np.array([0.0, 1.0, 2.0]))
            >>> one.delayed(np.array([[1.0], [3.0], [7.0]]), 0.5).ravel().tolist()
            [1.0, 2.0, 5.0]
        """
        if not len(self):
            return values
        clips, times = self.clips[self.order], self.time_sec[self.order]
        is_first = np.concatenate([[True], np.diff(clips) != 0])
        clip, first = np.cumsum(is_first) - 1, np.flatnonzero(is_first)
        last = np.append(first[1:], len(self)) - 1
        since = times - times[first][clip]
        until = since[last]
        starts = np.cumsum(until + 1.0) - (until + 1.0)  # one clip behind the other, a second apart
        asked = starts[clip] + (since - lag_sec).clip(0.0, until[clip])
        line = starts[clip] + since
        changed = np.empty_like(values)
        for column in range(values.shape[1]):
            changed[self.order, column] = np.interp(asked, line, values[self.order, column])
        return changed
