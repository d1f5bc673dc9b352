"""Folds of cross-fitting: whole groups, alike in labels, whatever the clips are called."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emotiw.core.cohort import Cohort
from emotiw.core.errors import Problems, TableError
from fusion.training_rows import TrainingRows

FoldCodes = npt.NDArray[np.intp]


def deal_groups(
    group_codes: npt.NDArray[np.intp], n_folds: int, classes: npt.NDArray[np.intp] | None = None
) -> FoldCodes:
    """Deal the groups out to folds, so that sizes and labels are about the same in each.

    Groups are sorted by their commonest label, then by size, then by number, and dealt
    out in turn, back and forth. Where the numbers follow from what rows hold, as those of
    :class:`~fusion.training_rows.TrainingRows` do, names have no influence.

    Args:
        group_codes: ``(n,)`` group of each row as a number.
        n_folds: at most; there are never more folds than groups.
        classes: ``(n,)`` class indices, or None in regression.

    Returns:
        ``(n,)`` fold per row.

    Raises:
        TableError: if there are fewer than two groups.

    Examples:
        >>> deal_groups(np.array([0, 0, 1, 2, 3]), 2).tolist()
        [0, 0, 1, 1, 0]
    """
    held, dense = np.unique(group_codes, return_inverse=True)
    if len(held) < 2:
        raise TableError("cross-fitting needs clips of at least two groups, got one")
    n_folds = min(n_folds, len(held))
    sizes = np.bincount(dense)
    commonest = np.zeros(len(held), dtype=np.intp)
    if classes is not None:
        counts = np.zeros((len(held), int(classes.max()) + 1))
        np.add.at(counts, (dense, classes), 1)
        commonest = counts.argmax(axis=1)
    dealt = np.lexsort((np.arange(len(held)), -sizes, commonest))
    turn = np.arange(len(dealt)) % (2 * n_folds)
    fold_of_group = np.zeros(len(held), dtype=np.intp)
    fold_of_group[dealt] = np.where(turn < n_folds, turn, 2 * n_folds - 1 - turn)
    return fold_of_group[dense]


def cross_fit_folds(rows: TrainingRows, cohort: Cohort, n_folds: int) -> FoldCodes:
    """Return the fold of every row: that of the cohort, or folds dealt out by group.

    Where only some clips have a fold (training clips, say, and not those of
    validation), the groups of the others are dealt out to as many folds.

    Raises:
        TableError: if the cohort's folds tear a group apart, or there are fewer than two folds.
    """
    fold_of = cohort.folds
    known = np.array([clip_id in fold_of for clip_id in rows.clip_ids], dtype=bool)
    classes = rows.classes
    if not known.any():
        return deal_groups(rows.groups, n_folds, classes)
    problems = Problems("folds of the cohort")
    folds = np.array([fold_of.get(clip_id, -1) for clip_id in rows.clip_ids], dtype=np.intp)
    fold_of_group: dict[int, int] = {}
    for row in np.flatnonzero(known):
        first = fold_of_group.setdefault(int(rows.groups[row]), int(folds[row]))
        if first != folds[row]:
            name = rows.group_names[rows.groups[row]]
            problems.add(f"group {name!r} is in folds {first} and {folds[row]}")
    problems.raise_if_any(TableError)
    for row in np.flatnonzero(~known):
        folds[row] = fold_of_group.get(int(rows.groups[row]), -1)
    numbers = np.unique(folds[known])
    if len(numbers) < 2:
        raise TableError(f"cross-fitting needs at least two folds, got only fold {numbers[0]}")
    free = folds < 0
    if free.any():
        rest = rows.groups[free]
        if len(np.unique(rest)) > 1:
            theirs = None if classes is None else classes[free]
            folds[free] = numbers[deal_groups(rest, len(numbers), theirs)]
        else:
            folds[free] = numbers[0]
    return folds
