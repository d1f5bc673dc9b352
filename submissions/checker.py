"""Checks a submission before it costs an attempt: ours or anyone's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from emotiw.challenges.spec import Answer, ChallengeSpec
from emotiw.challenges.submission_format import Table, TextFiles
from submissions import table_files, text_files
from submissions.archive import read_zip
from submissions.check_report import CheckReport
from submissions.plausibility import compare_attempts, judge_labels


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
    style = spec.submission
    if not path.is_file():
        report.add("no such file", [str(path)], advice="a folder has to be zipped first")
    elif isinstance(style, Table):
        if style.file_name is not None and path.name != style.file_name:
            report.add("wrong name", [path.name], advice=f"organisers ask for {style.file_name}")
        if path.stat().st_size > table_files.MAX_BYTES:
            report.add("too large", [f"{path.stat().st_size} bytes"])
        else:
            table_files.check_table(spec, style, path.read_bytes(), expected_ids, report)
    elif isinstance(style, TextFiles):
        if path.suffix != ".zip":
            report.add("wrong name", [path.name], advice="a .zip named after the team")
        members = read_zip(path, report, max_member=text_files.MAX_BYTES)
        text_files.check_texts(spec, style, members, expected_ids, report)
    else:
        members = read_zip(path, report, max_member=table_files.MAX_BYTES)
        table_files.check_tables_per_clip(spec, style, members, expected_ids, report)
    judge_labels(spec, report, training_labels)
    compare_attempts(report, earlier or {})
    report.sort()
    return report
