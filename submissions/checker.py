"""Checks a submission before it costs an attempt: ours or anyone's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

from emotiw.challenges.certainty import unproved
from emotiw.challenges.spec import Answer, ChallengeSpec
from emotiw.core.files import file_problem
from submissions.answers import parts_of
from submissions.check_report import CheckReport
from submissions.registry import format_of

FAR = 0.3
ALIKE = 0.98
SAME = 1e-3


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
    report = CheckReport(path, assumed=doubts_of(spec))
    if problem := file_problem(path):
        told = [f"{path}: {problem}"]
        advice = "a folder has to be zipped first" if path.is_dir() else ""
        report.add("can't be read", told, advice=advice)
    else:
        format_of(spec).check(spec, path, expected_ids, report)
    judge_labels(spec, report, training_labels)
    compare_attempts(report, earlier or {})
    report.sort()
    return report


def doubts_of(spec: ChallengeSpec) -> str:
    """Return what is assumed of the format that organisers want; nothing where it is proved.

    Examples:
        >>> from emotiw.challenges.spec import load_spec
        >>> doubts_of(load_spec("engagenet"))
        'the header is assumed (submission table: the CodaLab format was not found)'
        >>> doubts_of(load_spec("afew2017"))
        ''
    """
    doubts = unproved(spec, "submission")
    if not doubts:
        return ""
    what = "header" if getattr(format_of(spec), "header", False) else "format"
    return f"the {what} is assumed ({'; '.join(doubt.says for doubt in doubts)})"


def judge_labels(
    spec: ChallengeSpec, report: CheckReport, training_labels: Collection[str] = ()
) -> None:
    """Warn of labels that are never predicted, shares far from those in training, one number.

    Far is a total variation distance of more than 0.3: at least 30 % of the clips would have to
    change their label. True shares may differ (they did in AFEW), hence no more than a warning.
    """
    if not report.answers:
        return
    if not spec.labels:
        if len(report.answers) > 1 and len(set(report.answers.values())) == 1:
            alike = [f"{len(report.answers)} answers of {next(iter(report.answers.values()))}"]
            report.add("never varies", alike, severity="warning")
        return
    counts = Counter(str(parts_of(answer)[0]) for answer in report.answers.values())
    never = [label for label in spec.labels if not counts[label]]
    report.add("never predicted", never, severity="warning")
    if not training_labels:
        return
    known = Counter(training_labels)
    shares = {
        label: (counts[label] / len(report.answers), known[label] / len(training_labels))
        for label in spec.labels
    }
    distance = sum(abs(ours - theirs) for ours, theirs in shares.values()) / 2
    if distance > FAR:
        detail = [
            f"{label} {ours:.0%} ({theirs:.0%} in training)"
            for label, (ours, theirs) in shares.items()
        ]
        report.add(
            "far from training",
            detail,
            severity="warning",
            advice=f"{distance:.0%} of the clips would have to change",
        )


def agreement(one: Mapping[str, Answer], other: Mapping[str, Answer]) -> float:
    """Return the share of common clips with the same answer; 0 where they have none in common.

    Numbers are the same where they differ by less than a thousandth.

    Examples:
        >>> agreement({"a": "Sad", "b": "Happy"}, {"a": "Sad", "b": "Fear", "c": "Sad"})
        0.5
        >>> agreement({"a": 0.5, "b": 0.7}, {"a": 0.5001, "b": 0.8})
        0.5
    """
    common = one.keys() & other.keys()
    return sum(_is_same(one[key], other[key]) for key in common) / len(common) if common else 0.0


def compare_attempts(report: CheckReport, earlier: Mapping[str, Mapping[str, Answer]]) -> None:
    """Note how far a submission agrees with earlier ones; warn where it is almost the same."""
    for name, answers in earlier.items():
        share = agreement(report.answers, answers)
        report.add(
            "like an earlier attempt" if share >= ALIKE else "agreement",
            [f"{share:.1%} of the answers are those of {name}"],
            severity="warning" if share >= ALIKE else "note",
        )


def _is_same(one: Answer, other: Answer) -> bool:
    if one == other:
        return True
    pairs = zip(parts_of(one), parts_of(other), strict=False)
    return all(
        (not isinstance(a, str) and not isinstance(b, str) and abs(a - b) < SAME) or a == b
        for a, b in pairs
    )
