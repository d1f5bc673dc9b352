"""Clips → face tracks and aligned crops."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emotiw.core.device import CPU
from emotiw.core.errors import DamagedArtifactError, TableError, suggest
from emotiw.core.face_tracks import FaceTracks
from emotiw.core.files import sha256_of
from emotiw.core.ledger import LedgerRow
from emotiw.core.media import MediaReader
from emotiw.core.part import full_version
from emotiw.core.progress import Progress, Silent, ticking
from emotiw.core.store import Store, artifact_key
from emotiw.runs.run import Run
from emotiw.runs.stages.artifacts import read_artifacts
from emotiw.runs.stages.per_clip import Made, do_jobs, settle
from features.faces.detect import DETECTORS, takes_device
from features.faces.face_options import FaceOptions

STAGE = "faces"


@dataclass(frozen=True)
class FacesJob:
    """The faces of one clip to find."""

    path: Path
    options: FaceOptions
    store: Path
    key: str
    device: str = CPU

    @property
    def keys(self) -> tuple[str, ...]:
        """The key of the one artifact."""
        return (self.key,)


def find_all_faces(run: Run) -> list[LedgerRow]:
    """Find and align the faces of every clip of the manifest; one ledger row per clip.

    Raises:
        ConfigError: if there is no such detector, or no such device here.
    """
    run.require_device()
    cohort = run.cohort()
    options = run.recipe.faces
    keys = {clip.clip_id: faces_key(clip.content, options) for clip in cohort}
    jobs = {
        key: FacesJob(cohort[clip_id].path, options, run.store.root, key, run.device)
        for clip_id, key in keys.items()
        if not run.store.has(STAGE, key)
    }
    device = run.device if jobs and takes_device(options.detector) else CPU
    done = do_jobs(run, jobs, find_and_store, stage=STAGE, device=device, tells_progress=True)
    return settle(
        run,
        STAGE,
        folder=STAGE,
        keys=keys,
        refused={},
        done=done,
        nothing="no face found",
        table=run.faces_path,
    )


def stored_tracks(job: FacesJob) -> FaceTracks:
    """Return the faces that were found in a clip; those that are damaged are found anew.

    Raises:
        TableError: if there are none, or they were found with other options.
    """
    try:
        return FaceTracks.from_tensors(Store(job.store).read(STAGE, job.key))
    except DamagedArtifactError:
        if faces_key(sha256_of(job.path), job.options) != job.key:
            raise
    find_and_store(job)
    return FaceTracks.from_tensors(Store(job.store).read(STAGE, job.key))


def face_tracks(run: Run, clip_id: str) -> FaceTracks:
    """Return the faces of one clip of a run.

    Raises:
        MissingStageError: if the faces stage has not run.
        TableError: if the clip could not be read, or there is none of that id.
    """
    return FaceTracks.from_tensors(run.store.read(STAGE, _key(run, clip_id)))


def faces_quality(run: Run, clip_id: str) -> dict[str, float | int | str]:
    """Return what the ledger says of the faces of one clip; raises as :func:`face_tracks`."""
    quality: dict[str, float | int | str] = run.store.metadata(STAGE, _key(run, clip_id))["quality"]
    return quality


def _key(run: Run, clip_id: str) -> str:
    artifacts = read_artifacts(run.faces_path, made_by="faces")
    if clip_id not in artifacts:
        hint = suggest(clip_id, artifacts)
        raise TableError(f"{run.faces_path}: no faces of clip {clip_id!r}{hint}")
    return artifacts[clip_id].key


def faces_key(content: str, options: FaceOptions) -> str:
    """Return the key of a clip's face tracks."""
    from features.faces.find_faces import VERSION

    # those that come along share the version of the stage, and needn't be imported for it
    is_own = options.detector not in DETECTORS.names()
    kind = full_version(DETECTORS.resolve(options.detector)) if is_own else ""
    return artifact_key(
        STAGE,
        version=f"{VERSION}+{kind}" if is_own else VERSION,
        content=content,
        options=options.result_options(),
        weights=options.weights_fingerprint(),
    )


def find_and_store(job: FacesJob, progress: Progress | None = None) -> Made:
    """Find the faces of one clip, telling how far it is, and write them to the store."""
    from features.faces.find_faces import find_faces

    with MediaReader(job.path) as reader:
        n_frames = reader.info.expected_frames
    with ticking(progress or Silent(), "faces, frame by frame", n_frames) as tick:
        tracks, quality = find_faces(job.path, job.options, device=job.device, on_frame=tick)
    noted = {"n_rows": len(tracks), "n_present": len(tracks), "quality": dict(quality)}
    Store(job.store).write(STAGE, job.key, tracks.to_tensors(), noted)
    return Made()
