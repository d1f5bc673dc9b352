"""Where networks looked, clip by clip: how much each feature counted, and which part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from emotiw.core.csv_rows import read_records, rows_as_csv
from emotiw.core.errors import TableError
from emotiw.models.model import Examples, Model

N_STRETCHES = 5  # of a clip, over which attention is told
COLUMNS = ("clip_id", "feature", "share", *(f"fifth_{n + 1}" for n in range(N_STRETCHES)))
CAUTION = (
    "Attention says where a network looked, and is no proof of cause: what it hardly looks at may "
    "decide, and what it looks at may not."
)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Attention:
    """Where a network looked in some clips.

    Attributes:
        shares: ``(n, n_features)``, how much each feature counted; they sum to 1, and those that a
            clip lacks have 0.
        over_time: ``(n, n_features, 5)``: of a feature's attention, the part that lies on each
            fifth of its rows; NaN where it has fewer rows, or people, who have no order.
    """

    shares: Floats
    over_time: Floats


@runtime_checkable
class Looks(Protocol):
    """A model that can tell where it looks."""

    def attention(self, examples: Examples) -> Attention | None:
        """Return where it looks in these clips; None of a kind that doesn't weigh."""


def attention_of(model: Model, examples: Examples) -> Attention | None:
    """Return where a model looks in these clips; None of a model that can't tell."""
    return model.attention(examples) if isinstance(model, Looks) and len(examples) else None


def shares_of(model: Model, examples: Examples) -> tuple[float, ...] | None:
    """Return the shares of the features in the first of these clips, where a model can tell."""
    found = attention_of(model, examples.subset([0]))
    return None if found is None else tuple(found.shares[0].tolist())


def stretched(weights: Floats) -> Floats:
    """Return the sum over each of equal stretches; NaN where there are too few rows for them.

    Examples:
        >>> stretched(np.array([0.1, 0.1, 0.2, 0.2, 0.2, 0.2])).tolist()
        [0.2, 0.2, 0.2, 0.2, 0.2]
    """
    if len(weights) < N_STRETCHES:
        return np.full(N_STRETCHES, np.nan)
    of_row = np.arange(len(weights)) * N_STRETCHES // len(weights)
    return np.asarray(np.bincount(of_row, weights, N_STRETCHES), dtype=np.float64)


def as_csv_file(features: Sequence[str], found: Mapping[str, tuple[Floats, Floats]]) -> bytes:
    """Return a table with a row per clip and feature, from the shares and times of each clip."""
    rows: list[Sequence[object]] = [COLUMNS]
    for clip_id in sorted(found):
        for name, share, times in zip(features, *found[clip_id], strict=True):
            told = ["" if np.isnan(part) else f"{part:.4f}" for part in times]
            rows.append([clip_id, name, f"{share:.4f}", *told])
    return rows_as_csv(rows)


def read_attention(path: Path) -> list[tuple[str, str, Floats]]:
    """Return clip, feature, and share with times ``(6,)``, as :func:`as_csv_file` wrote them.

    Raises:
        TableError: if it is no such table.
    """

    def read(row: Mapping[str, str]) -> tuple[str, str, Floats]:
        values = [float(row[name] or "nan") for name in COLUMNS[2:]]
        return row["clip_id"], row["feature"], np.array(values)

    return list(read_records(path, COLUMNS, read, TableError))
