"""Clips → face tracks and aligned crops."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from emotiw.core.config import flat
from emotiw.core.device import CPU
from emotiw.core.errors import ArtifactError, TableError, WeightsError, suggest
from emotiw.core.face_tracks import FaceTracks
from emotiw.core.files import sha256_of
from emotiw.core.ledger import LedgerRow
from emotiw.core.media import MediaReader
from emotiw.core.part import full_version
from emotiw.core.progress import Progress, Silent, ticking
from emotiw.core.store import Store, artifact_key
from emotiw.core.weights import locate, read_card
from emotiw.runs.cohort_digests import digests_of
from emotiw.runs.run import Run
from emotiw.runs.stage import Stage
from emotiw.runs.stages.artifacts import read_artifacts
from emotiw.runs.stages.per_clip import Made, do_jobs, settle
from features.faces.detect import DETECTORS, takes_device
from features.faces.face_options import AUTO, FaceOptions

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


def faces_stage(run: Run) -> Stage:
    """Return what the faces of all clips are found from."""
    options = run.recipe.faces
    settings = {
        **dict(flat(options.result_options(), "faces.")),
        "version": faces_version(options),
        "weights": options.weights_fingerprint(),
        "data.damaged": run.recipe.settings.data.damaged,
    }
    return Stage(run, STAGE, STAGE, settings, {"clips": digests_of(run)["clips"]})


def find_all_faces(run: Run, *, force: bool = False) -> list[LedgerRow]:
    """Find and align the faces of every clip of the manifest; one ledger row per clip.

    Args:
        run: the run.
        force: make anew whatever is there.

    Raises:
        ConfigError: if there is no such detector, or no such device here.
        TableError: if ``faces.csv`` was changed by hand and would be overwritten.
    """
    make_faces(run, force=force)
    return run.ledger(STAGE).rows()


def make_faces(run: Run, *, force: bool = False) -> None:
    """Do what :func:`find_all_faces` does, where it isn't done."""
    run.require_device()
    with run.at_work():
        stage = faces_stage(run)
        if not stage.is_to_do(force=force):
            return
        cohort, options = run.cohort(), run.recipe.faces.resolved()
        if lost := run.recipe.faces.what_is_lost():
            run.progress.say(lost)
        keys = {clip.clip_id: faces_key(clip.content, options) for clip in cohort}
        jobs = {
            key: FacesJob(cohort[clip_id].path, options, run.store.root, key, run.device)
            for clip_id, key in keys.items()
            if not run.store.has(STAGE, key)
        }
        device = run.device if jobs and takes_device(options.detector) else CPU
        done = do_jobs(run, jobs, find_and_store, stage=STAGE, device=device, tells_progress=True)
        settle(
            stage,
            folder=STAGE,
            keys=keys,
            refused={},
            done=done,
            nothing="no face found",
            table="faces.csv",
            force=force,
        )


def stored_tracks(job: FacesJob) -> FaceTracks:
    """Return the faces that were found in a clip; those that are damaged or gone are found anew.

    Raises:
        TableError: if there are none, or they were found with other options.
    """
    try:
        return FaceTracks.from_tensors(Store(job.store).read(STAGE, job.key))
    except ArtifactError:
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


def with_its_detector(run: Run) -> Run:
    """Return a run with the detector that its faces were found by, to find those of other files.

    Where the recipe leaves that open, another one may be here now.

    Raises:
        WeightsError: if its weights are missing, with the command that gets them.
    """
    options, record = run.recipe.faces, run.records.get(STAGE)
    if options.detector != AUTO or record is None:
        return run
    options = options.model_copy(update={"detector": record.settings.get("faces.detector", AUTO)})
    weights = options.resolved().weights
    try:
        if weights is not None:
            locate(read_card(weights))
    except WeightsError as error:
        told = f"{run.folder}: its faces were found by {options.detector}"
        raise WeightsError(f"{told}; {error}") from error
    recipe = replace(run.recipe, faces=options)
    return Run(recipe, progress=run.progress, workforce=run.workforce)


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
    return artifact_key(
        STAGE,
        version=faces_version(options),
        content=content,
        options=options.result_options(),
        weights=options.weights_fingerprint(),
    )


def faces_version(options: FaceOptions) -> str:
    """Return the version of the stage, with that of a detector of one's own."""
    from features.faces.find_faces import VERSION

    # those that come along share the version of the stage, and needn't be imported for it
    detector = options.resolved().detector
    if detector in DETECTORS.names():
        return VERSION
    return f"{VERSION}+{full_version(DETECTORS.resolve(detector))}"


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
