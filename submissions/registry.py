"""The submission formats that a challenge can name."""

from __future__ import annotations

from emotiw.challenges.spec import ChallengeSpec
from emotiw.core.config import Document, validated
from emotiw.core.registry import Registry
from submissions.submission_format import SubmissionFormat

FORMATS: Registry[type[SubmissionFormat]] = Registry(
    "submission format",
    {
        "text_files": "submissions.text_files:TextFiles",
        "table": "submissions.table_files:Table",
        "salience_lists": "submissions.salience_lists:SalienceLists",
        "table_per_clip": "submissions.table_per_clip:TablePerClip",
    },
)


def format_of(spec: ChallengeSpec) -> SubmissionFormat:
    """Return the format of a challenge's submission with its options checked.

    Raises:
        ConfigError: naming every option that is wrong, or if it can't hold what is asked for.

    Examples:
        >>> from emotiw.challenges.spec import load_spec
        >>> format_of(load_spec("afew2017")).name_for("My Team")
        'My Team.zip'
    """
    options = dict(spec.submission.model_extra or {})
    document = Document(f"submission of {spec.name}", options)
    found = validated(FORMATS.resolve(spec.submission.format), options, document=document)
    found.require_suited(spec)
    return found
