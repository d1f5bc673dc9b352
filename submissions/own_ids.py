"""What a submission answers for by its own account, where nobody has the list of test clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from emotiw.challenges.spec import ChallengeSpec
from emotiw.core.errors import SubmissionError
from emotiw.core.files import file_problem
from submissions.archive import read_zip
from submissions.check_report import CheckReport
from submissions.registry import format_of
from submissions.text_files import TextFiles


def own_ids(spec: ChallengeSpec, path: Path) -> list[str]:
    """Return the ids of the texts in a zip; none where it can't be read.

    Raises:
        SubmissionError: if the challenge takes something else, whose ids a list has to say.
    """
    form = format_of(spec)
    if not isinstance(form, TextFiles):
        raise SubmissionError(
            f"a submission to {spec.name} is checked against the list of its test clips: "
            "--clips FOLDER, or a text of one id per line"
        )
    if file_problem(path):
        return []
    members = read_zip(path, CheckReport(path), max_member=form.max_member)
    names = [name.rsplit("/", 1)[-1] for name in members]
    return [name.removesuffix(form.suffix) for name in names if name.endswith(form.suffix)]


def note_unlisted(spec: ChallengeSpec, report: CheckReport, ids: Sequence[str]) -> None:
    """Say in a report that nobody knows whether these are the test clips, but how many they are."""
    size = spec.sizes.get("test")
    if size is not None and size != len(ids):
        told = [f"{len(ids)} answers, and {size} test clips were published"]
        report.add("wrong number", told)
    report.add(
        "names not checked",
        [f"{len(ids)} answers"],
        advice="there is no list of test clips: say --clips FOLDER or LIST",
        severity="warning",
    )
    report.sort()
