"""Statistics over the rows of a clip, for models that read one vector per clip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec
from emotiw.models.model import Examples

STATISTICS = ("mean", "std", "min", "max")
N_SEGMENTS = 10
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
Rows = npt.NDArray[np.float64]


def segment_means(rows: Rows, n: int = N_SEGMENTS) -> Rows:
    """Return the means of ``n`` equal stretches of a clip, ``(n, dim)``; short ones share rows.

    Examples:
        >>> segment_means(np.array([[0.0], [2.0], [4.0], [6.0]]), 2).tolist()
        [[1.0], [5.0]]
        >>> segment_means(np.array([[3.0]]), 2).tolist()
        [[3.0], [3.0]]
    """
    edges = np.linspace(0, len(rows), n + 1)
    starts = np.floor(edges[:-1]).astype(int)
    ends = np.maximum(np.ceil(edges[1:]).astype(int), starts + 1)
    return np.array([rows[a:b].mean(axis=0) for a, b in zip(starts, ends, strict=True)])


def slope(rows: Rows) -> Rows:
    """Return how much the straight line through the rows rises from the first to the last.

    Examples:
        >>> slope(np.array([[0.0, 5.0], [1.0, 5.0], [2.0, 5.0]])).tolist()
        [2.0, 0.0]
        >>> slope(np.array([[3.0]])).tolist()
        [0.0]
    """
    if len(rows) < 2:
        return np.zeros(rows.shape[1])
    time = np.linspace(-0.5, 0.5, len(rows))
    return np.asarray(time @ rows / (time @ time))


def change(rows: Rows) -> Rows:
    """Return the mean distance from a row to the next.

    Examples:
        >>> change(np.array([[0.0], [2.0], [1.0]])).tolist()
        [1.5]
        >>> change(np.array([[3.0]])).tolist()
        [0.0]
    """
    if len(rows) < 2:
        return np.zeros(rows.shape[1])
    return np.asarray(np.abs(np.diff(rows, axis=0)).mean(axis=0))


POOLINGS: Mapping[str, Callable[[Rows], Rows]] = {
    "mean": lambda rows: rows.mean(axis=0),
    "std": lambda rows: rows.std(axis=0),
    "min": lambda rows: rows.min(axis=0),
    "max": lambda rows: rows.max(axis=0),
    "quantiles": lambda rows: np.quantile(rows, QUANTILES, axis=0).ravel(),
    "slope": slope,
    "change": change,
    "segments": lambda rows: segment_means(rows).ravel(),
}


def pool(array: FeatureArray, statistics: Sequence[str] = STATISTICS) -> npt.NDArray[np.float32]:
    """Return statistics of the rows that are present, by default the four oldest.

    Args:
        array: ``(n, dim)`` rows, at least one of them present.
        statistics: names of :data:`POOLINGS`.

    Returns:
        ``(n_statistics * dim,)`` float32: all means first, then all standard deviations (of the
        population: 0 for a single row), and so on; quantiles count five times, segments ten.

    Examples:
        >>> rows = np.array([[1, 5], [3, 5], [99, 99]], dtype=np.float32)
        >>> pool(FeatureArray(rows, np.array([True, True, False]))).tolist()
        [2.0, 5.0, 1.0, 0.0, 1.0, 5.0, 3.0, 5.0]
    """
    rows = array.values[array.present].astype(np.float64)
    return np.concatenate([POOLINGS[name](rows) for name in statistics]).astype(np.float32)


def pooled_matrix(
    examples: Examples, statistics: Sequence[str] = STATISTICS
) -> npt.NDArray[np.float32]:
    """Return one vector per clip: its row where a clip has one by nature, else pooled rows.

    Returns:
        ``(n, dim)`` for features of whole clips, ``(n, n_statistics * dim)`` for those of frames
        and snippets.

    Raises:
        ConfigError: if a row is an image and not a vector.
    """
    require_vectors(examples.table.spec)
    if examples.table.spec.unit == "clip":
        vectors = [array.values[array.present][0] for array in examples.arrays()]
    else:
        vectors = [pool(array, statistics) for array in examples.arrays()]
    return np.array(vectors, dtype=np.float32)


@dataclass(frozen=True)
class Copies:
    """Altered copies of clips, to learn from.

    Attributes:
        vectors: ``(n_copies, dim)``.
        owners: ``(n_copies,)``: the row of the clip that each was made from.
        groups: per copy, the group of its clip and which copy it is: a voice raised by a semitone
            is a speaker of its own, where vectors are standardised per speaker.
    """

    vectors: npt.NDArray[np.float32]
    owners: npt.NDArray[np.intp]
    groups: tuple[str, ...]

    def of(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Return which of the copies were made from clips at these rows."""
        return np.flatnonzero(np.isin(self.owners, rows))


def copies_in(examples: Examples) -> Copies:
    """Return the rows after the first of features of whole clips: copies made for training."""
    vectors, owners, groups = [], [], []
    if examples.table.spec.unit == "clip":
        for row, array in enumerate(examples.arrays()):
            for number in np.flatnonzero(array.present)[1:]:
                vectors.append(array.values[number])
                owners.append(row)
                groups.append(f"{examples.groups[row]} copy {number}")
    shape = (len(vectors), examples.table.spec.dim)
    return Copies(
        np.array(vectors, dtype=np.float32).reshape(shape),
        np.array(owners, dtype=np.intp),
        tuple(groups),
    )


def require_vectors(spec: FeatureSpec) -> None:
    """Raise ConfigError unless the rows of this feature are vectors of numbers."""
    if len(spec.shape) != 1:
        raise ConfigError(
            f"feature {spec.name!r} has rows of shape {spec.shape}; this model reads vectors"
        )
    if spec.unit == "character":
        raise ConfigError(
            f"feature {spec.name!r} is text; this model reads vectors: take model: text_logistic, "
            "or an extractor that makes vectors of it: word_list, sentence_encoder"
        )
    if spec.unit == "face":
        raise ConfigError(
            f"feature {spec.name!r} has one row per face; this model reads one vector per clip: "
            "put it inside a group model, {model: group, learner: …}"
        )
