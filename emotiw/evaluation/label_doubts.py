"""Labels that held-out scores speak against: clips that are worth looking at again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from emotiw.evaluation.reliability import Indices, Scores

RULE = (
    "A label is doubted where held-out scores give another label at least as high a score as they "
    "give it, on average, to the clips that carry it."
)


class LabelDoubt(NamedTuple):
    """One clip whose label the scores doubt.

    Attributes:
        row: of the clip.
        given: class index of its label.
        suggested: class index of the label that the scores speak for.
        margin: score of the given label less the highest other one, in [-1, 1]; the most doubted
            have the smallest.
    """

    row: int
    given: int
    suggested: int
    margin: float


def label_doubts(scores: Scores, y_true: Indices) -> list[LabelDoubt]:
    """Return the clips whose labels are likely wrong, the most doubted first.

    A label's threshold is the mean score that it has among the clips that carry it. A clip whose
    highest score above its threshold is that of another label is doubted. A rule for looking, not
    a proof: a weak model doubts right labels too.

    Args:
        scores: ``(n, n_labels)`` held-out probabilities; rows of NaN are skipped.
        y_true: ``(n,)`` class indices of the labels that the clips carry.

    Source:
        Northcutt, Jiang and Chuang 2021, Confident Learning, eq. 1 and 2: the clips off the
        diagonal of the confident joint, ranked by normalised margin (section 3.2).

    Examples:
        >>> scores = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.9, 0.1]])
        >>> label_doubts(scores, np.array([0, 0, 1, 1]))
        [LabelDoubt(row=3, given=1, suggested=0, margin=-0.8)]
    """
    there = np.flatnonzero(~np.isnan(scores).any(axis=1))
    known, labels = scores[there], y_true[there]
    n_labels = scores.shape[1]
    thresholds = np.array(
        [
            known[labels == code, code].mean() if (labels == code).any() else np.inf
            for code in range(n_labels)
        ]
    )
    confident = np.where(known >= thresholds, known, -np.inf)  # (n, n_labels)
    found = []
    for place in np.flatnonzero(np.isfinite(confident).any(axis=1)):
        given, suggested = int(labels[place]), int(confident[place].argmax())
        if suggested != given:
            others = np.delete(known[place], given)
            margin = round(float(known[place, given] - others.max()), 9)
            found.append(LabelDoubt(int(there[place]), given, suggested, margin))
    return sorted(found, key=lambda doubt: (doubt.margin, doubt.row))
