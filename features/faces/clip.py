"""All faces of one clip: found, followed, aligned, and cut out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import MediaError
from emotiw.core.face_tracks import FaceTracks, Origin
from emotiw.core.media import MediaReader
from features.faces.align import face_transform, square_to_crop, warp
from features.faces.detect import Detector, Faces, load_detector
from features.faces.options import FaceOptions, FaceSpeed
from features.faces.track import Tracker, rank_tracks

VERSION = "1"
Quality = dict[str, float | int | str]


def find_faces(
    path: Path,
    options: FaceOptions | None = None,
    *,
    detector: Detector | None = None,
    speed: FaceSpeed | None = None,
) -> tuple[FaceTracks, Quality]:
    """Return the face tracks of a clip or photograph, and the figures that the ledger keeps.

    A clip without any face gives no rows, or one per frame where ``options.no_face`` says so.

    Args:
        path: a video or a photograph.
        options: what to look for and how to cut it out.
        detector: a detector of the caller's own in place of ``options.detector``.
        speed: what changes only the time it takes.

    Raises:
        MediaError: if the file can't be read or holds no picture.
    """
    options, speed = options or FaceOptions(), speed or FaceSpeed()
    detector = detector or load_detector(options.detector, speed.device)
    rows = _Rows(options)
    with MediaReader(path) as reader:
        info = reader.info
        tracker = Tracker(max_gap=round(options.max_gap_sec * (info.fps or 25.0)))
        smallest = options.min_face_px(info.width, info.height, is_still=info.is_still)
        size = (0, 0)
        last_sec = 0.0
        for picture in reader.frames():
            size = (picture.rgb.shape[1], picture.rgb.shape[0])
            last_sec = picture.time_sec
            faces = _detect(detector, picture.rgb, smallest)
            rows.add(picture.index, tracker.update(picture.index, faces.box), faces, picture.rgb)
        n_frames = reader.n_decoded_frames
        n_damaged = reader.n_damaged_packets
    if n_frames == 0:
        raise MediaError(f"{path}: not a single frame could be decoded")
    shortest = min(n_frames, max(1, round(options.min_track_sec * (info.fps or 25.0))))
    tracks = rows.tracks(n_frames, size, shortest)
    if not len(tracks) and options.no_face != "mask":
        tracks = _fall_back(path, options, n_frames, size)
    quality: Quality = {
        "declared_frames": info.declared_frames,
        "decoded_frames": n_frames,
        "fps": round(info.fps, 3),
        "duration_sec": round(info.duration_sec or last_sec, 3),
        "n_damaged_packets": n_damaged,
        "audio": "present" if info.has_audio else "missing",
        **face_quality(tracks),
    }
    return tracks, quality


def face_quality(tracks: FaceTracks) -> Quality:
    """Return the figures of the ledger that the face tracks themselves tell.

    Confidence, tilt (of the line through the eyes, degrees) and blur (variance of the Laplacian
    of the crop; small is blurred) are those of the main face.
    """
    seen = tracks.origin != Origin.FALLBACK
    has_face = np.zeros(tracks.n_frames, dtype=bool)
    has_face[tracks.frame[seen]] = True
    edges = np.flatnonzero(np.diff(np.concatenate([[True], has_face, [True]]).astype(int)))
    gaps = edges[1::2] - edges[::2]
    quality: Quality = {
        "frames_with_face": int(has_face.sum()),
        "longest_gap_frames": int(gaps.max(initial=0)),
        "n_tracks": len(np.unique(tracks.track[seen])),
    }
    main = np.flatnonzero((tracks.track == 0) & seen)
    if len(main):
        eyes = tracks.landmarks[main, 1] - tracks.landmarks[main, 0]
        tilt = np.degrees(np.arctan2(eyes[:, 1], eyes[:, 0]))
        quality["mean_confidence"] = round(float(tracks.confidence[main].mean()), 4)
        quality["tilt_deg"] = round(float(np.median(tilt)), 2)
        sample = main[:: max(1, len(main) // 16)]
        quality["blur"] = round(float(np.median([_sharpness(tracks, row) for row in sample])), 1)
    return quality


def _sharpness(tracks: FaceTracks, row: int) -> float:
    import cv2

    grey = cv2.cvtColor(tracks.crop(row), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def _detect(detector: Detector, rgb: npt.NDArray[np.uint8], smallest_px: float) -> Faces:
    import cv2

    scale = min(1.0, detector.min_face_px / smallest_px)
    height, width = rgb.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size == (width, height):
        return detector.detect([rgb])[0]
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    factor = np.array([width / size[0], height / size[1]])
    faces = detector.detect([np.asarray(small, dtype=np.uint8)])[0]
    middle = (factor - 1) / 2  # px count from the middle of the first one
    return Faces(
        (faces.box * np.tile(factor, 2) + np.tile(middle, 2)).astype(np.float32),
        (faces.landmarks * factor + middle).astype(np.float32),
        faces.confidence,
    )


def _fall_back(
    path: Path, options: FaceOptions, n_frames: int, size: tuple[int, int]
) -> FaceTracks:
    """Return one track that shows the whole frame, or its centre, in every frame."""
    width, height = size
    side = min(size) if options.no_face == "centre_crop" else max(size)
    middle = np.array([width - 1, height - 1]) / 2
    reach = (side - 1) / 2
    box = np.array([*(middle - reach), *(middle + reach)], dtype=np.float32)
    transform = square_to_crop(box, options.crop_size)
    rows = _Rows(options)
    with MediaReader(path) as reader:
        for picture in reader.frames():
            crop = warp(picture.rgb, transform, options.crop_size)
            rows.append(0, picture.index, box, np.tile(middle, (5, 1)), 0.0, transform, crop)
    return rows.tracks(n_frames, size, 1, origin=Origin.FALLBACK)


@dataclass
class _Rows:
    """Rows of face tracks as they come, frame by frame."""

    options: FaceOptions
    track: list[int] = field(default_factory=list)
    frame: list[int] = field(default_factory=list)
    box: list[npt.NDArray[np.floating]] = field(default_factory=list)
    landmarks: list[npt.NDArray[np.floating]] = field(default_factory=list)
    confidence: list[float] = field(default_factory=list)
    transform: list[npt.NDArray[np.floating]] = field(default_factory=list)
    jpeg: list[bytes] = field(default_factory=list)

    def add(self, frame: int, numbers: list[int], faces: Faces, rgb: npt.NDArray[np.uint8]) -> None:
        options = self.options
        for row, number in enumerate(numbers):
            box, landmarks = faces.box[row], faces.landmarks[row]
            transform = face_transform(
                box,
                landmarks,
                template=options.template,
                crop_size=options.crop_size,
                margin=options.margin,
            )
            crop = warp(rgb, transform, options.crop_size)
            confidence = float(faces.confidence[row])
            self.append(number, frame, box, landmarks, confidence, transform, crop)

    def append(
        self,
        number: int,
        frame: int,
        box: npt.NDArray[np.floating],
        landmarks: npt.NDArray[np.floating],
        confidence: float,
        transform: npt.NDArray[np.floating],
        crop: npt.NDArray[np.uint8],
    ) -> None:
        import cv2

        self.track.append(number)
        self.frame.append(frame)
        self.box.append(box)
        self.landmarks.append(landmarks)
        self.confidence.append(confidence)
        self.transform.append(transform)
        quality = [cv2.IMWRITE_JPEG_QUALITY, self.options.jpeg_quality]
        self.jpeg.append(cv2.imencode(".jpg", crop[..., ::-1], quality)[1].tobytes())

    def tracks(
        self,
        n_frames: int,
        size: tuple[int, int],
        shortest: int,
        origin: Origin = Origin.DETECTED,
    ) -> FaceTracks:
        """Return the tracks that are long and sure enough, the main one first."""
        track, frame = np.array(self.track, dtype=np.int32), np.array(self.frame, dtype=np.int32)
        box = np.array(self.box, dtype=np.float32).reshape(-1, 4)
        confidence = np.array(self.confidence, dtype=np.float32)
        kept = [
            number
            for number in rank_tracks(track, frame, box)
            if (track == number).sum() >= shortest
            and (
                origin == Origin.FALLBACK
                or confidence[track == number].max() >= self.options.min_confidence
            )
        ]
        if self.options.tracks == "main":
            kept = kept[:1]
        order = np.concatenate(
            [np.flatnonzero(track == number) for number in kept] or [np.zeros(0, dtype=np.intp)]
        )
        renumbered = {number: place for place, number in enumerate(kept)}
        jpeg = [self.jpeg[row] for row in order]
        return FaceTracks(
            n_frames=n_frames,
            frame_size=size,
            track=np.array([renumbered[number] for number in track[order].tolist()], np.int32),
            frame=frame[order],
            box=box[order],
            landmarks=np.array(self.landmarks, np.float32).reshape(-1, 5, 2)[order],
            confidence=confidence[order],
            origin=np.full(len(order), int(origin), dtype=np.uint8),
            transform=np.array(self.transform, np.float32).reshape(-1, 2, 3)[order],
            crop_size=self.options.crop_size,
            crop_jpeg=np.frombuffer(b"".join(jpeg), dtype=np.uint8),
            crop_offset=np.cumsum([0, *map(len, jpeg)], dtype=np.int64),
        )
