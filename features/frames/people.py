"""Everyone in an image or a clip: one row per face, with where it is and how large."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.face_tracks import FaceTracks, Origin
from emotiw.core.feature_table import FeatureArray, FeatureSpec
from features.extractor import ClipSource, Extraction, Extractor
from features.frames.frame_embeddings import FrameEmbeddings, FrameEmbeddingsOptions

BOX = ("face_x_min", "face_y_min", "face_x_max", "face_y_max")
# of every row: who it is, when, where (px), how sure, and the image around (px)
PLACE = (
    "face_track",
    "face_first",
    "face_last",
    "face_n_frames",
    *BOX,
    "face_confidence",
    "face_picture_width",
    "face_picture_height",
)
Floats = npt.NDArray[np.float32]


class PeopleOptions(FrameEmbeddingsOptions):
    """Options of :class:`People`; those of the network are those of ``frames``.

    Attributes:
        over_time: ``mean``: one row per face or face track, the mean over its frames. ``frames``:
            one row per frame of each track, for models that read sequences.
        max_frames: of a longer track this many frames are looked at, evenly spread.
    """

    over_time: Literal["mean", "frames"] = "mean"
    max_frames: int = Field(default=16, ge=1)


class People(Extractor):
    """Rows of every face of a photograph, or of every face track of a clip.

    A row begins with the columns of :data:`PLACE`: the number of its track, its first and last
    frame and how many frames lie behind the row, the (mean) box, the confidence, and the size of
    the image. What the network says of the face follows, as the feature ``frames`` has it.

    Rows are in the order of the tracks, which means nothing to a group: the longest track first,
    in a photograph the largest face. The whole frame, where it stands in for a face that was not
    found, is nobody.
    """

    Options = PeopleOptions
    version: ClassVar[str] = f"1+{FrameEmbeddings.version}"
    needs = "faces"
    speed_options: ClassVar[frozenset[str]] = FrameEmbeddings.speed_options

    def __init__(self, name: str, options: PeopleOptions) -> None:
        super().__init__(name, options)
        self._frames = FrameEmbeddings(name, options)
        self.card = self._frames.card
        columns = self._frames.spec.columns
        assert columns is not None
        columns = PLACE + columns
        self.spec = FeatureSpec(name, (len(columns),), "face", columns=columns)

    def to(self, device: str) -> None:
        """Compute there from now on."""
        self._frames.to(device)

    def extract(self, source: ClipSource) -> Extraction:
        """Return the rows of everyone."""
        tracks = source.faces
        assert tracks is not None
        is_person = tracks.origin != Origin.FALLBACK
        rows, times = [], []
        shown = tracks.shown_sec
        for number in np.unique(tracks.track[is_person]).tolist():
            frames = np.flatnonzero((tracks.track == number) & is_person)
            seen = evenly(frames, self.options.max_frames)
            said = self._frames.embed(np.stack([tracks.crop(int(row)) for row in seen]))
            if self.options.over_time == "mean":
                place = _place(tracks, frames)[None]
                first, last = tracks.frame[frames[[0, -1]]]
                times.append(np.array([[shown[first, 0], shown[last, 1]]]))
                said = said.mean(axis=0, dtype=np.float64, keepdims=True).astype(np.float32)
            else:
                place = np.stack([_place(tracks, np.array([row])) for row in seen])
                times.append(shown[tracks.frame[seen]])
            rows.append(np.concatenate([place, said], axis=1))
        values = np.concatenate(rows) if rows else np.zeros((0, self.spec.dim))
        when = np.concatenate([np.zeros((0, 2)), *times])
        array = FeatureArray.all_present(values.astype(np.float32), when)
        return Extraction(array, {"n_faces": len(rows)})


def evenly(frames: npt.NDArray[np.intp], most: int) -> npt.NDArray[np.intp]:
    """Return at most so many of the frames, from the first to the last.

    Examples:
        >>> evenly(np.arange(9), 3).tolist(), evenly(np.arange(2), 3).tolist()
        ([0, 4, 8], [0, 1])
        >>> evenly(np.arange(9), 1).tolist()
        [4]
    """
    if len(frames) <= most:
        return frames
    if most == 1:
        return frames[len(frames) // 2 : len(frames) // 2 + 1]
    return np.asarray(frames[np.rint(np.linspace(0, len(frames) - 1, most)).astype(int)])


def _place(tracks: FaceTracks, rows: npt.NDArray[np.intp]) -> Floats:
    frame = tracks.frame[rows]
    return np.array(
        [
            *(tracks.track[rows[0]], frame.min(), frame.max(), len(rows)),
            *tracks.box[rows].mean(axis=0),
            tracks.confidence[rows].mean(),
            *tracks.frame_size,
        ],
        dtype=np.float32,
    )
