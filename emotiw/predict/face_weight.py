"""How much a face in a frame counts: small, blurred and turned ones say little."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emotiw.core.face_tracks import FaceTracks

Weights = npt.NDArray[np.float64]
Scores = npt.NDArray[np.float64]
SIZE_PX = (12.0, 48.0)  # of the box: nothing is to be seen below, all above
SHARPNESS = (1.0, 40.0)  # variance of the crop's Laplacian, likewise
TURN = (1.0, 0.4)  # 0 from the front, 1 in profile
LEAST = 0.02
ENOUGH_SEC = 0.5  # whoever is seen for less counts in proportion


def face_weights(tracks: FaceTracks) -> Weights:
    """Return ``(n,)`` in (0, 1]: of size, sharpness, pose and the detector's confidence.

    Faces whose quality nobody measured count in full.
    """
    size, sharpness, turn = tracks.quality.astype(np.float64).T
    said = _ramp(size, *SIZE_PX) * np.sqrt(_ramp(sharpness, *SHARPNESS)) * _ramp(turn, *TURN)
    weights = np.where(size > 0, said * tracks.confidence, 1.0)
    return np.asarray(weights.clip(LEAST, 1))


def mean_of_person(scores: Scores, weights: Weights) -> tuple[Scores, float]:
    """Return one person's mean over frames by weight, and how far it can be trusted, in (0, 1].

    Args:
        scores: ``(n, n_labels)``, n > 0.
        weights: ``(n,)`` as :func:`face_weights` gives them.

    Examples:
        >>> mean, trust = mean_of_person(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1.0, 0.25]))
        >>> print(mean, round(trust, 3))
        [0.8 0.2] 0.85
    """
    mean = np.average(scores, axis=0, weights=weights)
    return np.asarray(mean), float(np.average(weights, weights=weights))


def mean_of_people(means: Scores, trusts: Weights, seen_sec: Weights) -> Scores:
    """Return the mean over people, by trust; whoever is seen for under 0.5 s counts in proportion.

    Args:
        means: ``(n_people, n_labels)``.
        trusts: ``(n_people,)``.
        seen_sec: ``(n_people,)``; infinite in a photograph.
    """
    counts = trusts * np.minimum(seen_sec / ENOUGH_SEC, 1.0)
    return np.asarray(np.average(means, axis=0, weights=counts))


def _ramp(values: Weights, nothing: float, everything: float) -> Weights:
    return np.asarray(((values - nothing) / (everything - nothing)).clip(0, 1))
