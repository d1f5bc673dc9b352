"""How long training takes, by one process and by two: five modalities, five folds.

    python benchmarks/train_wall.py [--scale 1.0] [--epochs 10] [--against FOLDER]

Makes up features of 773 training, 383 validation and 653 test clips: 16 to 30 frames of faces for
an LSTM and for attention, 1582 functionals of sound for an SVM, rows of sound for a temporal
convolution, and scenes for a regression. Then ``emotiw train`` fits all folds, once with
``execution.workers=1`` and once with 2, each in a fresh process with a store of its own. With
another checkout of the toolkit to compare with, that one trains first, as it does by itself.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import yaml

HERE = Path(__file__).parents[1]
LABELS = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
SPLITS = {"train": 773, "val": 383, "test": 653}
CHALLENGE = {
    "name": "made_up",
    "title": "Made up",
    "year": 2026,
    "unit": "clip",
    "task": "classification",
    "labels": list(LABELS),
    "metric": "accuracy",
    "layout": {"reader": "class_folders", "options": {"splits": {"train": ["Train"]}}},
    "submission": {"format": "text_files"},
    "sources": [{"says": "made up", "where": "", "certainty": "assumed"}],
}
# by feature: rows (0 for one row per clip), and numbers in each
SHAPES = {"faces": ((16, 30), 128), "sound": ((0, 0), 1582), "fbank": ((40, 60), 40),
          "scene": ((0, 0), 512)}  # fmt: skip


def models(epochs: int) -> dict[str, dict[str, Any]]:
    """Return five models, three of them networks."""
    training = {"epochs": epochs}
    return {
        "face_lstm": {"model": "lstm", "features": "faces", "training": training},
        "face_attention": {"model": "attention", "features": "faces", "training": training},
        "voice_tcn": {"model": "tcn", "features": "fbank", "training": training},
        "voice": {"model": "svm", "features": "sound"},
        "scene": {"model": "logistic", "features": "scene"},
    }


def write_corpus(folder: Path, scale: float = 1.0) -> dict[str, dict[str, str]]:
    """Write the tables of clips and features; return the recipe's features."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "made_up.yaml").write_text(yaml.safe_dump(CHALLENGE))
    rng = np.random.default_rng(0)
    clips = [
        (f"{split}{n:04}", split, int(rng.integers(len(LABELS))), f"film{n % 50}")
        for split, of_split in SPLITS.items()
        for n in range(round(scale * of_split))
    ]
    with (folder / "clips.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["clip_id", "split", "label", "group"])
        for clip_id, split, code, group in clips:
            label = "" if split == "test" else LABELS[code]
            writer.writerow([clip_id, split, label, f"{split} {group}"])
    for name, ((least, most), dim) in SHAPES.items():
        rows = {}
        for clip_id, _, code, _ in clips:
            shape = (int(rng.integers(least, most + 1)), dim) if most else (dim,)
            rows[clip_id] = rng.normal(size=shape).astype(np.float32)
            rows[clip_id][..., code] += 0.5
        np.savez(folder / f"{name}.npz", **rows)  # type: ignore[arg-type]
    return {
        name: {"extractor": "imported", "path": f"{name}.npz", "unit": "frame" if most else "clip"}
        for name, ((_, most), _) in SHAPES.items()
    }


def write_recipe(folder: Path, **more: Any) -> Path:
    """Write a recipe of the corpus that is in a folder."""
    recipe = {
        "challenge": str(folder / "made_up.yaml"),
        "data": {"root": str(folder), "clips": "clips.csv"},
        "paths": {"runs": str(folder / "runs")},
        "folds": {"n_folds": 5},
        **more,
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return path


def emotiw(command: str, recipe: Path, settings: Sequence[str], *, code: Path = HERE) -> float:
    """Carry a command out in a fresh process; return the seconds that it took."""
    words = [sys.executable, "-m", "emotiw", command, str(recipe), "--quiet"]
    words += [word for setting in settings for word in ("--set", setting)]
    start = perf_counter()
    subprocess.run(
        words, cwd=recipe.parent, check=True, stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(code)},
    )  # fmt: skip
    return perf_counter() - start


def digests(folder: Path) -> Mapping[str, str]:
    """Return the sha256 of all scores below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("scores/*.csv"))
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the clips")
    parser.add_argument("--epochs", type=int, default=10, help="of each network")
    parser.add_argument("--against", type=Path, help="another checkout, which trains first")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        features = write_corpus(folder, given.scale)
        recipe = write_recipe(folder, features=features, models=models(given.epochs))
        ways = [("1 worker", 1, HERE), ("2 workers", 2, HERE)]
        if given.against:
            ways.insert(0, (str(given.against), 2, given.against.absolute()))
        seconds, found = [], []
        for number, (name, workers, code) in enumerate(ways):
            settings = [f"paths.runs={folder / f'runs{number}'}", f"execution.workers={workers}"]
            emotiw("index", recipe, settings, code=code)
            seconds.append(emotiw("train", recipe, settings, code=code))
            found.append(digests(folder / f"runs{number}/recipe"))
            ratio = seconds[-1] / seconds[0]
            print(f"{name:32} {seconds[-1]:7.1f} s  {ratio:5.2f} of the first", flush=True)
        print(f"one and two workers: {'the same' if found[-1] == found[-2] else 'OTHER'} scores")


if __name__ == "__main__":
    main()
