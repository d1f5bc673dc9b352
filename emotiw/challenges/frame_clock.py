"""When a frame that is known by its number is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emotiw.challenges.manifest_builder import ManifestBuilder
from emotiw.core.errors import MediaError
from emotiw.core.media.frame_times import frame_times
from emotiw.core.steps import Numbers

FEW_SEC = 1.0  # by which numbers may go on when the images have ended
OPTION = "data: {options: {frame_rate: …}}"


@dataclass
class FrameClock:
    """The times of frames, by the videos themselves; by a stated rate where there are none.

    Attributes:
        builder: takes what the user should know, and what nobody can tell.
        frame_rate: frames per second of videos that can't tell.
    """

    builder: ManifestBuilder
    frame_rate: float | None = None
    _by_path: dict[Path, Numbers | None] = field(default_factory=dict)
    _untold: list[str] = field(default_factory=list)
    _stated: list[str] = field(default_factory=list)
    _beyond: list[str] = field(default_factory=list)

    def times(self, path: Path, clip_id: str, numbers: Sequence[int]) -> Numbers:
        """Return ``(n,)`` seconds of frames that are counted from 1."""
        wanted: npt.NDArray[np.intp] = np.asarray(numbers, dtype=np.intp) - 1
        shown = self._shown(path)
        if shown is None:
            (self._untold if self.frame_rate is None else self._stated).append(clip_id)
            return wanted / (self.frame_rate or 1.0)
        step = float(np.median(np.diff(shown))) if len(shown) > 1 else 0.0
        n_beyond = int(wanted.max(initial=-1)) + 1 - len(shown)
        if n_beyond > 0:
            if step == 0 or n_beyond * step > FEW_SEC:
                self.builder.problems.add(
                    f"{clip_id}: {self.builder.name(path)} has {len(shown)} frames, and frame "
                    f"{wanted.max() + 1} is annotated or asked for: is it the same video?"
                )
            self._beyond.append(clip_id)
            more = shown[-1] + step * np.arange(1, n_beyond + 1)
            shown = np.concatenate([shown, more])
        return shown[wanted]

    def tell(self) -> None:
        """Note whose times are stated, can't be told, or go on after the last frame."""
        untold, stated, beyond = self._untold, self._stated, self._beyond
        if untold:
            self.builder.problems.add(
                f"{len(untold)} videos are missing or can't be read, e.g. {untold[0]}: nobody "
                f"knows when their frames are shown; put them there, or say {OPTION} for them"
            )
        if stated:
            self.builder.warnings.append(
                f"{len(stated)} videos are missing or can't be read, e.g. {stated[0]}: "
                f"their frames are taken to come {self.frame_rate:g} times a second, as stated"
            )
        if beyond:
            self.builder.warnings.append(
                f"{len(beyond)} videos have fewer frames than are annotated or asked for, e.g. "
                f"{beyond[0]}: the last ones are taken to go on at the same pace"
            )

    def _shown(self, path: Path) -> Numbers | None:
        if path not in self._by_path:
            try:
                shown = frame_times(path)
                self._by_path[path] = shown if len(shown) else None
            except MediaError:
                self._by_path[path] = None
        return self._by_path[path]
