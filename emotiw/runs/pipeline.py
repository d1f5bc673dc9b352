"""All stages of a recipe in order, reusing what is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emotiw.core.cohort import Cohort
from emotiw.core.ledger import LedgerRow
from emotiw.evaluation.results import Result
from emotiw.runs.run import Run
from emotiw.runs.stages.faces import find_all_faces
from emotiw.runs.stages.features import extract_all
from emotiw.runs.stages.fuse import fuse_all
from emotiw.runs.stages.index import index
from emotiw.runs.stages.persons import link_individuals
from emotiw.runs.stages.submit import submit
from emotiw.runs.stages.train import train_all
from features.registry import EXTRACTORS
from submissions.check_report import CheckReport


@dataclass(frozen=True)
class Summary:
    """What a run came to.

    Attributes:
        cohort: its clips.
        results: every model and the fusion judged; None if nothing was trained.
        failures: the rows of the ledger of clips that could not be read.
        submission: the file for the organisers; None if there is no test split.
        check: what the checker says of it.
    """

    cohort: Cohort
    results: list[Result] | None
    failures: list[LedgerRow]
    submission: Path | None = None
    check: CheckReport | None = None


def needs_faces(run: Run) -> bool:
    """Return whether any feature of the recipe is measured in faces."""
    return any(
        EXTRACTORS.resolve(entry.extractor).needs == "faces"
        for entry in run.recipe.features.values()
    )


def run_all(run: Run, *, force: bool = False) -> Summary:
    """Run every stage that the recipe needs; a second time it only looks that all is there.

    Raises:
        EmotiwError: if a stage can't do its work; a broken clip is a row of the ledger instead.
    """
    run.require_device()
    cohort = index(run)
    if needs_faces(run):
        find_all_faces(run)
    if run.recipe.features:
        extract_all(run)
        link_individuals(run)
    if not run.recipe.models:
        return Summary(cohort, None, run.ledger().failures())
    train_all(run, force=force)
    with run.progress.stage("fuse"):
        _, results = fuse_all(run, force=force)
    submission, check = None, None
    if cohort.select("test") and run.recipe.spec.submission is not None:
        with run.progress.stage("submit"):
            submission, check = submit(run)
    return Summary(cohort, results, run.ledger().failures(), submission, check)
