"""From predictions to the file that organisers take."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from emotiw.challenges.spec import Answer, ChallengeSpec
from emotiw.core.errors import Problems, SubmissionError
from emotiw.core.files import atomic_write, sha256_of
from submissions.answers import problems_of
from submissions.registry import format_of


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
    ids = list(dict.fromkeys(expected_ids)) if expected_ids is not None else sorted(predictions)
    problems = Problems(f"{spec.title}, submission {path.name}")
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
    atomic_write(path, format_of(spec).to_bytes(spec, answers))
    card = {
        "challenge": spec.name,
        "n_answers": len(answers),
        "sha256": sha256_of(path),
        **(provenance or {}),
    }
    text = json.dumps(card, indent=1, ensure_ascii=False, sort_keys=True, default=str) + "\n"
    atomic_write(path.with_name(path.name + ".json"), text.encode())
    return path
