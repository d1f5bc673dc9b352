"""Faces frame by frame → face tracks, with the crops on disk until all are there."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from emotiw.core.face_tracks import FaceTracks, Origin
from emotiw.core.media.lazy_pictures import Pixels
from features.faces.align import face_transform, warp
from features.faces.face_options import FaceOptions
from features.faces.follow import Seen
from features.faces.pose import are_trusted, turn_of
from features.faces.track import rank_tracks

IN_MEMORY = 1 << 24  # bytes of crops; what is more waits in a temporary file


@dataclass
class Collector:
    """Cuts out the faces of each frame as it comes, and puts them in order at the end.

    Memory hardly grows with the length of a clip: crops go to a temporary file, and the crops of
    the result are read from one when they are asked for.
    """

    options: FaceOptions
    track: list[int] = field(default_factory=list)
    frame: list[int] = field(default_factory=list)
    box: list[npt.NDArray[np.float32]] = field(default_factory=list)
    landmarks: list[npt.NDArray[np.float32]] = field(default_factory=list)
    confidence: list[float] = field(default_factory=list)
    origin: list[int] = field(default_factory=list)
    transform: list[npt.NDArray[np.float32]] = field(default_factory=list)
    size: list[int] = field(default_factory=list)
    sharpness: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._crops = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (closed with the tracks)

    def add(self, seen: Seen) -> None:
        """Cut out and keep the faces of one frame; none of one that is known to be damaged."""
        options = self.options
        if seen.picture.is_damaged:
            return
        for row, number in enumerate(seen.numbers):
            origin = Origin.DETECTED if seen.is_detected[row] else Origin.FOLLOWED
            transform = face_transform(
                seen.faces.box[row],
                seen.faces.landmarks[row],
                template=options.template,
                crop_size=options.crop_size,
                margin=options.margin,
            )
            self.append(
                number,
                seen.picture.index,
                box=seen.faces.box[row],
                landmarks=seen.faces.landmarks[row],
                confidence=float(seen.faces.confidence[row]),
                origin=origin,
                transform=transform,
                pixels=seen.picture.pixels,
            )

    def append(
        self,
        number: int,
        frame: int,
        *,
        box: npt.NDArray[np.floating],
        landmarks: npt.NDArray[np.floating],
        confidence: float,
        origin: Origin,
        transform: npt.NDArray[np.floating],
        pixels: Pixels,
    ) -> None:
        """Keep one face, cut out of the frame's image by the transform."""
        import cv2

        self.track.append(number)
        self.frame.append(frame)
        self.box.append(box.astype(np.float32))
        self.landmarks.append(landmarks.astype(np.float32))
        self.confidence.append(confidence)
        self.origin.append(int(origin))
        self.transform.append(transform.astype(np.float32))
        crop = warp(pixels, transform, self.options.crop_size)
        grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
        self.sharpness.append(float(cv2.Laplacian(grey, cv2.CV_32F).var()))
        quality = [cv2.IMWRITE_JPEG_QUALITY, self.options.jpeg_quality]
        jpeg = cv2.imencode(".jpg", crop[..., ::-1], quality)[1].tobytes()
        self.size.append(len(jpeg))
        self._crops.write(jpeg)

    def tracks(
        self,
        time_sec: Sequence[float],
        frame_size: tuple[int, int],
        *,
        persons: Mapping[int, int],
    ) -> FaceTracks:
        """Return the tracks of those that are persons, the main one first.

        Args:
            time_sec: when each decoded frame is shown.
            frame_size: (width, height), px.
            persons: who each track is; those that are not named are left out.
        """
        track, frame = np.array(self.track, dtype=np.int32), np.array(self.frame, dtype=np.int32)
        box = np.array(self.box, dtype=np.float32).reshape(-1, 4)
        track = np.array([persons.get(number, -1) for number in track.tolist()], np.int32)
        is_kept = (track >= 0) & _is_first_of(track, frame, np.array(self.origin, np.uint8))
        track[~is_kept] = -1
        kept = rank_tracks(track[is_kept], frame[is_kept], box[is_kept])
        if self.options.tracks == "main":
            kept = kept[:1]
        # faces that were followed back in time came after later ones
        order = np.concatenate(
            [rows[np.argsort(frame[rows])] for rows in (np.flatnonzero(track == n) for n in kept)]
            or [np.zeros(0, dtype=np.intp)]
        )
        renumbered = {number: place for place, number in enumerate(kept)}
        size = np.array(self.size, dtype=np.int64)
        box = box[order]
        landmarks = np.array(self.landmarks, np.float32).reshape(-1, 5, 2)[order]
        sides = np.maximum(box[:, 2:] - box[:, :2], 0)
        sharpness = np.array(self.sharpness, np.float32)[order]
        quality = [np.sqrt(sides.prod(axis=1)), sharpness, turn_of(landmarks)]
        return FaceTracks(
            n_frames=len(time_sec),
            time_sec=np.array(time_sec, np.float64),
            frame_size=frame_size,
            track=np.array([renumbered[number] for number in track[order].tolist()], np.int32),
            frame=frame[order],
            box=box,
            landmarks=landmarks,
            confidence=np.array(self.confidence, dtype=np.float32)[order],
            origin=np.array(self.origin, dtype=np.uint8)[order],
            transform=np.array(self.transform, np.float32).reshape(-1, 2, 3)[order],
            crop_size=self.options.crop_size,
            crop_jpeg=self._ordered_crops(order, np.cumsum(size) - size, size),
            crop_offset=np.concatenate([[0], np.cumsum(size[order])]).astype(np.int64),
            has_points=are_trusted(box, landmarks),
            quality=np.stack(quality, axis=1).astype(np.float32),
        )

    def _ordered_crops(
        self, order: npt.NDArray[np.intp], begin: npt.NDArray[np.int64], size: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.uint8]:
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as ordered:
            for row in order.tolist():
                self._crops.seek(int(begin[row]))
                ordered.write(self._crops.read(int(size[row])))
            self._crops.close()
            n_bytes = ordered.tell()
            if n_bytes <= IN_MEMORY:
                ordered.seek(0)
                return np.frombuffer(ordered.read(), dtype=np.uint8)
            ordered.flush()
            # the mapping outlives the file's name
            return np.memmap(ordered._file, dtype=np.uint8, mode="r", shape=(n_bytes,))


def _is_first_of(
    track: npt.NDArray[np.int32], frame: npt.NDArray[np.int32], origin: npt.NDArray[np.uint8]
) -> npt.NDArray[np.bool_]:
    """Return which rows are the only or the surest of their person and frame.

    Where two tracks are one person, the end of the one may be followed into the other.
    """
    order = np.lexsort((origin, frame, track))
    is_first = np.ones(len(track), dtype=bool)
    again = (np.diff(track[order]) == 0) & (np.diff(frame[order]) == 0)
    is_first[order[1:][again]] = False
    return is_first
