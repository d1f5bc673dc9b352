"""What organisers receive: written, checked and counted."""

from submissions.answers import into_range
from submissions.checker import check_submission
from submissions.report import CheckReport, Finding
from submissions.writer import submission_path, write_submission

__all__ = [
    "CheckReport",
    "Finding",
    "check_submission",
    "into_range",
    "submission_path",
    "write_submission",
]
