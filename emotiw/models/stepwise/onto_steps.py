"""The rows of a feature brought onto the steps of a clip, by one rule.

A row is at the middle of what it was measured in. A step has the mean of the present rows from
half-way to the step before it until half-way to the next; where there are none, the nearest present
row, if that is near enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import TableError
from emotiw.core.feature_table import FeatureArray, FeatureSpec

Seconds = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Spans:
    """Which present rows of a clip belong to each of its steps.

    Attributes:
        rows: positions of the present rows, in the order of their middles.
        first: ``(n_steps,)``, the first of ``rows`` that belongs to the step.
        last: ``(n_steps,)``, the one after the last; not above ``first`` where there is none.
        nearest: ``(n_steps,)``, the one of ``rows`` that is nearest to the middle of the step;
            0 where there is none at all.
    """

    rows: Positions
    first: Positions
    last: Positions
    nearest: Positions

    @property
    def is_there(self) -> npt.NDArray[np.bool_]:
        """``(n_steps,)``: whether a step has any row."""
        return np.asarray(self.last > self.first)

    def of(self, step: int) -> Positions:
        """Return the rows of one step, as they came."""
        return np.sort(self.rows[self.first[step] : self.last[step]])


def middles(array: FeatureArray, spec: FeatureSpec, time_sec: Seconds, where: str) -> Seconds:
    """Return ``(n,)``: when each row is.

    Args:
        array: the rows of a clip.
        spec: of the feature.
        time_sec: of the clip's steps; a feature that knows no times at all has to have a row for
            each of them.
        where: named in errors.

    Raises:
        TableError: if nobody knows when the rows are.

    Examples:
        >>> rows = FeatureArray.all_present(np.zeros((2, 1), np.float32))
        >>> middles(rows, FeatureSpec("pitch", (1,), "frame", rate_hz=10), np.zeros(5), "").tolist()
        [0.05, 0.15]
    """
    if array.times is not None:
        return np.asarray(array.times.mean(axis=1))
    if spec.unit not in ("clip", "face"):
        if spec.rate_hz is not None:
            return np.asarray((np.arange(len(array.present)) + 0.5) / spec.rate_hz)
        if len(array.present) == len(time_sec):
            return time_sec
    raise TableError(
        f"{where}: nobody knows when its rows are: it has {len(array.present)} rows per "
        f"{spec.unit} without times or a rate, and there are {len(time_sec)} steps; give the rows "
        "times (begin_sec, end_sec), or exactly one row for each step"
    )


def edges(time_sec: Seconds) -> tuple[Seconds, Seconds]:
    """Return where each step begins and ends: half-way to its neighbours.

    The first and the last reach as far out as in; a step that is alone is the whole clip.

    Examples:
        >>> [edge.tolist() for edge in edges(np.array([1.0, 2.0, 4.0]))]
        [[0.5, 1.5, 3.0], [1.5, 3.0, 5.0]]
    """
    if len(time_sec) < 2:
        return np.full(len(time_sec), -np.inf), np.full(len(time_sec), np.inf)
    half = np.diff(time_sec) / 2
    lower = time_sec - np.concatenate([half[:1], half])
    upper = time_sec + np.concatenate([half, half[-1:]])
    return lower, upper


def spans(
    middle: Seconds,
    present: npt.NDArray[np.bool_],
    time_sec: Seconds,
    lower: Seconds,
    upper: Seconds,
    tolerance_sec: float,
) -> Spans:
    """Return the present rows whose middle is in ``[lower, upper)`` of each step.

    A step without any has the one that is nearest to ``time_sec``, the earlier in a tie, if it is
    within the tolerance.
    """
    there = np.flatnonzero(present)
    rows = there[np.argsort(middle[there], kind="stable")]
    when = middle[rows]
    first = np.searchsorted(when, lower, side="left")
    last = np.searchsorted(when, upper, side="left")
    nearest = np.zeros(len(time_sec), dtype=np.intp)
    if len(rows):
        after = np.searchsorted(when, time_sec, side="left").clip(0, len(rows) - 1)
        before = (after - 1).clip(0)
        is_after = np.abs(when[after] - time_sec) < np.abs(when[before] - time_sec)
        nearest = np.where(is_after, after, before)
        # of the rows at one time the first one stands for all
        nearest = np.searchsorted(when, when[nearest], side="left")
        is_near = np.abs(when[nearest] - time_sec) <= tolerance_sec
        borrows = (last <= first) & is_near
        first = np.where(borrows, nearest, first)
        last = np.where(borrows, nearest + 1, last)
    return Spans(rows, first, last, nearest)


def onto_steps(
    array: FeatureArray,
    spec: FeatureSpec,
    time_sec: Seconds,
    *,
    tolerance_sec: float,
    delay_sec: float = 0.0,
    where: str = "",
) -> FeatureArray:
    """Return one row per step, and a mask of the steps that have one.

    Of images, which have no mean, a step has the one that is nearest to it.

    Args:
        array: the rows of a clip.
        spec: of the feature.
        time_sec: ``(n_steps,)``, in time order.
        tolerance_sec: how far a row may be from a step that has none of its own.
        delay_sec: how long after what it speaks of a step was answered.
        where: named in errors.

    Raises:
        TableError: if nobody knows when the rows are.

    Examples:
        >>> begins = np.array([0.0, 0.5, 1.0, 1.5])
        >>> rows = FeatureArray.all_present(
        ...     np.array([[1.0], [3.0], [5.0], [9.0]], np.float32),
        ...     np.stack([begins, begins + 0.5], axis=1),
        ... )
        >>> spec, steps = FeatureSpec("toy", (1,), "frame"), np.array([0.5, 1.5, 9.0])
        >>> found = onto_steps(rows, spec, steps[:2], tolerance_sec=0.1)
        >>> found.values.ravel().tolist()
        [2.0, 7.0]
        >>> onto_steps(rows, spec, steps, tolerance_sec=0.1).present.tolist()
        [True, True, False]
    """
    shifted = time_sec - delay_sec
    middle = middles(array, spec, time_sec, where)
    if middle is time_sec and not delay_sec:
        return FeatureArray(array.values, array.present)
    own = spans(middle, array.present, shifted, *edges(shifted), tolerance_sec)
    is_there = own.is_there
    values = np.zeros((len(time_sec), *array.values.shape[1:]), dtype=array.values.dtype)
    if is_there.any():
        if array.values.dtype == np.uint8:
            best = np.clip(own.nearest, own.first, np.maximum(own.last - 1, own.first))
            values[is_there] = array.values[own.rows[best[is_there]]]
        else:
            values[is_there] = _means(array.values, own, is_there)
    return FeatureArray(values, is_there)


def _means(values: npt.NDArray[Any], own: Spans, is_there: npt.NDArray[np.bool_]) -> Any:
    """Return the mean over the rows of each step that has any."""
    first, last = own.first[is_there], own.last[is_there]
    # of what reduceat adds up, every other stretch is what lies between a step and the next
    bounds = np.column_stack([first, last]).ravel()
    rows = np.concatenate([values[own.rows], np.zeros((1, *values.shape[1:]), values.dtype)])
    sums = np.add.reduceat(rows, bounds, axis=0, dtype=np.float64)[::2]
    return sums / (last - first).reshape(-1, *[1] * (values.ndim - 1))
