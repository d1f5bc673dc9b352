"""What every extractor promises: its rows before it runs, the same rows for the same clip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from emotiw.core.face_tracks import FaceTracks
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.part import Part
from features.text.transcript import Transcript

Needs = Literal["media", "pictures", "faces", "text", "table"]


Crops = npt.NDArray[np.uint8]
KEPT_FRAMES = 750  # about 28 MB of crops


@dataclass(frozen=True)
class ClipSource:
    """What an extractor may read of one clip.

    Attributes:
        clip_id: its id, for messages alone: no result may depend on it.
        path: the media file.
        faces: its faces; None unless the extractor ``needs`` them.
        transcript: what is said in it; None unless the extractor ``needs`` text, or a recogniser is
            yet to be asked.
        shared: what one extractor has read of this clip, for the others that need the same.
    """

    clip_id: str
    path: Path
    faces: FaceTracks | None = None
    transcript: Transcript | None = None
    shared: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def main_crops_in_parts(self, size: int) -> Iterator[tuple[npt.NDArray[np.intp], Crops]]:
        """Yield the crops that :attr:`main_crops` has, so many at a time, with their frames.

        Of a long clip no more than that is in memory; the crops of a short one are kept for
        whatever else is measured in them.
        """
        assert self.faces is not None
        if self.faces.n_frames <= KEPT_FRAMES or "main_crops" in self.__dict__:
            frames = np.flatnonzero(self.main_crops.present)
            for begin in range(0, len(frames), size):
                part = frames[begin : begin + size]
                yield part, np.asarray(self.main_crops.values[part], dtype=np.uint8)
            return
        rows = np.flatnonzero(self.faces.track == 0)
        for begin in range(0, len(rows), size):
            some = rows[begin : begin + size]
            yield (
                self.faces.frame[some].astype(np.intp),
                np.stack([self.faces.crop(int(row)) for row in some]),
            )

    @cached_property
    def main_crops(self) -> FeatureArray:
        """The aligned crops of the main face, decoded once for whatever is measured in them."""
        assert self.faces is not None
        crops = self.faces.crops()
        crops.values.setflags(write=False)
        return crops


@dataclass(frozen=True)
class Extraction:
    """The rows of one clip with the measurements that its ledger row shows.

    Attributes:
        array: the rows; where none is present the modality is missing in this clip.
        quality: measurements for the ledger, the same on every run.
    """

    array: FeatureArray
    quality: Mapping[str, float | int | str] = field(default_factory=dict)

    def noted(self) -> dict[str, Any]:
        """Return what is noted beside the rows, where they are kept."""
        n_rows, n_present = len(self.array.values), int(self.array.present.sum())
        return {"n_rows": n_rows, "n_present": n_present, "quality": dict(self.quality)}


class Extractor(Part):
    """Turns a clip into rows of one feature.

    An extractor is made once per process from its options, which must be quick: its network is
    loaded at the first clip. One with a network has a method ``to(device)`` beside these
    (:class:`emotiw.core.device.OnDevice`), which is called before the first clip.

    Attributes:
        needs: ``media`` to read the file, above all its sound; ``pictures`` to read whole
            pictures from it; ``faces`` to read its face tracks; ``text`` to read what is said in
            it, which clips without media may have, too; ``table`` for a feature of which another
            tool has made all rows already: it has :meth:`table` instead of :meth:`extract`.
        spec: what one row will be; known without reading any clip.

    Args:
        name: what the recipe calls this feature.
        options: checked ``Options``.
    """

    needs: ClassVar[Needs] = "media"
    spec: FeatureSpec

    def __init__(self, name: str, options: Any) -> None:
        self.name = name
        self.options = options

    def extract(self, source: ClipSource) -> Extraction:
        """Return the rows of one clip.

        Raises:
            MediaError: if the clip can't be read. A clip that can be read but holds none of what
                is looked for gives rows that are not present instead.
        """
        raise NotImplementedError

    def table(self, root: Path) -> FeatureTable:
        """Return the rows of every clip, where another tool has made them.

        Raises:
            TableError: if they can't be read.
        """
        raise NotImplementedError
