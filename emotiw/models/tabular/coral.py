"""Training clips made to vary as the clips of another corpus do, by their covariances alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError

Vectors = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]
FEWEST = 8  # clips whose covariance means anything


def recolouring(source: Vectors, target: Vectors) -> dict[str, Numbers]:
    """Return what gives source vectors the mean and covariance of target vectors.

    Args:
        source: ``(n, dim)`` vectors of the training clips.
        target: ``(m, dim)`` vectors of unlabelled clips of other corpora.

    Returns:
        ``centre`` ``(dim,)``, ``matrix`` ``(dim, dim)`` and ``target`` ``(dim,)``.

    Raises:
        ConfigError: if there are fewer than eight target vectors.

    Source:
        Sun, Feng and Saenko 2016, Return of frustratingly easy domain adaptation, algorithm 1:
        whitened by the source's covariance, coloured by the target's. Differs: correlations are
        shrunk as Ledoit and Wolf 2004 do, in place of adding the identity; means are aligned, too.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> source = rng.normal(size=(500, 2)).astype(np.float32)
        >>> target = (rng.normal(size=(500, 2)) @ [[2, 1], [0, 1]] + 3).astype(np.float32)
        >>> np.cov(recoloured(source, recolouring(source, target)).T).round().tolist()
        [[4.0, 2.0], [2.0, 2.0]]
    """
    if len(target) < FEWEST:
        raise ConfigError(
            f"preparation.align: coral needs unlabelled clips of a corpus that is not trained on, "
            f"at least {FEWEST}; got {len(target)} (data.unlabelled, a split 'unlabelled', or "
            "unlabelled: [test])"
        )
    whitened = _power(source, -0.5) @ _power(target, 0.5)
    means = (each.mean(axis=0, dtype=np.float64) for each in (source, target))
    return dict(zip(("centre", "target"), means, strict=True)) | {"matrix": whitened}


def recoloured(vectors: Vectors, how: Mapping[str, Any]) -> Vectors:
    """Return ``(n, dim)`` source vectors with mean and covariance of the target."""
    moved = (vectors - how["centre"]) @ how["matrix"] + how["target"]
    return np.asarray(moved, dtype=np.float32)


def _power(vectors: Vectors, exponent: float) -> Numbers:
    """Return a power of the vectors' covariance, positive definite by its shrunk correlations."""
    from sklearn.covariance import ledoit_wolf

    wide = vectors.astype(np.float64)
    spread = np.maximum(wide.std(axis=0), 1e-6)
    correlations = ledoit_wolf((wide - wide.mean(axis=0)) / spread)[0]
    variances, axes = np.linalg.eigh(correlations * np.outer(spread, spread))
    return np.asarray((axes * np.maximum(variances, 1e-9) ** exponent) @ axes.T)
