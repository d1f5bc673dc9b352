"""Fused scores → the file that the organisers want, written and checked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from emotiw.challenges import submission_ids
from emotiw.challenges.spec import Answer, load_spec
from emotiw.core.cohort import Cohort
from emotiw.core.config import flat
from emotiw.core.errors import SubmissionError
from emotiw.core.ledger import LedgerRow
from emotiw.core.part import full_version
from emotiw.core.score_table import ScoreTable
from emotiw.runs.cohort_digests import digests_of
from emotiw.runs.run import FUSED, Run
from emotiw.runs.stage import Stage, outside_contents
from emotiw.runs.stages.fuse import fused_as_asked
from emotiw.runs.stages.index import STAGE as INDEX
from emotiw.runs.stages.index import index_stage
from submissions.answers import fallback_of
from submissions.attempts import LEDGER, Attempts
from submissions.check_report import CheckReport
from submissions.checker import check_submission
from submissions.clip_list import read_clip_list
from submissions.own_ids import note_unlisted, own_ids
from submissions.registry import format_of
from submissions.step_filling import filled_over_time
from submissions.writer import predictions_of, submission_files, submission_path

STAGE = "submit"
REPORT = ".emotiw/check.json"
FILLED = "interpolated over time, or with the nearest label,"
OF_A_SUBMISSION = {"name", "unit", "labels", "targets", "submission"}


def submit_stage(run: Run) -> Stage:
    """Return what the submission is made from."""
    spec, settings = run.recipe.spec, run.recipe.settings.submission
    asked = spec.model_dump(mode="json", include=OF_A_SUBMISSION)
    chosen = {
        **dict(flat(asked, "challenge.")),
        **dict(flat(settings.model_dump(mode="json"), "submission.")),
        "version": full_version(type(format_of(spec))),
    }
    inputs = {
        "folder": run.listing(),
        "cohort": digests_of(run)["cohort"],
        **outside_contents([run.folder.parent / LEDGER], run.folder.parent),
        **{name: run.records.sha256(name) for name in ("fused.csv", "fused.json")},
    }
    listed = [index_stage(run)] if run.recipe.settings.data.root.is_dir() else []
    return Stage(run, STAGE, STAGE, chosen, inputs, [*listed, fused_as_asked(run)])


def submit(run: Run, *, force: bool = False) -> tuple[Path, CheckReport]:
    """Write the submission of the run's test clips and check what was written.

    The report and the ledger tell which clips have the recipe's fallback for an answer, and which
    test clips no answer could be written for. A submission that was changed by hand is checked as
    it is now.

    Args:
        run: the run.
        force: write it anew, even if it was changed by hand.

    Raises:
        MissingStageError: if nothing has been fused yet, or with other settings, or if the
            challenge's folder has changed since it was indexed.
        SubmissionError: if the challenge has no test clips, or some of them have no prediction
            and the recipe declares no fallback.
    """
    spec, settings = run.recipe.spec, run.recipe.settings.submission
    with run.at_work():
        stage = submit_stage(run)
        target = submission_path(spec, run.folder / "submission", settings.team)
        if not stage.is_to_do(force=force) and (kept := _kept(stage, target)):
            return target, kept
        fused, cohort = run.scores(FUSED), run.cohort()
        expected = submission_ids(spec, run.recipe.settings.data.root, cohort)
        if not expected:
            raise SubmissionError(f"{run.manifest_path} has no test clips: nothing to hand in")
        rows = cohort.rows
        fused, filled = filled_over_time(fused, expected, rows.owners, rows.times)
        predictions, guessed = answers_for(run, fused, expected, fallback=settings.fallback)
        provenance = {
            "run": settings.run,
            "fused": run.records.sha256("fused.csv"),
            "recipe": run.recipe.name,
            "n_fallback": len(guessed),
            **({"n_filled": len(filled)} if cohort.has_steps else {}),
        }
        files = submission_files(
            spec, predictions, target.name, expected_ids=expected, provenance=provenance
        )
        files = {f"submission/{name}": data for name, data in files.items()}
        with TemporaryDirectory() as folder:
            draft = Path(folder) / target.name
            draft.write_bytes(files[f"submission/{target.name}"])
            report = replace(check(run, draft), path=target)
        told = f"{settings.fallback!r} for {len(guessed)} of {len(expected)} test clips: no scores"
        report.add("fallback", guessed, advice=told, severity="warning")
        told = f"{FILLED} in {len(filled)} of {len(expected)} rows: no scores"
        report.add("filled in", filled, advice=told, severity="warning")
        in_part = {row.clip_id for row in run.ledger().rows() if row.status == "partial"}
        partial = [clip_id for clip_id in expected if clip_id in in_part]
        told = f"{len(partial)} of {len(expected)} test clips were read in part; see the ledger"
        report.add("read in part", partial, advice=told, severity="warning")
        refused = [row.clip_id for row in run.ledger(INDEX).rows() if _is_lost(row, cohort)]
        advice = "test clips without an answer: their names can't be ids"
        report.add("left out", refused, advice=advice, severity="warning")
        report.sort()
        text = json.dumps(report.to_dict(), ensure_ascii=False, indent=1)
        why = f"answered with the fallback {settings.fallback!r}"
        page = _rows(expected, guessed, filled, why)
        stage.commit({}, page, derived={**files, REPORT: text.encode()})
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


def check_alone(challenge: str, path: Path, clips: Path | None = None) -> CheckReport:
    """Check a submission without any run.

    Args:
        challenge: its name, or its YAML file.
        path: the submission.
        clips: the folder of the test clips, or a text with one name per line. Without it the
            answers are checked, their number where it was published, and their names are not.

    Raises:
        SubmissionError: if there is no such folder or list, or it names nothing.
    """
    spec = load_spec(challenge)
    expected = own_ids(spec, path) if clips is None else read_clip_list(spec, clips)
    report = check_submission(spec, path, expected_ids=expected)
    if clips is None:
        note_unlisted(spec, report, expected)
    return report


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
        answers[name] = fallback_of(run.recipe.spec, fallback)
    return answers, missing


def _kept(stage: Stage, target: Path) -> CheckReport | None:
    """Return what is known of a submission that is up to date; None where the report is damaged."""
    run = stage.run
    if edits := [str(edit) for edit in stage.edits if edit.name.startswith("submission/")]:
        report = check(run, target)
        anew = "checked as it is; `emotiw run --force` writes it anew"
        report.add("changed by hand", edits, advice=anew, severity="warning")
        return report
    try:
        report = CheckReport.from_dict(json.loads((run.folder / REPORT).read_text("utf-8")))
    except (ValueError, TypeError, KeyError):
        return None
    return replace(report, path=target)  # the run may have been moved


def _rows(
    expected: Sequence[str], guessed: Sequence[str], filled: Sequence[str], why: str
) -> list[LedgerRow]:
    without = {name.partition("/")[0] for name in guessed}
    in_part = Counter(name.partition("/")[0] for name in filled)
    n_rows = Counter(name.partition("/")[0] for name in expected)
    rows = []
    for clip_id, n in n_rows.items():
        told = f"{in_part[clip_id]} of {n} rows {FILLED}: no scores" if in_part[clip_id] else ""
        is_lost = clip_id in without
        reason = f"{why}: no scores" if is_lost else told
        rows.append(LedgerRow(clip_id, STAGE, "missing" if is_lost else "ok", reason))
    return rows


def _is_lost(row: LedgerRow, cohort: Cohort) -> bool:
    is_test = row.quality.get("split") == "test"  # a missing one was left out by the challenge
    return row.status == "failed" and row.clip_id not in cohort and is_test
