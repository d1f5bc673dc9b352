"""Clips that a small model can tell apart, of every form that a feature may have."""

from __future__ import annotations

from typing import Any

import numpy as np

from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.task import Classification, Regression, Task
from emotiw.models.model import Examples
from features.frames.people import PLACE

LABELS = ("Positive", "Neutral", "Negative")
TASKS: tuple[Task, ...] = (Classification(LABELS), Regression(("valence",), (0.0, 4.0)))
SEEN = ("score_Happy", "score_Neutral", "score_Angry", "score_Surprise")
SPECS = (
    FeatureSpec("checked", (6,), "clip"),
    FeatureSpec("checked", (6,), "frame"),
    FeatureSpec("checked", (16, 16, 3), "frame", dtype="uint8"),
    FeatureSpec("checked", (len(PLACE) + len(SEEN),), "face", columns=PLACE + SEEN),
)


def small_examples(spec: FeatureSpec, task: Task, n_clips: int = 18, seed: int = 0) -> Examples:
    """Return clips of three labels (or targets 0, 2, 4) by six speakers, who all show all three.

    Sequences have up to 20 rows (4 images, 4 people), some of them not present.
    """
    rng = np.random.default_rng(seed)
    codes = np.arange(n_clips) % 3
    arrays = {f"clip{row:02}": _rows(spec, int(code), rng) for row, code in enumerate(codes)}
    groups = tuple(f"speaker{row // 3 % 6}" for row in range(n_clips))
    targets: Any = codes.astype(np.int64) if task.is_label else 4.0 - 2.0 * codes
    return Examples(FeatureTable(spec, arrays), tuple(arrays), groups, targets)


def _rows(spec: FeatureSpec, code: int, rng: np.random.Generator) -> FeatureArray:
    most = 20 if spec.unit == "frame" and spec.dtype == "float32" else 4
    n = 1 if spec.unit == "clip" else int(rng.integers(1, most + 1))
    if spec.columns is not None and "face_track" in spec.columns:
        return FeatureArray.all_present(_people(spec, code, n, rng))
    if spec.dtype == "uint8":
        values: Any = rng.integers(0, 86, (n, *spec.shape)) + 80 * code
    else:
        values = rng.normal(0, 0.7, (n, *spec.shape))
        values.reshape(n, -1)[:, code % spec.dim] += 2
    present = rng.random(n) < 0.8
    present[0] = True
    values[~present] = 0
    return FeatureArray(values.astype(spec.dtype), present)


def _people(spec: FeatureSpec, code: int, n: int, rng: np.random.Generator) -> Any:
    values = np.zeros((n, spec.dim), dtype=np.float32)
    for person in range(n):
        side, x = rng.uniform(8, 16), 100 * (person + 0.5) / n
        box = (x - side / 2, 50 - side / 2, x + side / 2, 50 + side / 2)
        values[person, : len(PLACE)] = (person, 0, 0, 1, *box, 0.99, 100, 100)
        shown = np.full(spec.dim - len(PLACE), 0.1)
        shown[code % len(shown)] += rng.uniform(0.5, 2)
        values[person, len(PLACE) :] = shown / shown.sum()
    return values
