"""A small corpus whose features are made up, so that a run of it takes a second."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import yaml

from tests.in_process import IN_PROCESS

LABELS = ("Angry", "Happy", "Sad")
CHALLENGE = {
    "name": "small",
    "title": "Small",
    "year": 2026,
    "unit": "clip",
    "task": "classification",
    "labels": list(LABELS),
    "metric": "uar",
    "layout": {
        "reader": "class_folders",
        "options": {"splits": {"train": ["Train"], "val": ["Val"]}},
    },
    "submission": {"format": "text_files"},
    "sources": [{"says": "made up", "where": "", "certainty": "assumed"}],
}


def make_small(
    folder: Path,
    strengths: Mapping[str, float],
    *,
    n_train: int = 60,
    n_val: int = 60,
    seed: int = 0,
    **recipe: object,
) -> Path:
    """Write clips, features and a recipe with one model per modality; return the recipe.

    Args:
        strengths: per modality, how far the labels are apart in it, in standard deviations.
    """
    rng = np.random.default_rng(seed)
    truth = {}
    for split, n in (("Train", n_train), ("Val", n_val)):
        for number in range(n):
            label = LABELS[number % len(LABELS)]
            path = folder / "clips" / split / label / f"{split.lower()}{number:03}.avi"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(rng.bytes(16))
            truth[path.stem] = LABELS.index(label)
    clip_ids = list(truth)
    codes = np.array(list(truth.values()))
    for name, strength in strengths.items():
        rows = rng.normal(size=(len(codes), 4)).astype(np.float32)
        rows[np.arange(len(codes)), codes] += strength
        np.savez(folder / "clips" / f"{name}.npz", **dict(zip(clip_ids, rows, strict=True)))
    (folder / "small.yaml").write_text(yaml.safe_dump(CHALLENGE))
    settings = {
        "challenge": str(folder / "small.yaml"),
        "data": {"root": str(folder / "clips")},
        "paths": {"runs": str(folder / "runs")},
        "execution": IN_PROCESS,
        "features": {n: {"extractor": "imported", "path": f"{n}.npz"} for n in strengths},
        "models": {n: {"model": "logistic", "features": n} for n in strengths},
        "folds": {"n_folds": 2},
        **recipe,
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(settings, sort_keys=False))
    return path
