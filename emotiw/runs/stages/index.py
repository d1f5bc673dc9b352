"""The challenge's own folder → ``manifest.csv``."""

from __future__ import annotations

from pathlib import Path

from emotiw.challenges.clip_table import read_clip_table
from emotiw.challenges.manifest_builder import Refused
from emotiw.challenges.reading import read_challenge, reader_of
from emotiw.challenges.unlabelled_clips import with_unlabelled
from emotiw.core.cohort import Cohort
from emotiw.core.cohort_table import STEPS, manifest_as_csv
from emotiw.core.config import flat
from emotiw.core.errors import ManifestError
from emotiw.core.files import file_problem
from emotiw.core.ledger import LedgerRow
from emotiw.core.part import full_version
from emotiw.core.step_table import steps_as_csv
from emotiw.runs.recipe_paths import where_looked
from emotiw.runs.run import Run
from emotiw.runs.stage import Stage

STAGE = "index"
OF_A_MANIFEST = {
    "name", "task_kind", "labels", "codes", "ignored_codes", "targets", "sizes", "layout", "folds",
}  # fmt: skip


def index_stage(run: Run) -> Stage:
    """Return what the manifest is made from."""
    told = run.recipe.spec.model_dump(mode="json", include=OF_A_MANIFEST, by_alias=True)
    version = full_version(type(reader_of(run.recipe.spec)))
    settings = {**dict(flat(told, "challenge.")), "version": version}
    if (clips := run.recipe.settings.data.clips) is not None:
        settings["data.clips"] = clips.as_posix()
    if unlabelled := run.recipe.settings.data.model_dump(mode="json")["unlabelled"]:
        settings["data.unlabelled"] = unlabelled
    return Stage(run, STAGE, STAGE, settings, {"folder": run.listing()})


def index(run: Run, *, force: bool = False) -> Cohort:
    """Read the challenge's folder, and write the manifest and the first page of the ledger.

    Args:
        run: the run.
        force: overwrite a manifest that was changed by hand.

    Raises:
        ManifestError: with everything that is wrong with the folder.
        TableError: if the manifest was changed by hand, and the folder has changed too.
    """
    make_index(run, force=force)
    return run.cohort()


def make_index(run: Run, *, force: bool = False) -> None:
    """Do what :func:`index` does, where the manifest isn't up to date; nothing is read but that."""
    settings = run.recipe.settings
    with run.at_work(begins=True):
        stage = index_stage(run)
        if not stage.is_to_do(force=force):
            return
        spec, refused = run.recipe.spec, list[Refused]()
        if not settings.data.root.is_dir():
            looked = where_looked(settings.data.root, run.recipe.document.where)
            raise ManifestError(f"{spec.title}: no folder {looked}")
        if settings.data.clips is None:
            cohort, warnings, refused = read_challenge(spec, settings.data.root)
        else:
            table = settings.data.root / settings.data.clips
            cohort, warnings = read_clip_table(spec, table, settings.data.root)
        if folders := settings.data.unlabelled_folders:
            cohort, told, odd = with_unlabelled(cohort, spec, folders)
            warnings, refused = [*warnings, *told], [*refused, *odd]
        for warning in warnings:
            run.warn(warning)
        with run.progress.stage("contents of the clips"):
            cohort = run.with_contents(cohort)
        tell_of_repeated(run, cohort)
        rows = [
            LedgerRow(odd.name, STAGE, odd.status, odd.reason, quality={"split": odd.split})
            for odd in refused
        ]
        for clip in run.progress.track(cohort, stage="index", total=len(cohort)):
            problem = file_problem(clip.path) if clip.path != Path() else ""
            reason = f"{clip.path.name}: {problem}" if problem else ""
            rows.append(LedgerRow(clip.clip_id, STAGE, "failed" if problem else "ok", reason))
        files = {"manifest.csv": manifest_as_csv(cohort, root=settings.data.root)}
        if cohort.has_steps:
            files[STEPS] = steps_as_csv(cohort.answered_steps, run.task)
        stage.commit(files, rows, force=force)


def tell_of_repeated(run: Run, cohort: Cohort) -> None:
    """Tell of validation and test clips that are training clips, too, byte for byte."""
    training = {clip.content: clip.clip_id for clip in cohort.select("train") if clip.content}
    repeated = [clip for clip in cohort.select("val", "test") if clip.content in training]
    if repeated:
        one = repeated[0]
        run.warn(
            f"{len(repeated):,} validation or test clips repeat training clips, e.g. "
            f"{one.clip_id} {training[one.content]}: no model learns from these training clips"
        )
