"""What the numbers of scores from elsewhere are, and probabilities of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import TableError
from emotiw.core.notices import warn
from emotiw.core.probabilities import softmax
from emotiw.core.several import Several
from emotiw.core.task import Task

Scores = npt.NDArray[np.float64]
Kind = Literal["auto", "probabilities", "log-probabilities", "logits", "as is"]
ROUNDING = 0.02  # how far rows of published, rounded probabilities may be from a sum of 1
SAY_WHICH = "say which kind of scores these are (probabilities, log-probabilities, logits, as is)"


@dataclass(frozen=True)
class ReadScores:
    """Scores as probabilities, and how they were understood.

    Attributes:
        scores: ``(n, n_labels)``; the rows sum to 1, those that say nothing are NaN.
        kind: what they were read as.
        reason: why.
        n_zero: rows of zeros alone, the field's mark for a clip without a face: they say nothing.
    """

    scores: Scores
    kind: Kind
    reason: str
    n_zero: int

    def __str__(self) -> str:
        missing = f"; rows of zeros alone count as missing: {self.n_zero:,}" if self.n_zero else ""
        return f"read as {self.kind}, because {self.reason}{missing}"


def read_scores(scores: Scores, kind: Kind = "auto", *, where: str = "scores") -> ReadScores:
    """Turn scores of any kind into probabilities; rounded ones get their sum of 1 back.

    Args:
        scores: ``(n, n_labels)``; rows of NaN stay as they are, rows of 0 become such.
        kind: what they are; ``auto`` recognises it. Probabilities may be in percent. ``as is`` are
            votes or weights, of which the largest wins: what is negative counts as 0.
        where: named in errors.

    Raises:
        TableError: if they are not what was said, or can't be told apart.

    Examples:
        >>> print(read_scores(np.array([[-1.0, 2.5]])))
        read as logits, because some are negative and rows don't sum to 1
        >>> read_scores(np.array([[-0.25, 1.25]])).kind
        'as is'
    """
    is_zero = (scores == 0).all(axis=1)
    there = ~np.isnan(scores).any(axis=1) & ~is_zero
    present = scores[there]
    if np.isposinf(present).any():
        raise TableError(f"{where}: infinite scores")
    reason = "that was said"
    if kind == "auto":
        kind, reason = _recognised(present, where)
    result = np.full_like(scores, np.nan)
    if kind in ("logits", "log-probabilities"):  # softmax does the same for both
        result[there] = softmax(present)
    else:
        shares = present.clip(min=0.0) if kind == "as is" else present
        if (shares < 0).any() or (shares.sum(axis=1) <= 0).any():
            raise TableError(f"{where}: negative; these are not probabilities")
        percent = np.abs(shares.sum(axis=1) / 100 - 1) <= ROUNDING
        if kind == "probabilities" and (shares[~percent] > 1 + ROUNDING).any():
            raise TableError(f"{where}: above 1, and not percent; these are not probabilities")
        result[there] = shares / shares.sum(axis=1, keepdims=True)
    return ReadScores(result, kind, reason, int(is_zero.sum()))


def read_presences(scores: Scores, kind: Kind = "auto", *, where: str = "scores") -> Scores:
    """Turn scores of what is there or not into probabilities; NaN stays.

    Args:
        scores: ``(n, n_answers)``, of one kind.
        kind: what they are; ``auto`` takes numbers from 0 to 1 as probabilities, and logits where
            some are negative. ``as is`` is held within 0 to 1.
        where: named in errors.

    Raises:
        TableError: if they are not what was said, or can't be told apart.

    Examples:
        >>> read_presences(np.array([[0.25], [1.0]])).tolist()
        [[0.25], [1.0]]
        >>> read_presences(np.array([[0.0], [-np.log(3)]])).round(3).tolist()
        [[0.5], [0.25]]
    """
    known = scores[~np.isnan(scores)]
    are_shares = bool(((known >= 0) & (known <= 1)).all())
    if kind == "auto":
        if not are_shares and not (known < 0).any():
            raise TableError(f"{where}: not negative, but above 1; {SAY_WHICH}")
        kind = "probabilities" if are_shares else "logits"
    if kind == "probabilities" and not are_shares:
        raise TableError(f"{where}: outside 0 to 1; these are not probabilities")
    if kind == "logits":
        return np.asarray(1 / (1 + np.exp(-np.clip(scores, -500, 500))))
    return np.asarray(np.exp(scores) if kind == "log-probabilities" else scores).clip(0.0, 1.0)


def as_scores(numbers: Scores, task: Task, kind: Kind, where: str) -> Scores:
    """Return what was written as scores: labels and presences by their kind, numbers as they are.

    A row of several answers of which the label says nothing says nothing at all.
    """
    if not isinstance(task, Several):
        task = Several((task,))
    scores = numbers.copy()
    for answer, columns in zip(task.answers, task.columns, strict=True):
        if answer.is_label:
            read = read_scores(numbers[:, columns], kind, where=where)
            if read.kind != "probabilities" or read.n_zero:
                warn(f"{where}: {read}")
            scores[:, columns] = read.scores
            scores[np.isnan(read.scores).any(axis=1) & ~np.isnan(numbers).any(axis=1)] = np.nan
    shared = [c for a, c in zip(task.answers, task.columns, strict=True) if a.kind == "presence"]
    if shared:
        places = [column.start for column in shared]
        found = read_presences(numbers[:, places], kind, where=where)
        scores[:, places] = np.where(np.isnan(scores[:, places]), np.nan, found)
    return scores


def _recognised(present: Scores, where: str) -> tuple[Kind, str]:
    is_negative = bool((present < 0).any())
    sums_to_1 = bool(np.abs(present.sum(axis=1) - 1).max(initial=0) <= ROUNDING)
    if not is_negative and sums_to_1:
        return "probabilities", "rows sum to 1"
    if is_negative and sums_to_1:
        return "as is", "rows sum to 1, though some numbers are negative; the largest wins"
    if is_negative:
        return "logits", "some are negative and rows don't sum to 1"
    raise TableError(f"{where}: not negative, but rows don't sum to 1; {SAY_WHICH}")
