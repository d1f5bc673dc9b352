"""From score tables to the answers that a challenge asks for, in the file that organisers take."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from emotiw.challenges.spec import Answer, ChallengeSpec, Target
from emotiw.core.errors import Problems, SubmissionError, suggest
from emotiw.core.files import atomic_write
from emotiw.core.score_table import ScoreTable
from emotiw.core.several import Several
from submissions.answers import answer_of, problems_of
from submissions.registry import format_of


def predictions_of(
    spec: ChallengeSpec, scores: ScoreTable, targets: ScoreTable | None = None
) -> dict[str, Answer]:
    """Return the answer to every row that has scores: a label, a number, or several of them.

    Numbers are moved into the range of their target, and to the closest of its values where it
    allows only some. Columns are found by name, whatever their order.

    Args:
        spec: the challenge.
        scores: of the labels and targets.
        targets: of the targets, where ``scores`` are of the labels alone.

    Raises:
        SubmissionError: if a label or target has no column, or there are columns of others.

    Examples:
        >>> from emotiw.challenges.spec import load_spec
        >>> from emotiw.core.task import Regression
        >>> table = ScoreTable("x", Regression(("cohesion",)), ("a", "b"),
        ...                    np.array([[3.2], [1.5]]), ("test", "test"), (None, None))
        >>> predictions_of(load_spec("cohesion2019"), table)
        {'a': 3.0, 'b': 1.5}
    """
    names = tuple(target.name for target in spec.targets)
    if isinstance(scores.task, Several):
        _check_columns((*spec.labels, *names), scores)
        numbers = _numbers(spec, scores)
        told = scores.predictions() if spec.labels else {}  # the label is the first answer
        labels = {row: answers[0] for row, answers in told.items()}
    elif not spec.labels:
        _check_columns(names, scores)
        labels, numbers = {}, _numbers(spec, scores)
    else:
        _check_columns(spec.labels, scores)
        labels, numbers = scores.predictions(), {}
        if not names:
            return dict(labels)
        if targets is None:
            raise SubmissionError(f"{spec.title} asks for {', '.join(names)} beside the label")
        _check_columns(names, targets)
        numbers = _numbers(spec, targets)
    if not spec.labels:
        return {row: answer_of(own) for row, own in numbers.items()}
    return {row: (labels[row], *numbers[row]) for row in labels if row in numbers}


def submission_path(spec: ChallengeSpec, folder: Path, team: str) -> Path:
    """Return where a team's submission goes: under the organisers' name for it, or the team's.

    Examples:
        >>> from emotiw.challenges.spec import load_spec
        >>> submission_path(load_spec("afew2017"), Path("out"), "My Team").name
        'My Team.zip'
    """
    if not team.strip() or not team.isprintable() or any(c in team for c in '/\\:*?"<>|'):
        raise SubmissionError(f"team {team!r} can't name a file")
    return folder / format_of(spec).name_for(team)


def write_submission(
    spec: ChallengeSpec,
    predictions: Mapping[str, Answer],
    path: Path,
    *,
    expected_ids: Collection[str] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Write a submission, and beside it a JSON with its provenance; same input, same bytes.

    Args:
        spec: the challenge.
        predictions: a label, a number, or a tuple of them (the label first, then the targets in
            the spec's order), by clip, frame or segment id.
        path: of the zip or table, see :func:`submission_path`.
        expected_ids: what must be answered, in the order of the organisers' list; the sorted
            predictions by default.
        provenance: the run, its number, the hash of its recipe, … for the JSON.

    Returns:
        ``path``.

    Raises:
        SubmissionError: naming every missing, unexpected or impossible prediction.
    """
    files = submission_files(
        spec, predictions, path.name, expected_ids=expected_ids, provenance=provenance
    )
    for name, data in files.items():
        atomic_write(path.parent / name, data)
    return path


def submission_files(
    spec: ChallengeSpec,
    predictions: Mapping[str, Answer],
    name: str,
    *,
    expected_ids: Collection[str] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> dict[str, bytes]:
    """Return the two files that :func:`write_submission` writes, by their names."""
    ids = list(dict.fromkeys(expected_ids)) if expected_ids is not None else sorted(predictions)
    problems = Problems(f"{spec.title}, submission {name}")
    if not ids:
        problems.add("there is nothing to predict")
    missing = sorted(set(ids) - predictions.keys())
    extra = sorted(predictions.keys() - set(ids))
    for what, names in (("missing", missing), ("unexpected", extra)):
        if names:
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            problems.add(f"{len(names)} clips {what}: {', '.join(names[:5])}{more}")
    answers = {clip_id: predictions[clip_id] for clip_id in ids if clip_id in predictions}
    for clip_id, answer in answers.items():
        for problem in problems_of(spec, answer):
            problems.add(f"{clip_id}: {problem}")
    problems.raise_if_any(SubmissionError)
    submission = format_of(spec).to_bytes(spec, answers)
    card = {
        "challenge": spec.name,
        "n_answers": len(answers),
        "sha256": hashlib.sha256(submission).hexdigest(),
        **(provenance or {}),
    }
    text = json.dumps(card, indent=1, ensure_ascii=False, sort_keys=True, default=str) + "\n"
    return {name: submission, f"{name}.json": text.encode()}


def _numbers(spec: ChallengeSpec, table: ScoreTable) -> dict[str, tuple[float, ...]]:
    columns = [table.labels.index(target.name) for target in spec.targets]
    rows = np.flatnonzero(table.present)
    numbers = format_of(spec).settled(table.scores[rows][:, columns])
    return {
        table.clip_ids[row]: tuple(
            _allowed(value, target) for value, target in zip(values, spec.targets, strict=True)
        )
        for row, values in zip(rows.tolist(), numbers.tolist(), strict=True)
    }


def _allowed(value: float, target: Target) -> float:
    if target.values is not None:
        return min(target.values, key=lambda allowed: abs(allowed - value))
    return min(max(value, target.minimum), target.maximum)


def _check_columns(wanted: tuple[str, ...], table: ScoreTable) -> None:
    problems = Problems(f"scores of {table.name!r}")
    for name in wanted:
        if name not in table.labels:
            problems.add(f"no column {name!r}{suggest(name, table.labels)}")
    for name in table.labels:
        if name not in wanted:
            problems.add(f"column {name!r} is none that the challenge asks for")
    problems.raise_if_any(SubmissionError)
