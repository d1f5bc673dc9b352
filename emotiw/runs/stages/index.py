"""The challenge's own folder → ``manifest.csv``."""

from __future__ import annotations

from emotiw.challenges import read_challenge
from emotiw.core.cohort import Cohort
from emotiw.core.cohort_table import write_manifest
from emotiw.core.files import file_problem
from emotiw.core.ledger import LedgerRow
from emotiw.runs.run import Run

STAGE = "index"


def index(run: Run) -> Cohort:
    """Read the challenge's folder, and write the manifest and the first page of the ledger.

    Raises:
        ManifestError: with everything that is wrong with the folder.
    """
    settings = run.recipe.settings
    cohort, warnings, refused = read_challenge(run.recipe.spec, settings.data.root)
    for warning in warnings:
        run.progress.say(f"warning: {warning}")
    run.folder.mkdir(parents=True, exist_ok=True)
    run.write_description()
    cohort = run.with_contents(cohort)
    write_manifest(cohort, run.manifest_path, root=settings.data.root)
    rows = [
        LedgerRow(odd.name, STAGE, "failed", odd.reason, quality={"split": odd.split})
        for odd in refused
    ]
    for clip in run.progress.track(cohort, stage="index", total=len(cohort)):
        problem = file_problem(clip.path)
        reason = f"{clip.path.name}: {problem}" if problem else ""
        rows.append(LedgerRow(clip.clip_id, STAGE, "failed" if problem else "ok", reason))
    run.record(STAGE, rows)
    return run.cohort()
