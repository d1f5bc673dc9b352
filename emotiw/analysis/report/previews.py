"""Short silent videos of clips with boxes on the faces, small enough for dozens on a page."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from emotiw.analysis.report.snapshot import RunSnapshot
from emotiw.core.errors import EmotiwError
from emotiw.core.face_tracks import FaceTracks
from emotiw.core.media import MediaReader
from emotiw.core.media.file_kinds import kind_of
from emotiw.core.media.reading_report import seen_track
from emotiw.runs.stages import faces
from emotiw.runs.stages.artifacts import read_artifacts
from emotiw.visualization.annotated_video import SAME_BYTES
from emotiw.visualization.boxes import Picture, colour_of, visible_rows

HEIGHT = 160  # px
RATE = 10  # images per second
SECONDS = 3.0  # from the first face on
CONTAINERS = {"libx264": "mp4", "libvpx-vp9": "webm"}  # what browsers play, the best first
QUALITY = {"libx264": {"crf": "31", **SAME_BYTES}, "libvpx-vp9": {"crf": "40", "b": "0"}}
POSTER_QUALITY = 50


@dataclass
class Previews:
    """What there is room for.

    Attributes:
        videos: by clip, in base64.
        posters: by clip, the image in the middle as WebP, in base64.
        kind: the media type of the videos.
        n_with_video: clips that there could be a video of.
    """

    videos: dict[str, str] = field(default_factory=dict)
    posters: dict[str, str] = field(default_factory=dict)
    kind: str = ""
    n_with_video: int = 0


def previews(facts: RunSnapshot, worth: Sequence[str], room: int) -> Previews:
    """Return previews of clips in this order, in at most ``room`` characters."""
    codec = _codec()
    if room <= 0 or codec is None:
        return Previews()
    wanted = [clip_id for clip_id in worth if kind_of(facts.cohort[clip_id].path) == "video"]
    found = Previews(kind=f"video/{CONTAINERS[codec]}", n_with_video=len(wanted))
    artifacts = {}
    if facts.run.faces_path.is_file():
        artifacts = read_artifacts(facts.run.faces_path, made_by=faces.STAGE)
    ledger = facts.run.ledger()
    for clip_id in facts.run.progress.track(wanted, stage="previews", total=len(wanted)):
        tracks = None
        if clip_id in artifacts and artifacts[clip_id].n_present:
            tensors = facts.run.store.read(faces.STAGE, artifacts[clip_id].key)
            tracks = FaceTracks.from_tensors(tensors)
        row = ledger.get(faces.STAGE, clip_id)
        track = seen_track(row.quality) if row else None
        try:
            images = list(images_of(facts.cohort[clip_id].path, tracks, video_track=track))
        except EmotiwError:
            continue  # its reason stands in the ledger
        if not images:
            continue
        video = base64.b64encode(encode_video(images, codec)).decode()
        poster = base64.b64encode(_poster(images[len(images) // 2])).decode()
        room -= len(video) + len(poster) + 2 * (len(clip_id) + 8)
        if room < 0:
            break
        found.videos[clip_id], found.posters[clip_id] = video, poster
    return found


def images_of(
    path: Path, tracks: FaceTracks | None, *, video_track: int | None = None
) -> Iterator[Picture]:
    """Yield ``(height, width, 3)`` RGB images of the preview, with boxes, ``RATE`` per second.

    Raises:
        MediaError: if the clip can't be read.
    """
    rows_at = {} if tracks is None else visible_rows(tracks)
    first = min(rows_at, default=0)
    n_done, start_sec = 0, None
    with MediaReader(path, video_track=video_track) as reader:
        for frame in reader.frames():
            if frame.index < first:
                continue
            start_sec = frame.time_sec if start_sec is None else start_sec
            passed_sec = frame.time_sec - start_sec
            if passed_sec >= SECONDS:
                return
            if passed_sec * RATE >= n_done - 1e-6:
                n_done = int(passed_sec * RATE + 1e-6) + 1
                yield _with_boxes(frame.rgb, tracks, rows_at.get(frame.index, ()))


def encode_video(images: Sequence[Picture], codec: str) -> bytes:
    """Return images of one size as a silent video; the same images give the same bytes."""
    import av

    buffer = io.BytesIO()
    kind = CONTAINERS[codec]
    with av.open(buffer, "w", format=kind, options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream(codec, rate=RATE, options=QUALITY[codec])
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.time_base = Fraction(1, RATE)
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _with_boxes(rgb: Picture, tracks: FaceTracks | None, rows: Sequence[int]) -> Picture:
    import cv2

    height, width = rgb.shape[:2]
    size = (max(2, round(width * HEIGHT / height / 2) * 2), HEIGHT)
    small = np.ascontiguousarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
    for row in rows:
        assert tracks is not None
        factor = np.tile([size[0] / width, size[1] / height], 2)
        box = (tracks.box[row] * factor).round().astype(int).tolist()
        cv2.rectangle(small, box[:2], box[2:], colour_of(int(tracks.track[row])), 2)
    return np.asarray(small, dtype=np.uint8)


def _poster(image: Picture) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", quality=POSTER_QUALITY, method=4)
    return buffer.getvalue()


def _codec() -> str | None:
    import av

    return next((codec for codec in CONTAINERS if codec in av.codecs_available), None)
