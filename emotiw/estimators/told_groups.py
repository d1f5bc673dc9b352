"""Whose samples are whose, as far as that was said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from sklearn.utils.validation import check_consistent_length


def told_groups(groups: Iterable[Any] | None, own: Sequence[str]) -> tuple[str, ...]:
    """Return the group of each sample; its own name, one each, where nobody knows it.

    Raises:
        ValueError: if there are not as many.

    Examples:
        >>> told_groups([7, None, float("nan")], "abc"), told_groups(None, "ab")
        (('7', 'b', 'c'), ('a', 'b'))
    """
    if groups is None:
        return tuple(own)
    told = list(groups)
    check_consistent_length(own, told)
    unknown = pd.Series(told, dtype=object).isna()
    each = zip(told, unknown, own, strict=True)
    return tuple(mine if is_unknown else str(one) for one, is_unknown, mine in each)
