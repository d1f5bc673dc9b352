"""Clips and their faces → rows of every feature that the recipe names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from time import perf_counter
from typing import Any

from emotiw.core.clip import Clip
from emotiw.core.config import flat
from emotiw.core.device import CPU, Movable, placed
from emotiw.core.errors import ConfigError, EmotiwError, TableError
from emotiw.core.feature_table import FeatureSpec, FeatureTable
from emotiw.core.files import sha256_of
from emotiw.core.ledger import Ledger, LedgerRow
from emotiw.core.machine_faults import require_machine
from emotiw.core.part import full_version
from emotiw.core.store import Store, artifact_key
from emotiw.runs.cohort_digests import digests_of
from emotiw.runs.learnt_on import learnt_on
from emotiw.runs.recipe import FeatureEntry, entries_named
from emotiw.runs.run import Run
from emotiw.runs.stage import Stage
from emotiw.runs.stages import faces
from emotiw.runs.stages.artifacts import Artifact, StoredArrays, read_artifacts
from emotiw.runs.stages.faces import FacesJob
from emotiw.runs.stages.per_clip import Made, do_jobs, settle
from emotiw.runs.stages.transcripts import recognised, transcripts_of
from features.extractor import ClipSource, Extractor
from features.registry import EXTRACTORS
from features.text.text_extractor import TextExtractor
from features.text.transcript import Transcript

FOLDER = "features"


def nothing_in(extractor: Extractor) -> str:
    """Return what is said of a clip in which there is nothing to measure."""
    if isinstance(extractor, TextExtractor):
        return extractor.nothing
    return "no face found" if extractor.needs == "faces" else "no such data"


@dataclass(frozen=True)
class FeaturesJob:
    """One clip, and the features of it that are not in the store yet."""

    clip_id: str
    path: Path
    faces: FacesJob | None  # which have been found
    store: Path
    device: str
    wanted: dict[str, FeatureEntry] = field(default_factory=dict)  # by key of the artifact
    transcript: Transcript | None = None
    content: str = ""  # of the clip

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the artifacts to make."""
        return tuple(self.wanted)


def feature_stage(run: Run, entry: FeatureEntry) -> Stage:
    """Return what the rows of a feature are made from."""
    extractor = made_extractor(entry)
    options = entry.options.model_dump(mode="json", exclude=set(extractor.speed_options))
    settings = {
        **dict(flat(options, f"features.{entry.name}.")),
        f"features.{entry.name}.extractor": entry.extractor,
        "version": full_version(type(extractor)),
        "weights": extractor.weights_fingerprint,
        "data.damaged": run.recipe.settings.data.damaged,
    }
    inputs, after = {"clips": digests_of(run)["clips"]}, []
    if extractor.needs == "faces":
        inputs["faces.csv"] = run.records.sha256("faces.csv")
        after = [faces.faces_stage(run)]
    if _is_told(extractor):
        inputs["transcripts"] = transcripts_of(run, extractor.options).digest
    command = f"features {entry.name}"
    return Stage(run, f"features:{entry.name}", command, settings, inputs, after)


def extract_all(
    run: Run, names: Sequence[str] = (), *, force: bool = False
) -> dict[str, list[LedgerRow]]:
    """Extract features of every clip; each clip is opened once for all that are to do.

    Args:
        run: the run.
        names: the features to extract; all of the recipe by default.
        force: make anew whatever is there.

    Returns:
        By feature, one ledger row per clip.

    Raises:
        ConfigError: if the recipe has no feature of that name, or there is no such device here.
        MissingStageError: if a feature needs faces and the faces stage has not run, or with
            other settings.
        TableError: if a table was changed by hand and would be overwritten.
    """
    made = make_features(run, names, force=force)
    return {name: run.ledger(f"features:{name}").rows() for name in made}


def make_features(run: Run, names: Sequence[str] = (), *, force: bool = False) -> list[str]:
    """Do what :func:`extract_all` does, where it isn't done; return the features' names."""
    run.require_device()
    asked = entries_named("feature", run.recipe.features, names)
    with run.at_work():
        stages = [
            (entry, feature_stage(run, entry))
            for entry in asked
            if made_extractor(entry).needs != "table"
        ]
        todo = [pair for pair in stages if pair[1].is_to_do(force=force)]
        if todo:
            _extract(run, todo, force=force)
    return [entry.name for entry, _ in stages]


def _extract(run: Run, todo: Sequence[tuple[FeatureEntry, Stage]], *, force: bool) -> None:
    cohort = run.cohort()
    of_media = [entry.name for entry, _ in todo if not _is_told(made_extractor(entry))]
    if of_media and all(clip.path == Path() for clip in cohort):
        names = ", ".join(of_media)
        raise ConfigError(
            f"features {names} are measured in media, and {run.recipe.settings.data.clips} names "
            "none (a column `path` would); features from elsewhere: extractor: imported"
        )
    face_artifacts: Mapping[str, Artifact] = {}
    faces_page = Ledger()
    if any(EXTRACTORS.resolve(entry.extractor).needs == "faces" for entry, _ in todo):
        face_artifacts = read_artifacts(run.faces_path, made_by="faces")
        faces_page = run.ledger(faces.STAGE)
    settled: list[Callable[..., None]] = []
    jobs: dict[str, FeaturesJob] = {}
    for entry, stage in todo:
        extractor = made_extractor(entry)
        key_of = feature_key(entry, extractor)
        needs_faces = extractor.needs == "faces"
        told = transcripts_of(run, extractor.options) if _is_told(extractor) else None
        keys: dict[str, str] = {}
        refused: dict[str, str] = dict(told.unread) if told else {}
        absent: dict[str, str] = {}
        masked = set()
        for clip in cohort:
            if told is not None:
                if clip.clip_id in told.known:
                    said = told.known[clip.clip_id]
                    keys[clip.clip_id] = key = key_of(said.digest)
                    if not run.store.has(FOLDER, key):
                        text = _text_job(run, clip, said)
                        jobs.setdefault(f"transcript {said.digest}", text).wanted[key] = entry
                elif clip.clip_id not in told.unread:
                    absent[clip.clip_id] = f"no transcript in {told.where}"
                continue
            face = face_artifacts.get(clip.clip_id)
            if needs_faces and face is None:
                row = faces_page.get(faces.STAGE, clip.clip_id)
                why = row.reason if row else "run `emotiw faces` again"
                refused[clip.clip_id] = f"no face tracks: {why}"
                continue
            if needs_faces and face and face.n_rows and not face.n_present:
                masked.add(clip.clip_id)
            key = key_of(face.key if needs_faces and face else clip.content)
            keys[clip.clip_id] = key
            if not run.store.has(FOLDER, key):
                place, device = run.store.root, run.device
                found = (
                    FacesJob(clip.path, run.recipe.faces, place, face.key, device) if face else None
                )
                job = FeaturesJob(
                    clip.clip_id, clip.path, found, place, device, content=clip.content
                )
                jobs.setdefault(clip.content, job).wanted[key] = entry
        settled.append(
            partial(
                settle,
                stage,
                folder=FOLDER,
                keys=keys,
                refused=refused,
                nothing=nothing_in(extractor),
                table=f"features/{entry.name}.csv",
                derived={f"features/{entry.name}.json": _spec_text(extractor.spec)},
                masked=masked,
                absent=absent,
                force=force,
            )
        )
    wanted = (entry for job in jobs.values() for entry in job.wanted.values())
    on_device = any(isinstance(made_extractor(entry), Movable) for entry in wanted)
    device = run.device if on_device else CPU
    done = do_jobs(run, jobs, extract_and_store, stage="features", device=device)
    run.store.pack(faces.STAGE, (face.key for face in face_artifacts.values()))  # those found anew
    for settle_one in settled:
        settle_one(done=done)


def feature_table(run: Run, name: str) -> FeatureTable:
    """Return a feature of the run as a table that reads from the store when it is asked.

    Raises:
        MissingStageError: if it has not been extracted yet.
    """
    extractor = made_extractor(*entries_named("feature", run.recipe.features, [name]))
    if extractor.needs == "table":
        return extractor.table(run.recipe.settings.data.root)
    artifacts = read_artifacts(run.features_path(name), made_by=f"features {name}")
    arrays = StoredArrays(run.store, FOLDER, artifacts)
    return FeatureTable(
        extractor.spec, arrays, trained_on=learnt_on(extractor, run.recipe.spec.name, run.cohort())
    )


def mend_feature(run: Run, name: str) -> None:
    """Make anew what is damaged of a feature in the store."""
    for artifact in read_artifacts(run.features_path(name), made_by=f"features {name}").values():
        with suppress(TableError):  # from now on it counts as absent
            run.store.read(FOLDER, artifact.key)
    (entry,) = entries_named("feature", run.recipe.features, [name])
    _extract(run, [(entry, feature_stage(run, entry))], force=False)


def feature_contents(run: Run, name: str, table: FeatureTable) -> dict[str, str]:
    """Return, per clip of a feature, a name for the very rows that a model would see."""
    entry = run.recipe.features[name]
    extractor = made_extractor(entry)
    if extractor.needs == "table":
        files = extractor.outside_files(entry.options, run.recipe.settings.data.root)
        whole = " ".join(map(sha256_of, files))
        return {clip_id: f"{whole} {clip_id}" for clip_id in table.clip_ids}
    artifacts = read_artifacts(run.features_path(name), made_by=f"features {name}")
    cohort = run.cohort()
    return {c: f"{artifacts[c].key} {cohort[c].content}" for c in table.clip_ids}


def feature_key(entry: FeatureEntry, extractor: Extractor) -> Callable[[str], str]:
    """Return what gives the key of a clip's rows from its content.

    The file of weights, and the source of a class of one's own, are hashed here once, and not for
    every clip.
    """
    options = entry.options.model_dump(mode="json", exclude=set(extractor.speed_options))
    weights, version = extractor.weights_fingerprint, full_version(type(extractor))

    def key_of(content: str) -> str:
        return artifact_key(
            entry.extractor,
            version=version,
            content=content,
            options=options,
            weights=weights,
        )

    return key_of


@lru_cache(maxsize=32)
def _extractor(kind: type[Extractor], name: str, options: str) -> Extractor:
    return kind(name, kind.Options.model_validate_json(options))


def made_extractor(entry: FeatureEntry) -> Extractor:
    """Return the extractor of an entry, made once per process."""
    kind: Any = EXTRACTORS.resolve(entry.extractor)
    return _extractor(kind, entry.name, entry.options.model_dump_json())


def extract_and_store(job: FeaturesJob) -> Made:
    """Extract what is wanted of one clip; a failure of one feature leaves the others."""
    store = Store(job.store)
    tracks = None
    if job.faces is not None and any(
        EXTRACTORS.resolve(entry.extractor).needs == "faces" for entry in job.wanted.values()
    ):
        tracks = faces.stored_tracks(job.faces)
    source = ClipSource(job.clip_id, job.path, tracks, job.transcript)
    failures: dict[str, str] = {}
    seconds: dict[str, float] = {}
    for key, entry in job.wanted.items():
        start = perf_counter()
        try:
            extractor = placed(made_extractor(entry), job.device)
            if extractor.needs == "text" and job.transcript is None:
                said = recognised(store, source, extractor.options, job.content)
                extraction = extractor.extract(said)
            else:
                extraction = extractor.extract(source)
            array = extraction.array
            array.check(extractor.spec, job.clip_id)
        except EmotiwError as error:
            require_machine(error)
            failures[key] = str(error)
            continue
        store.write(FOLDER, key, array.to_tensors(), extraction.noted())
        seconds[key] = perf_counter() - start
    return Made(failures, seconds)


def _is_told(extractor: Extractor) -> bool:
    """Return whether an extractor reads transcripts that are there already."""
    return extractor.needs == "text" and extractor.options.command is None


def _text_job(run: Run, clip: Clip, said: Transcript) -> FeaturesJob:
    place, device = run.store.root, run.device
    return FeaturesJob(clip.clip_id, clip.path, None, place, device, transcript=said)


def _spec_text(spec: FeatureSpec) -> bytes:
    return (json.dumps(asdict(spec), indent=1) + "\n").encode()
