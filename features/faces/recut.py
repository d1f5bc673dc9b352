"""Crops at another size, from where the faces are known to be: nothing is detected again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import MediaError
from emotiw.core.face_tracks import FaceTracks
from emotiw.core.media import MediaReader
from features.faces.align import warp


def resized_transform(
    transform: npt.NDArray[np.floating], crop_size: int, new_size: int
) -> npt.NDArray[np.float64]:
    """Return the transform that shows the same part of the frame in a crop of another size.

    Args:
        transform: ``(…, 2, 3)`` from px of the frame to px of a crop of ``crop_size``.

    Examples:
        >>> resized_transform(np.array([[1.0, 0, 0], [0, 1, -3]]), 112, 224).tolist()
        [[2.0, 0.0, 0.5], [0.0, 2.0, -5.5]]
    """
    scale = new_size / crop_size
    resized = transform.astype(np.float64) * scale
    resized[..., 2] += (scale - 1) / 2  # px count from the middle of the first one
    return resized


def recut(
    path: Path, tracks: FaceTracks, crop_size: int, *, video_track: int | None = None
) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Yield the crop of every face at another size, frame by frame.

    Args:
        path: the clip that the tracks are of.
        tracks: where its faces are.
        crop_size: side of the new crops, px.
        video_track: the one that they are in.

    Yields:
        The row of the tracks, and ``(crop_size, crop_size, 3)`` uint8 RGB.

    Raises:
        MediaError: if the clip can't be read, or is another one.
    """
    transforms = resized_transform(tracks.transform, tracks.crop_size, crop_size)
    rows_at: dict[int, list[int]] = {}
    for row, frame in enumerate(tracks.frame.tolist()):
        rows_at.setdefault(frame, []).append(row)
    with MediaReader(path, video_track=video_track) as reader:
        for picture in reader.frames():
            size = (picture.pixels.shape[1], picture.pixels.shape[0])
            if size != tracks.frame_size and picture.index == 0:
                width, height = tracks.frame_size
                raise MediaError(
                    f"{path}: frames of {size[0]}x{size[1]} px, but its faces were found in "
                    f"frames of {width}x{height}: not the same clip"
                )
            for row in rows_at.pop(picture.index, ()):
                yield row, warp(picture.pixels, transforms[row], crop_size)
    if rows_at:
        raise MediaError(f"{path}: {reader.n_decoded_frames} frames, but a face in {max(rows_at)}")
