"""Statistics over the rows of a clip, for models that read one vector per clip."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec
from emotiw.models.interface import Examples

STATISTICS = ("mean", "std", "min", "max")


def pool(array: FeatureArray) -> npt.NDArray[np.float32]:
    """Return mean, standard deviation, minimum and maximum of the rows that are present.

    Args:
        array: ``(n, dim)`` rows, at least one of them present.

    Returns:
        ``(4 * dim,)`` float32: all means first, then all standard deviations (of the population:
        0 for a single row), minima, maxima.

    Examples:
        >>> rows = np.array([[1, 5], [3, 5], [99, 99]], dtype=np.float32)
        >>> pool(FeatureArray(rows, np.array([True, True, False]))).tolist()
        [2.0, 5.0, 1.0, 0.0, 1.0, 5.0, 3.0, 5.0]
    """
    rows = array.values[array.present].astype(np.float64)
    statistics = [rows.mean(axis=0), rows.std(axis=0), rows.min(axis=0), rows.max(axis=0)]
    return np.concatenate(statistics).astype(np.float32)


def pooled_matrix(examples: Examples) -> npt.NDArray[np.float32]:
    """Return one vector per clip: its row where a clip has one by nature, else pooled rows.

    Returns:
        ``(n, dim)`` for features of whole clips, ``(n, 4 * dim)`` for those of frames and snippets.

    Raises:
        ConfigError: if a row is a picture and not a vector.
    """
    require_vectors(examples.table.spec)
    if examples.table.spec.unit == "clip":
        vectors = [array.values[array.present][0] for array in examples.arrays()]
    else:
        vectors = [pool(array) for array in examples.arrays()]
    return np.array(vectors, dtype=np.float32)


def require_vectors(spec: FeatureSpec) -> None:
    """Raise ConfigError unless the rows of this feature are vectors of numbers."""
    if len(spec.shape) != 1:
        raise ConfigError(
            f"feature {spec.name!r} has rows of shape {spec.shape}; this model reads vectors"
        )
