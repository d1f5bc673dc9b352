"""What a submission format promises: what is written is read again, and what is wrong is seen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from emotiw.challenges.spec import Answer, ChallengeSpec, load_spec
from emotiw.checks.check_part import made_options
from emotiw.checks.findings import Findings
from submissions.check_report import CheckReport
from submissions.submission_format import SubmissionFormat


def check_format(
    part: type[SubmissionFormat], options: Mapping[str, Any], sample: Any, findings: Findings
) -> None:
    """Note what doesn't hold of a format, on the answers of the sample (to AFEW by default)."""
    style = made_options(part, options, findings)
    if not isinstance(style, SubmissionFormat):
        return
    spec, answers = sample or (load_spec("afew2017"), {"000143240": "Happy", "011145880": "Sad"})
    with findings.during("to_bytes and check"), TemporaryDirectory() as folder:
        style.require_suited(spec)
        path = Path(folder) / style.name_for("Team")
        is_name = path.parent == Path(folder)
        findings.expect(is_name, f"name_for: should be a name, got {path}")
        data = style.to_bytes(spec, answers)
        same = style.to_bytes(spec, dict(answers))
        findings.expect(data == same, "to_bytes: the same answers should give the same bytes")
        path.write_bytes(data)
        report = _checked(style, spec, path, answers)
        findings.expect(report.is_ok, f"check: what was written should pass, it found {report}")
        found = {row: _rounded(answer) for row, answer in report.answers.items()}
        expected = {row: _rounded(answer) for row, answer in answers.items()}
        findings.expect(found == expected, f"check: should read {expected}, got {found}")
        (gone, _), *rest = answers.items()
        path.write_bytes(style.to_bytes(spec, dict(rest)))
        report = _checked(style, spec, path, answers)
        findings.expect(not report.is_ok, f"check: should see that {gone!r} is missing")
        path.write_bytes(b"nothing of the kind")
        report = _checked(style, spec, path, answers)
        findings.expect(not report.is_ok, "check: should see that a file is damaged")


def _checked(
    style: SubmissionFormat, spec: ChallengeSpec, path: Path, answers: Mapping[str, Answer]
) -> CheckReport:
    report = CheckReport(path)
    style.check(spec, path, tuple(answers), report)
    return report


def _rounded(answer: Answer) -> Any:
    parts = answer if isinstance(answer, tuple) else (answer,)
    return [part if isinstance(part, str) else round(part, 3) for part in parts]
