"""How well a face network scores expressions: hits, per-class recall, honesty of its confidence."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import numpy.typing as npt

from emotiw.evaluation.metrics import accuracy, confusion_matrix, uar
from emotiw.models.backbone.labelled_faces import LabelledFaces


class FaceFigures(TypedDict):
    """Figures in [0, 1]; ``recall`` by label; ``confusion`` counts, rows are the truth."""

    accuracy: float
    uar: float
    recall: dict[str, float]
    calibration_error: float
    confusion: list[list[int]]


def figures_of(scores: npt.NDArray[np.floating], faces: LabelledFaces) -> FaceFigures:
    """Return the metrics of ``(n, n_labels)`` probabilities for labelled faces."""
    labels = faces.labels
    truth = [labels[answer] for answer in faces.answers]
    prediction = [labels[best] for best in scores.argmax(1)]
    counts = confusion_matrix(truth, prediction, labels)
    totals = counts.sum(1)
    return {
        "accuracy": accuracy(truth, prediction),
        "uar": uar(truth, prediction),
        "recall": {
            label: float(counts[i, i] / totals[i]) for i, label in enumerate(labels) if totals[i]
        },
        "calibration_error": calibration_error(scores, faces.answers),
        "confusion": counts.tolist(),
    }


def calibration_error(
    scores: npt.NDArray[np.floating], answers: npt.NDArray[np.int64], *, n_bins: int = 15
) -> float:
    """Return the expected calibration error of the top score, in [0, 1]; 0 is honest.

    Source:
        Guo et al. 2017, equation 3: bins of equal width, weighted by how many fall into them.

    Examples:
        >>> sure = np.array([[0.8, 0.2]] * 5)
        >>> round(calibration_error(sure, np.array([0, 0, 0, 0, 1])), 6)
        0.0
        >>> round(calibration_error(sure, np.array([0, 0, 1, 1, 1])), 6)
        0.4
    """
    confidence, is_right = scores.max(1), scores.argmax(1) == answers
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = [
        abs(float(is_right[bins == b].mean() - confidence[bins == b].mean())) * np.mean(bins == b)
        for b in np.unique(bins)
    ]
    return float(sum(gaps))
