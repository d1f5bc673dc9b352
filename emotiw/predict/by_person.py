"""Parts of face tracks: one person, or some of the frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from emotiw.core.face_tracks import FaceTracks, Origin
from emotiw.predict.prediction_rows import Row
from emotiw.predict.windows import frames_between

Rows = npt.NDArray[np.intp]
NO_BYTES = np.zeros(0, np.uint8)


def only_person(tracks: FaceTracks, person: int) -> FaceTracks:
    """Return the tracks as if this person were the only one, and so the main face."""
    rows = np.flatnonzero(tracks.track == person)
    return _taken(tracks, rows, np.zeros(len(rows), np.int32), 0, tracks.n_frames)


def in_time(tracks: FaceTracks, start_sec: float, end_sec: float) -> FaceTracks:
    """Return the tracks of what is shown from ``start_sec`` up to ``end_sec``.

    Frames are counted from the first one shown, their times stay those of the clip. People keep
    their numbers, so that the main face stays the main face; one who is not seen then has no rows.
    """
    first, end = frames_between(tracks.shown_sec, start_sec, end_sec)
    rows = np.flatnonzero((tracks.frame >= first) & (tracks.frame < end))
    return _taken(tracks, rows, tracks.track[rows], first, end - first)


def people(tracks: FaceTracks) -> list[int]:
    """Return who is there, the main face first; what stands in for a missing face is nobody."""
    return [int(n) for n in np.unique(tracks.track[tracks.origin != Origin.FALLBACK])]


def counted(row: Row, tracks: FaceTracks) -> Row:
    """Return a row with the faces and the people that are seen in its window."""
    is_here = tracks.origin != Origin.FALLBACK
    if row.person is not None:
        is_here &= tracks.track == row.person
    if not row.is_whole:
        first, end = frames_between(tracks.shown_sec, row.start_sec, row.end_sec)
        is_here &= (tracks.frame >= first) & (tracks.frame < end)
    n_people = len(np.unique(tracks.track[is_here]))
    return replace(row, n_faces=int(is_here.sum()), n_people=n_people)


def crops_in_parts(tracks: FaceTracks, size: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the crops of all rows in order, some at a time: a long video never lies in memory."""
    for begin in range(0, len(tracks), size):
        rows = range(begin, min(begin + size, len(tracks)))
        yield np.stack([tracks.crop(row) for row in rows])


def _taken(
    tracks: FaceTracks, rows: Rows, numbers: npt.NDArray[np.int32], first: int, n_frames: int
) -> FaceTracks:
    begins, ends = tracks.crop_offset[rows], tracks.crop_offset[rows + 1]
    if len(rows) and (np.diff(rows) == 1).all():  # one person: a view, however long
        parts = [tracks.crop_jpeg[begins[0] : ends[-1]]]
    else:
        parts = [tracks.crop_jpeg[begin:end] for begin, end in zip(begins, ends, strict=True)]
    return FaceTracks(
        n_frames=n_frames,
        time_sec=tracks.time_sec[first : first + n_frames],
        frame_size=tracks.frame_size,
        track=numbers,
        frame=(tracks.frame[rows] - first).astype(np.int32),
        box=tracks.box[rows],
        landmarks=tracks.landmarks[rows],
        confidence=tracks.confidence[rows],
        origin=tracks.origin[rows],
        transform=tracks.transform[rows],
        crop_size=tracks.crop_size,
        crop_jpeg=parts[0] if len(parts) == 1 else np.concatenate([*parts, NO_BYTES]),
        crop_offset=np.concatenate([[0], np.cumsum(ends - begins)]).astype(np.int64),
        has_points=tracks.has_points[rows],
        quality=tracks.quality[rows],
    )
