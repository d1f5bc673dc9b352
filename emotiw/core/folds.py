"""Which clips are held out together."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from emotiw.core.errors import ConfigError, LeakageError, Problems
from emotiw.core.several import Truth

Scheme = Literal["auto", "manifest", "grouped", "leave_one_group_out"]


def assign_folds(
    group_of: Mapping[str, str],
    target_of: Mapping[str, Truth],
    *,
    published: Mapping[str, int] | None = None,
    scheme: Scheme = "auto",
    n_folds: int = 5,
    seed: int = 0,
) -> dict[str, int]:
    """Return the fold that holds each clip out; a group is never in two folds.

    Args:
        group_of: the group of every clip, in an order that does not depend on clip names.
        target_of: label, target or answers of the same clips; labels, also those among several
            answers, are spread evenly over the folds.
        published: folds from the manifest, needed for ``manifest`` and preferred by ``auto``.
        scheme: where folds come from; ``grouped`` is a stratified k-fold over groups.
        n_folds: for ``grouped``.
        seed: for ``grouped``: which of the equally good splits to take.

    Raises:
        ConfigError: if there are fewer groups than folds, fewer than two folds, or no published
            folds to take.
        LeakageError: if a published protocol puts one group into two folds.

    Examples:
        >>> assign_folds({"a": "x", "b": "x", "c": "y", "d": "y"},
        ...              {"a": "Sad", "b": "Happy", "c": "Sad", "d": "Happy"}, n_folds=2)
        {'a': 0, 'b': 0, 'c': 1, 'd': 1}
    """
    has_published = published is not None and all(clip_id in published for clip_id in group_of)
    if scheme == "manifest" or (scheme == "auto" and has_published):
        if published is None or not has_published:
            raise ConfigError("folds: the manifest does not say the fold of every training clip")
        folds = {clip_id: published[clip_id] for clip_id in group_of}
        _require_whole_groups(folds, group_of)
        return folds
    names = sorted(set(group_of.values()), key=lambda n: hashlib.sha256(n.encode()).digest())
    if scheme == "leave_one_group_out":
        if len(names) < 2:
            raise ConfigError("folds: leave_one_group_out needs at least two groups")
        number = {group: fold for fold, group in enumerate(names)}
        return {clip_id: number[group] for clip_id, group in group_of.items()}
    if n_folds < 2:
        raise ConfigError(f"folds: n_folds must be at least 2, got {n_folds}")
    if len(names) < n_folds:
        fewer = f"say folds: {{n_folds: {len(names)}}}, or " if len(names) > 1 else ""
        raise ConfigError(
            f"folds: {n_folds} folds asked for, but there are {len(names)} groups: "
            f"{fewer}mark validation clips and say folds: {{n_folds: 0}}"
        )
    return _stratified(group_of, target_of, names, n_folds, seed)


def _stratified(
    group_of: Mapping[str, str],
    target_of: Mapping[str, Truth],
    names: Sequence[str],
    n_folds: int,
    seed: int,
) -> dict[str, int]:
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    clip_ids = list(group_of)
    number = {group: code for code, group in enumerate(names)}
    codes = [number[group_of[clip_id]] for clip_id in clip_ids]
    y = [_label_of(target_of[clip_id]) for clip_id in clip_ids]
    is_label = None not in y
    rarest = min(Counter(y).values()) if is_label else 0
    if is_label and rarest >= n_folds:
        splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    else:
        splitter = GroupKFold(n_folds, shuffle=True, random_state=seed)
    folds: dict[str, int] = {}
    for fold, (_, held_out) in enumerate(
        splitter.split(clip_ids, [str(each) for each in y], codes)
    ):
        folds.update({clip_ids[row]: fold for row in held_out})
    order = {fold: n for n, fold in enumerate(dict.fromkeys(folds[c] for c in clip_ids))}
    return {clip_id: order[folds[clip_id]] for clip_id in clip_ids}


def _label_of(truth: Truth) -> str | None:
    """Return the label, or that among several answers."""
    told = truth if isinstance(truth, tuple) else (truth,)
    return next((answer for answer in told if isinstance(answer, str)), None)


def _require_whole_groups(fold_of: Mapping[str, int], group_of: Mapping[str, str]) -> None:
    fold_of_group: dict[str, int] = {}
    problems = Problems("published folds")
    for clip_id, fold in fold_of.items():
        first = fold_of_group.setdefault(group_of[clip_id], fold)
        if first != fold:
            problems.add(
                f"group {group_of[clip_id]!r} is in fold {first} and, by {clip_id!r}, {fold}"
            )
    problems.raise_if_any(LeakageError)
