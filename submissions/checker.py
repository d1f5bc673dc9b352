"""Checks a submission before it costs an attempt: ours or anyone's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from emotiw.challenges.spec import Answer, ChallengeSpec
from submissions.check_report import CheckReport
from submissions.plausibility import compare_attempts, judge_labels
from submissions.registry import format_of


def check_submission(
    spec: ChallengeSpec,
    path: Path,
    *,
    expected_ids: Collection[str],
    training_labels: Collection[str] = (),
    earlier: Mapping[str, Mapping[str, Answer]] | None = None,
) -> CheckReport:
    """Return everything that is wrong or odd with a submission.

    Args:
        spec: the challenge.
        path: the zip or table; it is never unpacked to disk.
        expected_ids: what must be answered: test clips, or their frames or segments.
        training_labels: the labels of the training clips, to compare the predicted shares with.
        earlier: the answers of earlier attempts, by name.
    """
    report = CheckReport(path)
    if path.is_file():
        format_of(spec).check(spec, path, expected_ids, report)
    else:
        report.add("no such file", [str(path)], advice="a folder has to be zipped first")
    judge_labels(spec, report, training_labels)
    compare_attempts(report, earlier or {})
    report.sort()
    return report
