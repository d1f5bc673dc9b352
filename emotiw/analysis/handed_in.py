"""What a submission's own run says of it, so that nobody has to type it into the ledger."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotiw.analysis.leaderboard import standing_of
from emotiw.challenges.spec import ChallengeSpec
from emotiw.core.errors import EmotiwError
from emotiw.core.files import sha256_of
from emotiw.core.notices import warn
from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.results import evaluate
from emotiw.runs.run import FUSED, cohort_in


@dataclass(frozen=True)
class HandedIn:
    """The run that a submission comes from.

    Attributes:
        runs: the folder of runs, where the ledger of attempts is.
        run: its name.
        config: sha256 of its recipe; empty where it has none.
        val: its fused scores by the official metric, as printed; None where they can't be judged,
            or are not those that the submission was written from.
    """

    runs: Path
    run: str
    config: str
    val: float | None


def run_behind(spec: ChallengeSpec, submission: Path) -> HandedIn | None:
    """Return the run whose ``submission`` folder holds a file, or None where it is no run's.

    A warning says where the run has been fused anew since, or the file was changed by hand.
    """
    folder = submission.resolve().parent.parent
    fused = folder / f"{FUSED}.csv"
    if submission.resolve().parent.name != "submission" or not fused.is_file():
        return None
    recipe = folder / "recipe.yaml"
    config = sha256_of(recipe) if recipe.is_file() else ""
    if not _is_of(submission, fused):
        told = "no score is noted for it, unless --val gives one"
        warn(f"{submission.name} is not what {folder} would hand in now: {told}")
        return HandedIn(folder.parent, folder.name, "", None)
    try:
        cohort = cohort_in(folder, spec.task).rows
        value = standing_of(evaluate(ScoreTable.read_csv(fused), cohort, spec.metric), "").value
    except EmotiwError:
        value = np.nan
    return HandedIn(folder.parent, folder.name, config, None if np.isnan(value) else float(value))


def _is_of(submission: Path, fused: Path) -> bool:
    try:
        card = json.loads(submission.with_name(f"{submission.name}.json").read_text("utf-8"))
        written = (card["sha256"], card["fused"])
    except (OSError, ValueError, KeyError, TypeError):
        return True  # nobody knows
    return written == (sha256_of(submission), sha256_of(fused))
