"""All stages of a recipe in order, reusing what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emotiw.core.ledger import LedgerRow
from emotiw.evaluation.results import Result
from emotiw.runs.cohort_digests import digests_of
from emotiw.runs.edits import Edit, edits_named, edits_of
from emotiw.runs.run import Run
from emotiw.runs.stages.faces import make_faces
from emotiw.runs.stages.features import make_features
from emotiw.runs.stages.fuse import make_fused
from emotiw.runs.stages.index import make_index
from emotiw.runs.stages.persons import link_individuals
from emotiw.runs.stages.submit import submit
from emotiw.runs.stages.train import make_scores
from emotiw.runs.trainable import require_trainable
from features.registry import EXTRACTORS
from submissions.check_report import CheckReport


@dataclass(frozen=True)
class Summary:
    """What a run came to.

    Attributes:
        splits: the number of clips in every split.
        results: every model and the fusion judged; None if nothing was trained.
        failures: the rows of the ledger of clips that could not be read.
        edits: what was changed by hand since a stage wrote it.
        submission: the file for the organisers; None if there is no test split.
        check: what the checker says of it.
    """

    splits: Mapping[str, int]
    results: list[Result] | None
    failures: list[LedgerRow]
    edits: list[Edit]
    submission: Path | None = None
    check: CheckReport | None = None


def needs_faces(run: Run) -> bool:
    """Return whether any feature of the recipe is measured in faces."""
    return any(
        EXTRACTORS.resolve(entry.extractor).needs == "faces"
        for entry in run.recipe.features.values()
    )


def run_all(run: Run, *, force: bool = False) -> Summary:
    """Run every stage that the recipe needs; one that is up to date is not looked into.

    Args:
        run: the run.
        force: overwrite what was changed by hand, and try again what failed.

    Raises:
        EmotiwError: if a stage can't do its work; a broken clip is a row of the ledger instead.
    """
    run.require_device()
    results: list[Result] | None = None
    submission, check = None, None
    with run.at_work(begins=True), edits_named(run.records):
        make_index(run, force=force)
        require_trainable(run)
        if needs_faces(run):
            make_faces(run, force=force)
        if run.recipe.features:
            make_features(run, force=force)
            link_individuals(run, force=force)
        if run.recipe.models:
            make_scores(run, force=force)
            results = make_fused(run, force=force)
            if digests_of(run)["splits"].get("test") and run.recipe.spec.submission is not None:
                submission, check = submit(run, force=force)
        splits, edits = digests_of(run)["splits"], edits_of(run.records)
    return Summary(splits, results, failures_of(run), edits, submission, check)


def failures_of(run: Run) -> list[LedgerRow]:
    """Return the rows of clips that could not be read, from the pages that have any."""
    return [
        row
        for stage, record in run.records
        if record.counts.get("failed")
        for row in run.ledger(stage).failures()
    ]
