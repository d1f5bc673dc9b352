"""What organisers receive: written, checked and counted."""

from submissions.check_report import CheckReport, Finding
from submissions.checker import check_submission
from submissions.writer import predictions_of, submission_path, write_submission

__all__ = [
    "CheckReport",
    "Finding",
    "check_submission",
    "predictions_of",
    "submission_path",
    "write_submission",
]
