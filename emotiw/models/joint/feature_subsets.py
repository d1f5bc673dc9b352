"""What one trained model makes of its clips when only some of their features are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np

from emotiw.core.errors import ConfigError
from emotiw.core.joined_features import JoinedTable
from emotiw.core.score_table import Fold, ScoreTable
from emotiw.models.model import Model
from emotiw.models.out_of_fold import OutOfFold

Subset = tuple[str, ...]


def subset_tables(work: OutOfFold, models: Mapping[Fold, Model]) -> dict[Subset, ScoreTable]:
    """Return held-out scores by each subset of the features, nothing being fitted anew.

    A clip that has none of a subset's features has no scores there.

    Args:
        work: the fits, over several features.
        models: by fold, what was fitted.

    Returns:
        By the names of the features, the smallest subsets first, all of them last.

    Raises:
        ConfigError: if there is one feature alone.
    """
    table = work.table
    if not isinstance(table, JoinedTable):
        raise ConfigError(f"{table.spec.name!r} is one feature; it has no subsets")
    names = [own.spec.name for own in table.tables]
    fits = [(fit, work.examples(fit.scored, with_targets=False)) for fit in work.fits()]
    found = {}
    for size in range(1, len(names) + 1):
        for some in combinations(names, size):
            less = table.only(some)
            scores = {}
            for fit, examples in fits:
                rows = np.full((len(fit.scored), len(work.task.labels)), np.nan)
                has = np.array([clip_id in less for clip_id in fit.scored], dtype=bool)
                if has.any():
                    own = replace(examples.subset(np.flatnonzero(has)), table=less)
                    rows[has] = models[fit.fold].predict(own)
                scores[fit.fold] = rows
            found[some] = work.table_of("+".join(some), scores)
    return found
