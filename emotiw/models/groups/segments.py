"""A clip judged segment by segment: the answer is the mean of what is said of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.models.groups.composed import Composed, ComposedOptions
from emotiw.models.model import EVERY_KIND, Examples


class SegmentsOptions(ComposedOptions):
    """Options of :class:`Segments`.

    Attributes:
        length: rows per segment; a model of vectors reads a row as it is where that is 1, and
            pools them otherwise. The last segment of a clip may be shorter.
    """

    length: int = Field(default=1, ge=1)


class Segments(Composed):
    """Lets a model learn every segment of a clip with the clip's answer, and averages its scores.

    It is the two-step way to an answer per clip: attention pooling learns which segments count, and
    this takes all of them alike. A clip of many segments weighs more in learning.

    Source:
        Kaur et al. 2018 see a video as a bag of segments whose engagement is that of the video.
        Differs: the segments of a bag are averaged, and none stands out.
    """

    Options = SegmentsOptions
    task_kinds = EVERY_KIND
    options: SegmentsOptions

    def check(self) -> None:
        """Accept features of frames and snippets."""
        if self.spec.unit not in ("frame", "snippet", "segment"):
            raise ConfigError(
                f"segments: feature {self.spec.name!r} has one row per {self.spec.unit}; it needs "
                "rows per frame or snippet"
            )

    def inner_spec(self) -> FeatureSpec:
        """Return a segment as if it were a clip."""
        if self.options.length > 1:
            return self.spec
        return replace(self.spec, unit="clip", rate_hz=None)

    def fit(self, examples: Examples, *, folder: Path | None = None) -> None:
        """Let the model inside learn the segments."""
        segments, owners = self._segments(examples)
        assert examples.targets is not None
        self.learner.fit(replace(segments, targets=examples.targets[owners]), folder=folder)

    def predict(self, examples: Examples) -> npt.NDArray[np.float64]:
        """Return the mean of what the model inside says of each segment."""
        segments, owners = self._segments(examples)
        scores = self.learner.predict(segments)
        if not len(examples):
            return scores
        parts = np.split(scores, np.flatnonzero(np.diff(owners)) + 1)
        return np.array([part.mean(axis=0) for part in parts])

    def _segments(self, examples: Examples) -> tuple[Examples, npt.NDArray[np.intp]]:
        """Return the segments of all clips, and the position of the clip that each is of."""
        arrays: dict[str, FeatureArray] = {}
        owners = []
        for row, (clip_id, array) in enumerate(
            zip(examples.clip_ids, examples.arrays(), strict=True)
        ):
            there = np.flatnonzero(array.present)
            for first in range(0, len(there), self.options.length):
                rows = there[first : first + self.options.length]
                times = None if array.times is None else array.times[rows]
                name = f"{clip_id}/{first:06}"
                arrays[name] = FeatureArray(array.values[rows], array.present[rows], times)
                owners.append(row)
        segments = Examples(
            FeatureTable(self.inner_spec(), arrays),
            tuple(arrays),
            tuple(examples.groups[row] for row in owners),
            corpora=tuple(examples.corpora[row] for row in owners) if examples.corpora else (),
        )
        return segments, np.array(owners, dtype=np.intp)
