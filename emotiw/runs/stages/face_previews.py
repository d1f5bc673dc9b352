"""Face tracks → images and videos to look at, and crops of any size, per clip."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from emotiw.core.errors import EmotiwError, MediaError
from emotiw.core.face_tracks import FaceTracks
from emotiw.core.files import atomic_write
from emotiw.core.media.reading_report import seen_track
from emotiw.core.store import Store
from emotiw.runs.run import Run
from emotiw.runs.stages.artifacts import read_artifacts
from emotiw.runs.stages.faces import STAGE, face_tracks, faces_quality
from emotiw.visualization.contact_sheet import note_of, write_preview

DRAWN = "1"  # raised when the drawing changes


@dataclass(frozen=True)
class PreviewJob:
    """The faces of one clip to draw."""

    path: Path
    store: Path
    key: str
    target: Path


def preview_folder(run: Run) -> Path:
    """Return where the previews of a run are."""
    return run.folder / "preview"


def write_previews(run: Run) -> dict[str, str]:
    """Draw the faces of every clip whose faces were looked for; what is there stays.

    Returns:
        By clip id, why a preview could not be written.
    """
    cohort = run.cohort()
    jobs = {}
    page = run.ledger(STAGE)
    for clip_id, artifact in read_artifacts(run.faces_path, made_by="faces").items():
        row = page.get(STAGE, clip_id)
        if row is not None and row.quality.get("pictures") == "missing":
            continue  # of a recording there is nothing to draw
        target = preview_folder(run) / file_name(clip_id)
        if note_of(target.with_name(f"{target.name}.png")) != _note(artifact.key):
            path = cohort[clip_id].path
            jobs[clip_id] = PreviewJob(path, run.store.root, artifact.key, target)
    outcomes = run.workforce.do(preview, jobs)
    tracked = run.progress.track(outcomes, stage="previews", total=len(jobs))
    return {done.name: done.error for done in tracked if done.error is not None}


def preview(job: PreviewJob) -> None:
    """Draw the faces of one clip."""
    store = Store(job.store)
    tracks = FaceTracks.from_tensors(store.read(STAGE, job.key))
    quality = store.metadata(STAGE, job.key)["quality"]
    try:
        write_preview(job.path, tracks, quality, job.target, note=_note(job.key))
    except MediaError:
        raise
    except OSError as error:
        raise EmotiwError(f"{job.target}: can't be written ({error})") from error


def write_crops(run: Run, clip_id: str, folder: Path, crop_size: int) -> int:
    """Write a clip's crops at any size below ``folder``; return how many there are.

    Raises:
        MediaError: if the clip can't be read any more.
        TableError: if its faces were not looked for.
    """
    import cv2

    from features.faces.recut import recut

    tracks = face_tracks(run, clip_id)
    n_crops = 0
    if not len(tracks):
        return n_crops
    path, track = run.cohort()[clip_id].path, seen_track(faces_quality(run, clip_id))
    for row, crop in recut(path, tracks, crop_size, video_track=track):
        place = folder / file_name(clip_id) / f"{tracks.track[row]}" / f"{tracks.frame[row]:06}.png"
        atomic_write(place, cv2.imencode(".png", crop[..., ::-1])[1].tobytes())
        n_crops += 1
    return n_crops


def file_name(clip_id: str) -> str:
    """Return a name of files for a clip; ids with other characters than usual get a hash.

    Examples:
        >>> file_name("000143240")
        '000143240'
        >>> file_name("train/7")
        'train_7-eeea76'
    """
    plain = re.sub(r"[^\w.-]", "_", clip_id).lstrip(".")
    if plain == clip_id:
        return plain
    return f"{plain}-{hashlib.sha256(clip_id.encode()).hexdigest()[:6]}"


def _note(key: str) -> str:
    return f"{DRAWN} {key}"
