"""Fused scores → the file that the organisers want, written and checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from emotiw.challenges import submission_ids
from emotiw.challenges.spec import Answer, load_spec
from emotiw.core.cohort import Cohort
from emotiw.core.errors import SubmissionError
from emotiw.core.files import sha256_of
from emotiw.core.ledger import LedgerRow
from emotiw.core.score_table import ScoreTable
from emotiw.runs.run import Run
from emotiw.runs.stages.index import STAGE as INDEX
from submissions.attempts import Attempts
from submissions.check_report import CheckReport
from submissions.checker import check_submission
from submissions.writer import predictions_of, submission_path, write_submission

STAGE = "submit"


def submit(run: Run) -> tuple[Path, CheckReport]:
    """Write the submission of the run's test clips and check what was written.

    The report and the ledger tell which clips have the recipe's fallback for an answer, and which
    test clips no answer could be written for.

    Raises:
        MissingStageError: if nothing has been fused yet.
        SubmissionError: if the challenge has no test clips, or some of them have no prediction
            and the recipe declares no fallback.
    """
    fused = run.scores("fused")
    settings = run.recipe.settings.submission
    spec, root = run.recipe.spec, run.recipe.settings.data.root
    cohort = run.cohort()
    expected = submission_ids(spec, root, cohort)
    if not expected:
        raise SubmissionError(f"{run.manifest_path} has no test clips: nothing to hand in")
    predictions, guessed = answers_for(run, fused, expected, fallback=settings.fallback)
    target = submission_path(spec, run.folder / "submission", settings.team)
    provenance = {
        "run": settings.run,
        "fused": sha256_of(run.fused_path),
        "recipe": run.recipe.name,
        "n_fallback": len(guessed),
    }
    write_submission(spec, predictions, target, expected_ids=expected, provenance=provenance)
    report = check(run, target)
    by_clip = Counter(name.partition("/")[0] for name in guessed)
    told = f"{settings.fallback!r} for {len(guessed)} of {len(expected)} test clips: without scores"
    report.add("fallback", guessed, advice=told, severity="warning")
    refused = [row.clip_id for row in run.ledger().rows(INDEX) if _is_lost(row, cohort)]
    advice = "test clips without an answer: their names can't be ids"
    report.add("left out", refused, advice=advice, severity="warning")
    report.sort()
    why = f"answered with the fallback {settings.fallback!r}: no scores"
    run.record(
        STAGE,
        [
            LedgerRow(c, STAGE, "missing", why) if by_clip[c] else LedgerRow(c, STAGE, "ok")
            for c in dict.fromkeys(name.partition("/")[0] for name in expected)
        ],
    )
    return target, report


def check(run: Run, path: Path) -> CheckReport:
    """Check a submission, this run's or another, against the run's own test list."""
    spec, root = run.recipe.spec, run.recipe.settings.data.root
    cohort = run.cohort()
    labels = [clip.label for clip in cohort.select("train") if clip.label is not None]
    expected = submission_ids(spec, root, cohort)
    earlier = Attempts(run.folder.parent).earlier_answers(spec, expected)
    return check_submission(
        spec, path, expected_ids=expected, training_labels=labels, earlier=earlier
    )


def check_alone(challenge: str, path: Path, clips: Path) -> CheckReport:
    """Check a submission without any run.

    Args:
        challenge: its name, or its YAML file.
        path: the submission.
        clips: the folder of the test clips, or a text with one id per line.

    Raises:
        SubmissionError: if there is no such folder or list, or it names nothing.
    """
    if clips.is_dir():
        expected = sorted(file.stem for file in clips.iterdir() if file.is_file())
    elif clips.is_file():
        expected = clips.read_text(encoding="utf-8-sig").split("\n")
        expected = [line.strip() for line in expected if line.strip()]
    else:
        raise SubmissionError(f"no folder or list of test clips at {clips}")
    if not expected:
        raise SubmissionError(f"{clips} names no test clips")
    return check_submission(load_spec(challenge), path, expected_ids=expected)


def answers_for(
    run: Run, fused: ScoreTable, expected: Sequence[str], *, fallback: str | None
) -> tuple[dict[str, Answer], list[str]]:
    """Return the answer for everything that the organisers expect one for, and what is a fallback.

    Raises:
        SubmissionError: naming the clips that have none, unless there is a fallback.
    """
    scored = predictions_of(run.recipe.spec, fused)
    missing = [name for name in expected if name not in scored]
    if missing and fallback is None:
        raise SubmissionError(
            f"{len(missing)} of {len(expected)} test clips have no prediction, e.g. {missing[:5]}: "
            f"{run.ledger_path} tells why; or set submission.fallback"
        )
    answers: dict[str, Answer] = {name: scored[name] for name in expected if name in scored}
    for name in missing:
        assert fallback is not None
        answers[name] = fallback if fused.task.is_label else float(fallback)
    return answers, missing


def _is_lost(row: LedgerRow, cohort: Cohort) -> bool:
    return row.clip_id not in cohort and row.quality.get("split") == "test"
