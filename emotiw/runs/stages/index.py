"""The challenge's own folder → ``manifest.csv``."""

from __future__ import annotations

from emotiw.challenges import read_challenge
from emotiw.core.cohort import Cohort
from emotiw.core.cohort_table import write_manifest
from emotiw.core.ledger import LedgerRow
from emotiw.runs.run import Run

STAGE = "index"


def index(run: Run) -> Cohort:
    """Read the challenge's folder, and write the manifest and the first page of the ledger.

    Raises:
        ManifestError: with everything that is wrong with the folder.
    """
    settings = run.recipe.settings
    cohort, warnings = read_challenge(run.recipe.spec, settings.data.root)
    for warning in warnings:
        run.progress.say(f"warning: {warning}")
    run.folder.mkdir(parents=True, exist_ok=True)
    run.write_description()
    with run.progress.stage("contents of the clips"):
        cohort = run.with_contents(cohort)
    write_manifest(cohort, run.manifest_path, root=settings.data.root)
    rows = []
    for clip in run.progress.track(cohort, stage="index", total=len(cohort)):
        problem = "" if clip.path.is_file() else f"no such file: {clip.path.name}"
        rows.append(LedgerRow(clip.clip_id, STAGE, "failed" if problem else "ok", problem))
    run.record(STAGE, rows)
    return run.cohort()
