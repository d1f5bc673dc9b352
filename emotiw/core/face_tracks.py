"""The faces of a clip: where each person is in each frame, and the aligned crops."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import TableError
from emotiw.core.feature_table import FeatureArray, until_the_next
from emotiw.core.notebook_views import MOST_ROWS, pictures_html

if TYPE_CHECKING:
    import pandas as pd

MOST_TRACKS_SHOWN = 4  # in a notebook


class Origin(IntEnum):
    """Where a box comes from."""

    DETECTED = 0
    FOLLOWED = 1  # between two detections: found where it had to be
    FALLBACK = 2  # no face: the policy put the whole frame or its centre here


@dataclass(frozen=True, repr=False)
class FaceTracks:
    """Every face of a clip, one row per track and frame, ordered by track and then by frame.

    Track 0 is the main face: tracks are ordered by length (longest first; less than a tenth
    shorter counts as equal), then by mean box area (largest first), then by first frame and by
    position, so the order is the same on every run.

    Attributes:
        n_frames: frames decoded from the clip; those without a face have no row.
        time_sec: ``(n_frames,)`` float64, when each decoded frame is shown, counted from the start
            of the clip.
        frame_size: (width, height) of the upright frames, in px.
        track: ``(n,)`` int32, 0 for the main face.
        frame: ``(n,)`` int32, index of the decoded frame.
        box: ``(n, 4)`` float32, ``x_min, y_min, x_max, y_max`` in px of the upright frame.
        landmarks: ``(n, 5, 2)`` float32 px: left eye, right eye, nose, left and right corner of the
            mouth, left and right as in the image.
        confidence: ``(n,)`` float32 in [0, 1]; 0 for a fallback.
        origin: ``(n,)`` uint8, one of :class:`Origin`.
        transform: ``(n, 2, 3)`` float32, from px of the frame to px of the crop.
        crop_size: side of the square crops, in px.
        crop_jpeg: all crops as JPEG files, end to end, in the order of the rows.
        crop_offset: ``(n + 1,)`` int64, where each JPEG begins and the last one ends.
        has_points: ``(n,)`` bool, whether the landmarks can be trusted; of profiles they can't, and
            the crop is aligned by box and tilt. True by default.
        quality: ``(n, 3)`` float32, for whoever weighs faces: size (root of the box's area, px),
            sharpness (variance of the crop's Laplacian; small is blurred), and turn (0 from the
            front, about 1 in profile). 0 by default.
    """

    n_frames: int
    time_sec: npt.NDArray[np.float64]
    frame_size: tuple[int, int]
    track: npt.NDArray[np.int32]
    frame: npt.NDArray[np.int32]
    box: npt.NDArray[np.float32]
    landmarks: npt.NDArray[np.float32]
    confidence: npt.NDArray[np.float32]
    origin: npt.NDArray[np.uint8]
    transform: npt.NDArray[np.float32]
    crop_size: int
    crop_jpeg: npt.NDArray[np.uint8]
    crop_offset: npt.NDArray[np.int64]
    has_points: npt.NDArray[np.bool_] = None  # type: ignore[assignment]
    quality: npt.NDArray[np.float32] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        n_rows = len(self.track)
        if self.has_points is None:
            object.__setattr__(self, "has_points", np.ones(n_rows, dtype=bool))
        if self.quality is None:
            object.__setattr__(self, "quality", np.zeros((n_rows, 3), np.float32))
        expected = dict.fromkeys(("track", "frame", "confidence", "origin"), (n_rows,)) | {
            "box": (n_rows, 4),
            "landmarks": (n_rows, 5, 2),
            "transform": (n_rows, 2, 3),
            "crop_offset": (n_rows + 1,),
            "has_points": (n_rows,),
            "quality": (n_rows, 3),
            "time_sec": (self.n_frames,),
        }
        for name, shape in expected.items():
            got = getattr(self, name).shape
            if got != shape:
                raise TableError(f"face tracks: {name} must be {shape}, got {got}")

    def __repr__(self) -> str:
        """Return what it holds in one line."""
        size = "×".join(map(str, self.frame_size))
        return f"<FaceTracks: {self.n_tracks} tracks in {self.n_frames} frames of {size} px>"

    def _repr_html_(self) -> str:
        strips = []
        for number in range(min(self.n_tracks, MOST_TRACKS_SHOWN)):
            rows = np.flatnonzero(self.track == number)
            shown = rows[np.linspace(0, len(rows) - 1, min(MOST_ROWS, len(rows))).astype(int)]
            pictures = [self.jpeg(row) for row in shown.tolist()]
            strips.append((f"track {number}: {len(rows):,} faces", pictures))
        return pictures_html(repr(self), strips)

    def to_frame(self) -> pd.DataFrame:
        """Return a row per track and frame in pandas; crops, points and transforms are left out."""
        import pandas as pd

        sides = dict(zip(("x_min", "y_min", "x_max", "y_max"), self.box.T, strict=True))
        measured = dict(zip(("size_px", "sharpness", "turn"), self.quality.T, strict=True))
        origins = [Origin(code).name.lower() for code in self.origin.tolist()]
        about = {"track": self.track, "frame": self.frame, "time_sec": self.time_sec[self.frame]}
        judged = {"confidence": self.confidence, "origin": origins, "has_points": self.has_points}
        return pd.DataFrame({**about, **sides, **judged, **measured})

    def __len__(self) -> int:
        return len(self.track)

    @property
    def n_tracks(self) -> int:
        """The number of people followed."""
        return int(self.track.max()) + 1 if len(self.track) else 0

    @property
    def shown_sec(self) -> npt.NDArray[np.float64]:
        """``(n_frames, 2)``: when each frame is shown, and when the next one takes its place."""
        return until_the_next(self.time_sec)

    def crop(self, row: int) -> npt.NDArray[np.uint8]:
        """Return the aligned crop of one row as ``(crop_size, crop_size, 3)`` RGB."""
        from PIL import Image

        with Image.open(io.BytesIO(self.jpeg(row))) as picture:
            return np.asarray(picture.convert("RGB"), dtype=np.uint8)

    def jpeg(self, row: int) -> bytes:
        """Return the aligned crop of one row as a JPEG file."""
        return self.crop_jpeg[self.crop_offset[row] : self.crop_offset[row + 1]].tobytes()

    def crops(self, track: int = 0) -> FeatureArray:
        """Return the crops of one track, one row per decoded frame of the clip.

        Returns:
            ``(n_frames, crop_size, crop_size, 3)`` uint8 RGB; frames without this face are masked.
        """
        values = np.zeros((self.n_frames, self.crop_size, self.crop_size, 3), dtype=np.uint8)
        present = np.zeros(self.n_frames, dtype=bool)
        for row in np.flatnonzero(self.track == track):
            values[self.frame[row]] = self.crop(int(row))
            present[self.frame[row]] = True
        return FeatureArray(values, present, self.shown_sec)

    def to_tensors(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the arrays under the names that the store keeps them by."""
        return {f.name: np.atleast_1d(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, npt.NDArray[np.generic]]) -> FaceTracks:
        """Rebuild from :meth:`to_tensors`.

        Raises:
            TableError: if an array is missing, of the wrong shape, or one too many.
        """
        missing = {each.name for each in fields(cls)} - tensors.keys()
        try:
            if missing:
                raise KeyError(*sorted(missing))
            arrays: dict[str, npt.NDArray[np.generic]] = dict(tensors)
            width, height = (int(side) for side in arrays.pop("frame_size").tolist())
            n_frames = int(arrays.pop("n_frames").tolist()[0])
            crop_size = int(arrays.pop("crop_size").tolist()[0])
            size = (width, height)
            return cls(n_frames=n_frames, frame_size=size, crop_size=crop_size, **arrays)  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise TableError(f"face tracks: not the arrays of a face artifact ({error})") from error
