"""How well a face network scores expressions: hits, per-class recall, honesty of its confidence."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import numpy.typing as npt

from emotiw.evaluation.group_sums import confusions
from emotiw.evaluation.reliability import expected_calibration_error
from emotiw.evaluation.single_metrics import ACCURACY, UAR
from emotiw.models.backbone.labelled_faces import LabelledFaces


class FaceFigures(TypedDict):
    """Figures in [0, 1]; ``recall`` by label; ``confusion`` counts, rows are the truth."""

    accuracy: float
    uar: float
    recall: dict[str, float]
    calibration_error: float
    confusion: list[list[int]]


def figures_of(scores: npt.NDArray[np.floating], faces: LabelledFaces) -> FaceFigures:
    """Return the figures of ``(n, n_labels)`` probabilities for labelled faces."""
    labels, targets = faces.labels, faces.targets
    decided = scores.argmax(1)
    everyone = np.zeros(len(targets), dtype=np.intp)
    counts = confusions(targets, decided, everyone, len(labels))[0, :, :-1].astype(int)
    totals = counts.sum(1)
    return {
        "accuracy": ACCURACY.value(targets, decided, len(labels)),
        "uar": UAR.value(targets, decided, len(labels)),
        "recall": {
            label: float(counts[i, i] / totals[i]) for i, label in enumerate(labels) if totals[i]
        },
        "calibration_error": expected_calibration_error(scores.astype(np.float64), targets),
        "confusion": counts.tolist(),
    }
