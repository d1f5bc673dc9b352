"""The clips of a cohort as models want them that answer step by step.

Fits are of clips, whoever answers: a clip is learnt from or held out as a whole. What changes is
what a model is shown of it. A model of sequences is shown the clip with one row per step; any other
one is shown windows, each as if it were a clip whose id is that of the step's row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.task import Task
from emotiw.models.model import Examples
from emotiw.models.stepwise.onto_steps import Positions, Seconds, middles, onto_steps, spans
from emotiw.models.stepwise.step_options import StepOptions

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class StepView:
    """What a model is shown of clips, and where its scores belong.

    Attributes:
        cohort: the clips with their steps.
        table: the feature, as it was measured.
        task: what is asked of every step.
        options: how features meet steps.
        by_clip: whether the model reads whole clips, a row per step; otherwise it reads windows.
    """

    cohort: Cohort
    table: FeatureTable
    task: Task
    options: StepOptions
    by_clip: bool

    @property
    def spec(self) -> FeatureSpec:
        """What a model is shown."""
        return step_spec(self.table.spec, by_clip=self.by_clip)

    def row_ids(self, clip_ids: Sequence[str]) -> list[str]:
        """Return the ids of all steps of these clips, in order."""
        return [r for c in clip_ids for r in self.cohort.steps_of(c).row_ids(c)]

    def examples(self, clip_ids: Sequence[str], *, with_targets: bool) -> Examples:
        """Return the steps of these clips that have the feature; of windows, to learn, a part."""
        return (self._clips if self.by_clip else self._windows)(clip_ids, with_targets)

    def on_rows(self, clip_ids: Sequence[str], examples: Examples, scores: Scores) -> Scores:
        """Return ``(n, n_labels)`` for :meth:`row_ids`: NaN where a step lacks the feature."""
        answered = self.row_ids(examples.clip_ids) if self.by_clip else examples.clip_ids
        row_of = {row_id: row for row, row_id in enumerate(answered)}
        rows = np.array([row_of.get(row_id, -1) for row_id in self.row_ids(clip_ids)], dtype=int)
        spread = np.full((len(rows), len(self.task.labels)), np.nan)
        spread[rows >= 0] = scores[rows[rows >= 0]]
        return spread

    def _clips(self, clip_ids: Sequence[str], with_targets: bool) -> Examples:
        clips = _Clips(self._aligned, clip_ids, keeps=self.spec.dtype == "float32")
        table = FeatureTable(self.spec, clips)
        clip_ids = list(clips)
        steps = [self.cohort.steps_of(clip_id) for clip_id in clip_ids]
        answers = [np.zeros((0, len(self.task.answers))), *(each.answers for each in steps)]
        return Examples(
            table,
            tuple(clip_ids),
            tuple(self.cohort.groups[clip_id] for clip_id in clip_ids),
            np.concatenate(answers) if with_targets else None,
            tuple(self.cohort[clip_id].corpus for clip_id in clip_ids),
            tuple(len(each) for each in steps),
        )

    def _aligned(self, clip_id: str) -> FeatureArray:
        return onto_steps(
            self.table[clip_id],
            self.table.spec,
            self.cohort.steps_of(clip_id).time_sec,
            tolerance_sec=self.options.tolerance_sec,
            delay_sec=self.options.delay_sec,
            where=self._where(clip_id),
        )

    def _windows(self, clip_ids: Sequence[str], with_targets: bool) -> Examples:
        windows: dict[str, tuple[str, Positions]] = {}
        targets = []
        for clip_id in clip_ids:
            steps = self.cohort.steps_of(clip_id)
            row_ids = steps.row_ids(clip_id)
            wanted = np.arange(len(steps))
            if with_targets:
                wanted = thinned(steps.time_sec, steps.is_annotated, self.options.stride_sec)
            found = self._windows_of(clip_id, steps.time_sec, wanted)
            windows |= {row_ids[step]: (clip_id, rows) for step, rows in found.items()}
            targets.append(steps.answers[list(found)])
        owners = [clip_id for clip_id, _ in windows.values()]
        known = None
        if with_targets:
            known = np.concatenate(targets)
            if len(self.task.answers) == 1:
                known = known[:, 0].astype(np.int64 if self.task.is_label else np.float64)
        return Examples(
            FeatureTable(self.spec, _Windows(self.table, windows)),
            tuple(windows),
            tuple(self.cohort.groups[clip_id] for clip_id in owners),
            known,
            tuple(self.cohort[clip_id].corpus for clip_id in owners),
        )

    def _windows_of(
        self, clip_id: str, time_sec: Seconds, wanted: Positions
    ) -> dict[int, Positions]:
        """Return the rows of the windows of those wanted steps that have any."""
        array, options = self.table[clip_id], self.options
        where = self._where(clip_id)
        shifted = time_sec - options.delay_sec
        ahead = options.context_sec / 2 if options.context == "around" else 0.0
        upper = np.nextafter(shifted[wanted] + ahead, np.inf)  # the row at its very end, too
        own = spans(
            middles(array, self.table.spec, time_sec, where),
            array.present,
            shifted[wanted],
            shifted[wanted] + ahead - options.context_sec,
            upper,
            options.tolerance_sec,
        )
        there = np.flatnonzero(own.is_there).tolist()
        return {int(wanted[number]): own.of(number) for number in there}

    def _where(self, clip_id: str) -> str:
        return f"feature {self.table.spec.name!r} of clip {clip_id!r}"


class _Clips(Mapping[str, FeatureArray]):
    """Clips of which any step has a row; those of images are read again when they are needed."""

    def __init__(
        self, read: Callable[[str], FeatureArray], clip_ids: Sequence[str], *, keeps: bool
    ) -> None:
        self._read = read
        self._kept: dict[str, FeatureArray | None] = {}
        for clip_id in clip_ids:
            array = read(clip_id)
            if array.present.any():
                self._kept[clip_id] = array if keeps else None

    def __getitem__(self, clip_id: str) -> FeatureArray:
        kept = self._kept[clip_id]
        return self._read(clip_id) if kept is None else kept

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


class _Windows(Mapping[str, FeatureArray]):
    """Rows of clips under the ids of steps; one clip after the other is read."""

    def __init__(self, table: FeatureTable, rows: Mapping[str, tuple[str, Positions]]) -> None:
        self._table = table
        self._rows = rows
        self._read: tuple[str, FeatureArray] | None = None

    def __getitem__(self, row_id: str) -> FeatureArray:
        clip_id, rows = self._rows[row_id]
        if self._read is None or self._read[0] != clip_id:
            self._read = (clip_id, self._table[clip_id])
        array = self._read[1]
        times = None if array.times is None else array.times[rows]
        return FeatureArray(array.values[rows], array.present[rows], times)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def step_spec(spec: FeatureSpec, *, by_clip: bool) -> FeatureSpec:
    """Return what a model is shown of a feature where answers are asked for step by step.

    Raises:
        ConfigError: if its rows say nothing of single steps.
    """
    if spec.unit == "clip":
        raise ConfigError(
            f"feature {spec.name!r} has one row per clip, which says nothing of its single steps; "
            "take one with a row per frame or window"
        )
    if not by_clip:
        return spec
    if spec.unit == "face":
        raise ConfigError(
            f"feature {spec.name!r} has rows of several faces at a time; a model of sequences "
            "reads one row per step"
        )
    return replace(spec, rate_hz=None)


def steps_key(cohort: Cohort, clip_id: str) -> str:
    """Return a hash of a clip's steps, their times and answers; empty where it has none."""
    if not cohort.has_steps:
        return ""
    steps = cohort.steps_of(clip_id)
    digest = hashlib.sha256("\n".join(steps.names).encode())
    digest.update(steps.time_sec.tobytes() + steps.answers.tobytes())
    return digest.hexdigest()


def thinned(time_sec: Seconds, is_annotated: npt.NDArray[np.bool_], stride_sec: float) -> Positions:
    """Return the annotated steps, without those that follow another too soon.

    Examples:
        >>> times = np.array([0.0, 0.4, 1.0, 1.2, 2.5])
        >>> thinned(times, np.array([True, True, True, True, True]), 1.0).tolist()
        [0, 2, 4]
        >>> thinned(times, np.array([False, True, True, True, True]), 0.0).tolist()
        [1, 2, 3, 4]
    """
    taken: list[int] = []
    for step in np.flatnonzero(is_annotated).tolist():
        if not taken or time_sec[step] >= time_sec[taken[-1]] + stride_sec - 1e-9:
            taken.append(step)
    return np.array(taken, dtype=np.intp)
