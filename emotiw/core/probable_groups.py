"""Who probably speaks, or is to be seen, in clips of unknown groups: alike ones taken together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from emotiw.core.errors import ConfigError
from emotiw.core.several import Truth

Numbers = npt.NDArray[np.float64]
MOST_CLIPS = 10_000  # every clip is compared with every other
MOST_FOR_SPREAD = 40  # columns of which it is known in a short clip how they go together
N_DIRECTIONS = 20
MOST_OF_IT = 0.9  # of the variance; the rest is noise, which would count as much
APART = 0.9  # cosine distance: as good as nothing in common
FLOOR = 0.1  # of a variance, in parts of the mean one


def fingerprint(rows: Numbers) -> Numbers:
    """Return one vector of ``(n, dim)`` rows of a clip: their mean, and how columns go together.

    That is the logarithm of the covariance, so that vectors of clips can be compared; it is left
    out where a clip has one row, or more columns than a few seconds can tell of.
    """
    mean = rows.mean(axis=0)
    if len(rows) < 2 or not 1 < rows.shape[1] <= MOST_FOR_SPREAD:
        return np.asarray(mean)
    covariance = np.cov(rows, rowvar=False)
    variances, axes = np.linalg.eigh(covariance)
    logs = np.log(np.maximum(variances, 0) + FLOOR * max(variances.mean(), 1e-12))
    upper = np.triu_indices(len(mean))
    return np.concatenate([mean, ((axes * logs) @ axes.T)[upper]])


def probable_groups(prints: Sequence[Numbers], truth: Sequence[Truth | None]) -> list[int]:
    """Return the number of a probable speaker per clip.

    What a label does to voice and face is taken out first, where labels are known: an angry
    voice resembles other angry ones more than its own calm one.

    Args:
        prints: per feature ``(n, dim)``, a fingerprint of each clip.
        truth: per clip its label or target; None where it is unknown, and for test clips.

    Returns:
        ``(n,)`` numbers from 0, in the order of first appearance.

    Raises:
        ConfigError: if there are too many clips to compare all with all.

    Source:
        Gaussian fingerprints after Bimbot and Mathan 1993, Text-free speaker recognition using an
        arithmetic-harmonic sphericity measure; average linkage.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    if len(truth) > MOST_CLIPS:
        raise ConfigError(
            f"groups can be estimated of {MOST_CLIPS:,} clips at most, these are {len(truth):,}"
        )
    if len(truth) < 2:
        return list(range(len(truth)))
    together = np.hstack([_standardised(each) / np.sqrt(each.shape[1]) for each in prints])
    plain = _whitened(_without_labels(together, truth))
    apart = np.nan_to_num(pdist(plain, "cosine"), nan=1.0)
    found = fcluster(linkage(apart, "average"), APART, "distance")
    order = {number: place for place, number in enumerate(dict.fromkeys(found.tolist()))}
    return [order[number] for number in found.tolist()]


def _standardised(values: Numbers) -> Numbers:
    spread = values.std(axis=0)
    return np.asarray((values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _without_labels(values: Numbers, truth: Sequence[Truth | None]) -> Numbers:
    known = np.array([answer is not None for answer in truth])
    answers = [answer for answer in truth if answer is not None]
    if not answers:
        return values
    if not isinstance(answers[0], float):  # labels, or several answers: each of its own
        names = np.array([str(answer) for answer in answers])
        design = (names[:, None] == np.unique(names)).astype(np.float64)
    else:
        numbers = np.array(answers, dtype=np.float64)
        design = np.column_stack([np.ones_like(numbers), numbers])
    plain = values - values.mean(axis=0)
    effect = np.linalg.lstsq(design, values[known], rcond=None)[0]
    plain[known] = values[known] - design @ effect
    return np.asarray(plain)


def _whitened(values: Numbers) -> Numbers:
    """Return the directions that differ most, each as important as the others, of length 1."""
    directions, sizes, _ = np.linalg.svd(values, full_matrices=False)
    held = np.cumsum(sizes**2) / max(float((sizes**2).sum()), 1e-12)
    n = max(1, min(N_DIRECTIONS, len(values) // 3, int(np.searchsorted(held, MOST_OF_IT)) + 1))
    own = directions[:, :n]
    length = np.linalg.norm(own, axis=1, keepdims=True)
    return np.asarray(own / np.where(length > 0, length, 1.0))
