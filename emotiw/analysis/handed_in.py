"""What is known of a submission from the run that wrote it."""

from __future__ import annotations

from pathlib import Path

from emotiw.challenges.spec import ChallengeSpec
from emotiw.core.errors import EmotiwError
from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.results import Result, evaluate
from emotiw.runs.run import FUSED, cohort_in


def run_behind(submission: Path, runs: Path, name: str = "") -> Path | None:
    """Return the folder of the run that a submission comes from, where it can be told.

    Args:
        submission: the file; a run keeps its own below ``submission/``.
        runs: the folder of runs.
        name: of the run, where somebody says it.
    """
    folder = runs / name if name else submission.absolute().parent.parent
    return folder if (folder / f"{FUSED}.csv").is_file() else None


def held_out_result(folder: Path, spec: ChallengeSpec) -> Result | None:
    """Return what a run's fused scores are worth: on validation clips, else out of fold."""
    try:
        table, cohort = ScoreTable.read_csv(folder / f"{FUSED}.csv"), cohort_in(folder, spec.task)
        return evaluate(table, cohort, spec.metric)
    except EmotiwError:
        return None
