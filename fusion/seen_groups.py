"""What the rows of a fused table have seen, so that a later fit can refuse them as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from emotiw.core.score_table import Fold, Groups, ScoreTable
from fusion.aligned import AlignedScores
from fusion.cross_fit_folds import FoldCodes
from fusion.training_rows import TrainingRows

ABSENT = "absent"
Combination = tuple[Fold, tuple[Fold | str, ...]]  # of a fusion, and a model per modality


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
    known = [tables[name] for name in aligned.names if name in tables]
    models = [_model_of(table, aligned.clip_ids) for table in known]
    combinations: list[Combination] = list(zip(fuser_fold, zip(*models, strict=True), strict=True))
    distinct = list(dict.fromkeys(combinations))
    number_of = dict(zip(distinct, _numbers(distinct), strict=True))
    seen_groups: dict[Fold, Groups] = {}
    for fold, bases in distinct:
        used = [(t, b) for t, b in zip(known, bases, strict=True) if not isinstance(b, str)]
        if all(base in table.seen_groups for table, base in used):
            seen = (table.seen_groups[base] for table, base in used)
            seen_groups[number_of[fold, bases]] = fuser_seen[fold].union(*seen)
    return tuple(number_of[combination] for combination in combinations), seen_groups


def _model_of(table: ScoreTable, clip_ids: Sequence[str]) -> list[Fold | str]:
    """Return the fold of the model that gave each clip's scores; ABSENT where there are none."""
    rows = table.rows_of(clip_ids)
    is_there = np.append(table.present, False)[rows]
    folds = np.array([*table.fold, ABSENT], dtype=object)
    return list(folds[np.where(is_there, rows, -1)])


def _numbers(keys: Sequence[Combination]) -> list[Fold]:
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
    held_out: dict[int, set[str]] = {}
    for group, fold in zip(rows.groups.tolist(), fold_of_row.tolist(), strict=True):
        held_out.setdefault(fold, set()).add(rows.group_names[group])
    for table in tables.values():
        models = _model_of(table, rows.clip_ids)
        for model, own in set(zip(models, fold_of_row.tolist(), strict=True)):
            if isinstance(model, str):
                continue
            if any(table.seen_groups[model] & held_out[fold] for fold in held_out if fold != own):
                return True
    return False
