"""The part of the training groups by which a network knows its best epoch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emotiw.core.folds import assign_folds
from emotiw.models.model import Examples

Rows = npt.NDArray[np.intp]


def split_inner(
    examples: Examples, share: float, *, seed: int, fold: int = 0
) -> tuple[Rows, Rows | None]:
    """Return the rows to learn from and those to judge epochs by; no group is in both.

    Labels are spread evenly where the groups allow it. There is no inner part, None, where
    ``share`` is 0 or all examples belong to one group.

    Args:
        share: of the groups, about: one of ``round(1 / share)`` folds, at least one group.
        seed: which of the equally good splits to take.
        fold: which of the folds it is, counted round and round.
    """
    everything = np.arange(len(examples))
    n_groups = len(set(examples.groups))
    if share == 0 or n_groups < 2:
        return everything, None
    assert examples.targets is not None
    keys = [str(row) for row in everything]
    targets: dict[str, str | float] = dict.fromkeys(keys, 0.0)
    if np.issubdtype(examples.targets.dtype, np.integer):  # one label each; the rest isn't spread
        targets = dict(zip(keys, map(str, examples.targets.tolist()), strict=True))
    n_folds = min(round(1 / share), n_groups)
    folds = assign_folds(
        dict(zip(keys, examples.groups, strict=True)),
        targets,
        scheme="grouped",
        n_folds=n_folds,
        seed=seed,
    )
    is_inner = np.array([folds[key] == fold % n_folds for key in keys])
    return np.flatnonzero(~is_inner), np.flatnonzero(is_inner)
