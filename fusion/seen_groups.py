"""What the rows of a fused table have seen, so that a later fit can refuse them as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from emotiw.core.score_table import Fold, Groups, ScoreTable
from fusion.aligned import AlignedScores
from fusion.cross_fit_folds import FoldCodes
from fusion.training_rows import TrainingRows

ABSENT = "absent"


def fused_folds(
    tables: Mapping[str, ScoreTable],
    aligned: AlignedScores,
    fuser_fold: Sequence[Fold],
    fuser_seen: Mapping[Fold, Groups],
) -> tuple[tuple[Fold, ...], dict[Fold, Groups]]:
    """Return the fold of every fused row, and the groups that each fold's models have seen.

    A fused row comes from one fusion and, per modality, one model. Rows with the same combination
    share a fold, whose groups are those that the fusion or any of the models was fitted on. The
    number is the fusion's own fold where that is unambiguous; else combinations are numbered.

    Args:
        tables: the modalities' scores.
        aligned: the same, side by side.
        fuser_fold: per aligned clip, the fold of the fusion that scored it; None for the final one.
        fuser_seen: per fold of the fusion, the groups it was fitted on.

    Returns:
        Per clip the fold, and per fold the groups; no entry where a model's training is unknown.
    """
    index = pd.Index(aligned.clip_ids, dtype=object)
    columns, meanings = [], []
    for name in (name for name in aligned.names if name in tables):
        table = tables[name]
        kinds: list[Fold | str] = [ABSENT, *dict.fromkeys(table.fold)]
        code_of = {fold: code for code, fold in enumerate(kinds)}
        codes = np.zeros(len(aligned.clip_ids), dtype=np.intp)
        rows = index.get_indexer(pd.Index(table.clip_ids, dtype=object))
        codes[rows] = [code_of[fold] for fold in table.fold]
        codes[rows[~table.present]] = 0
        columns.append(codes)
        meanings.append((table, kinds))
    fuser_kinds = list(dict.fromkeys(fuser_fold))
    fuser_code = {fold: code for code, fold in enumerate(fuser_kinds)}
    columns.append(np.array([fuser_code[fold] for fold in fuser_fold], dtype=np.intp))

    combinations, which = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
    keys, known = [], []
    for combination in combinations:
        fold = fuser_kinds[combination[-1]]
        seen: set[str] | None = set(fuser_seen[fold])
        bases: list[Fold | str] = []
        for code, (table, kinds) in zip(combination[:-1], meanings, strict=True):
            bases.append(kinds[code])
            if kinds[code] == ABSENT:
                continue
            if kinds[code] not in table.seen_groups:
                seen = None
            elif seen is not None:
                seen |= table.seen_groups[kinds[code]]
        keys.append((fold, tuple(bases)))
        known.append(None if seen is None else frozenset(seen))
    numbers = _numbers(keys)
    folds = tuple(numbers[position] for position in which.ravel())
    seen_groups = {
        n: groups for n, groups in zip(numbers, known, strict=True) if groups is not None
    }
    return folds, seen_groups


def _numbers(keys: Sequence[tuple[Fold, tuple[Fold | str, ...]]]) -> list[Fold]:
    """Number the combinations; None is that of final models alone, if there is just one."""
    folds = [fold for fold, _ in keys]
    if len(set(folds)) == len(folds):
        return folds
    final = [fold is None and all(base in (None, ABSENT) for base in bases) for fold, bases in keys]
    order = sorted(range(len(keys)), key=lambda position: str(keys[position]))
    numbers: list[Fold] = [None] * len(keys)
    for number, position in enumerate(p for p in order if not (final[p] and sum(final) == 1)):
        numbers[position] = number
    return numbers


def seen_by_others(
    tables: Mapping[str, ScoreTable], rows: TrainingRows, fold_of_row: FoldCodes
) -> bool:
    """Tell whether a model behind some fold's training rows has seen a group held out in it."""
    fold_of_clip = dict(zip(rows.clip_ids, fold_of_row.tolist(), strict=True))
    held_out: dict[int, set[str]] = {}
    for group, fold in zip(rows.groups.tolist(), fold_of_row.tolist(), strict=True):
        held_out.setdefault(fold, set()).add(rows.group_names[group])
    for table in tables.values():
        pairs = {
            (model, fold_of_clip[clip_id])
            for clip_id, model, there in zip(table.clip_ids, table.fold, table.present, strict=True)
            if there and clip_id in fold_of_clip
        }
        for model, own in pairs:
            if any(table.seen_groups[model] & held_out[fold] for fold in held_out if fold != own):
                return True
    return False
