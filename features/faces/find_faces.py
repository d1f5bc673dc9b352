"""All faces of one clip: found, followed, aligned, and cut out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from emotiw.core.clip import escaped
from emotiw.core.device import CPU
from emotiw.core.errors import MediaError
from emotiw.core.face_tracks import FaceTracks, Origin
from emotiw.core.media import MediaInfo, MediaReader
from emotiw.core.media.reading_report import NO_IMAGES, quality_of
from features.faces.align import square_to_crop
from features.faces.collect import Collector
from features.faces.detect import Detector, load_detector
from features.faces.face_options import FaceOptions
from features.faces.follow import FaceSequence
from features.faces.orientation import seems_turned, spread_out, turn_of, turned, turned_back

VERSION = "11"
Quality = dict[str, float | int | str]


def find_faces(
    path: Path,
    options: FaceOptions | None = None,
    *,
    detector: Detector | None = None,
    device: str = CPU,
    on_frame: Callable[[], object] | None = None,
) -> tuple[FaceTracks, Quality]:
    """Return the face tracks of a clip or photograph, and the measurements that the ledger keeps.

    A clip without any face gives no rows, or one per frame where ``options.no_face`` says so.

    Args:
        path: a video or a photograph.
        options: what to look for and how to cut it out.
        detector: a detector of the caller's own in place of ``options.detector``.
        device: where the networks of ``options.detector`` compute, as a recipe says it.
        on_frame: called once for every frame read, to show progress.

    Raises:
        MediaError: if the file can't be read or holds no picture.
        ConfigError: if there is no such detector, or no such device here.
    """
    options = (options or FaceOptions()).resolved()
    name = options.detector if detector is None else type(detector).__name__
    detector = detector or load_detector(options.detector, device, options.weights)
    with MediaReader(path, video_track=options.video_track, enough=options.enough) as reader:
        info = reader.info
        if not info.has_video:
            nothing = Collector(options).tracks([], (0, 0), persons={})
            return nothing, dict(NO_IMAGES)
        tracks, doubt = _followed(reader, options, detector, 0, on_frame)
        report = reader.report
        if not tracks.n_frames:
            told = f" ({report.told})" if report.told else ""
            raise MediaError(f"{escaped(path.name)}: not a single frame could be decoded{told}")
        turns = 0
        if seems_turned(tracks, detector):
            pictures = spread_out(reader.frames(), tracks.n_frames)
            turns = turn_of(pictures, detector, _smallest_px(options, info))
        if turns:
            tracks, doubt = _followed(reader, options, detector, turns, None)
    if not len(tracks) and options.no_face != "mask":
        tracks = _fall_back(path, options, tracks.time_sec.tolist(), tracks.frame_size)
    quality: Quality = {
        "declared_frames": report.expected_frames,
        "decoded_frames": tracks.n_frames,
        "fps": round(info.fps, 3),
        "start_sec": round(float(tracks.time_sec[0]), 3),
        "duration_sec": round(info.duration_sec or float(tracks.time_sec[-1]), 3),
        "n_damaged_packets": report.n_damaged_packets,
        "audio": "present" if info.has_audio else "missing",
        "detector": name,
        "false_track_score": doubt,
        **_tracks_of(info),
        **({"turned_deg": 90 * turns} if turns else {}),
        **face_quality(tracks),
        **quality_of(report.told),
    }
    return tracks, quality


def _followed(
    reader: MediaReader,
    options: FaceOptions,
    detector: Detector,
    turns: int,
    on_frame: Callable[[], object] | None,
) -> tuple[FaceTracks, float]:
    """Return the faces of a clip whose images are upright after so many quarter turns.

    And the share of tracks that may be expected to be no faces.
    """
    collector = Collector(options)
    sequence = FaceSequence(
        detector,
        smallest_px=_smallest_px(options, reader.info),
        detect_every_sec=options.detect_every_sec,
        max_gap_sec=options.max_gap_sec,
    )
    size = (0, 0)
    times: list[float] = []
    for picture in reader.frames():
        size = (picture.pixels.shape[1], picture.pixels.shape[0])
        times.append(picture.time_sec)
        for seen in sequence.push(turned(picture, turns)):
            collector.add(seen)
        if on_frame is not None:
            on_frame()
    for seen in sequence.flush():
        collector.add(seen)
    found = (size[1], size[0]) if turns % 2 else size
    persons = sequence.persons(options.sensitivity, across_gaps=options.reidentify)
    tracks = collector.tracks(times, found, persons=persons)
    doubt = sequence.false_track_score(persons)
    return (turned_back(tracks, turns, size) if turns else tracks), doubt


def _smallest_px(options: FaceOptions, info: MediaInfo) -> float:
    return options.min_face_px(info.width, info.height, is_still=info.is_still)


def _tracks_of(info: MediaInfo) -> Quality:
    """Return which of several tracks was seen."""
    if info.n_video_tracks < 2:
        return {}
    return {"n_video_tracks": info.n_video_tracks, "video_track": info.video_track or 0}


def face_quality(tracks: FaceTracks) -> Quality:
    """Return the measurements of the ledger that the face tracks themselves tell.

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
        quality["blur"] = round(float(np.median(tracks.quality[main, 1])), 1)
    return quality


def _fall_back(
    path: Path, options: FaceOptions, times: Sequence[float], size: tuple[int, int]
) -> FaceTracks:
    """Return one track that shows the whole frame, or its centre, in every frame."""
    width, height = size
    side = min(size) if options.no_face == "centre_crop" else max(size)
    middle = np.array([width - 1, height - 1]) / 2
    reach = (side - 1) / 2
    box = np.array([*(middle - reach), *(middle + reach)], dtype=np.float32)
    transform = square_to_crop(box, options.crop_size)
    collector = Collector(options)
    with MediaReader(path, video_track=options.video_track) as reader:
        for picture in reader.frames():
            collector.append(
                0,
                picture.index,
                box=box,
                landmarks=np.tile(middle, (5, 1)),
                confidence=0.0,
                origin=Origin.FALLBACK,
                transform=transform,
                pixels=picture.pixels,
            )
    return collector.tracks(times, size, persons={0: 0})
