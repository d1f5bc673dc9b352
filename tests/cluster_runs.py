"""A run of short recordings, and what of its results has to be the same wherever it was done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from docs.given import record
from emotiw.core.files import sha256_of
from emotiw.runs.run import Run, open_run

VOICES = ("Angry", "Happy", "Sad")
SETS = {"egemaps": "eGeMAPSv02", "compare": "ComParE_2016"}


def make_recordings(folder: Path, n: int, features: Sequence[str] = tuple(SETS)) -> None:
    """Write that many recordings below ``data``, and a recipe of these features beside it."""
    for number in range(n):
        label = VOICES[number % len(VOICES)]
        record(folder / "data" / label / f"{number:05}.wav", label, (7, number))
    challenge = {
        "name": "voices",
        "title": "Voices",
        "year": 2026,
        "unit": "clip",
        "task": "classification",
        "labels": list(VOICES),
        "layout": {"reader": "folder"},
        "metric": "accuracy",
        "submission": {"format": "text_files"},
        "sources": [],
    }
    (folder / "voices.yaml").write_text(yaml.safe_dump(challenge))
    recipe = {
        "challenge": "voices.yaml",
        "data": {"root": "data"},
        "features": {
            name: {"extractor": "opensmile", "feature_set": SETS[name]} for name in features
        },
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))


def results_of(run: Run) -> dict[str, object]:
    """Return what a run has made: tables, the ledger but for its seconds, and packs."""
    files = [*run.folder.glob("*.csv"), *run.folder.glob("features/*")]
    packs = run.store.root.glob("*/packs/*")
    found: dict[str, object] = {
        path.name: sha256_of(path) for path in (*files, *packs) if path != run.ledger_path
    }
    rows = run.ledger().rows()
    found["ledger"] = [
        (r.clip_id, r.stage, r.status, r.reason, dict(r.quality))
        for r in sorted(rows, key=lambda r: (r.stage, r.clip_id))
    ]
    return found


def opened(where: str, *settings: str) -> Run:
    """Open the run of the recipe here, with a folder and a store of its own."""
    paths = f"paths={{runs: {where}, store: {where}/store}}"
    return open_run("recipe.yaml", [paths, *settings])
