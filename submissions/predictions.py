"""From score tables to the answers that a challenge asks for."""

from __future__ import annotations

import numpy as np

from emotiw.challenges.spec import Answer, ChallengeSpec, Target
from emotiw.core.errors import Problems, SubmissionError, suggest
from emotiw.core.score_table import ScoreTable
from submissions.answers import answer_of


def predictions_of(
    spec: ChallengeSpec, scores: ScoreTable, targets: ScoreTable | None = None
) -> dict[str, Answer]:
    """Return the answer to every row that has scores: a label, a number, or several of them.

    Numbers are moved into the range of their target, and to the closest of its values where it
    allows only some. Columns are found by name, whatever their order.

    Args:
        spec: the challenge.
        scores: of the labels, or of the targets where the challenge has no labels.
        targets: of the targets, where the challenge asks for both.

    Raises:
        SubmissionError: if a label or target has no column, or there are columns of others.

    Examples:
        >>> from emotiw.challenges.spec import load_spec
        >>> table = ScoreTable("x", ("cohesion",), ("a", "b"), np.array([[3.2], [1.5]]),
        ...                    ("test", "test"), (None, None), task="regression")
        >>> predictions_of(load_spec("cohesion2019"), table)
        {'a': 3.0, 'b': 1.5}
    """
    if not spec.labels:
        return {row: answer_of(numbers) for row, numbers in _numbers(spec, scores).items()}
    _check_columns(spec.labels, scores)
    labels = scores.predictions()
    if not spec.targets:
        return dict(labels)
    if targets is None:
        wanted = ", ".join(target.name for target in spec.targets)
        raise SubmissionError(f"{spec.title} asks for {wanted} beside the label")
    numbers = _numbers(spec, targets)
    return {row: (labels[row], *numbers[row]) for row in labels if row in numbers}


def _numbers(spec: ChallengeSpec, table: ScoreTable) -> dict[str, tuple[float, ...]]:
    names = tuple(target.name for target in spec.targets)
    _check_columns(names, table)
    columns = [table.labels.index(name) for name in names]
    return {
        table.clip_ids[row]: tuple(
            _allowed(float(table.scores[row, column]), target)
            for column, target in zip(columns, spec.targets, strict=True)
        )
        for row in np.flatnonzero(table.present)
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
