"""Several answers of a clip at once, from a folder to the file that organisers want."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import f1_score

from emotiw.runs.pipeline import run_all
from emotiw.runs.run import Run, open_run
from tests.challenges.layouts import write
from tests.challenges.step_layouts import video

pytestmark = pytest.mark.slow
N_TRAIN, N_TEST, N_ACTORS = 60, 6, 6
EMOTIONS = ("neutral", "angry", "happy", "sad", "worried", "surprise")
BLENDS = ("ang", "disg", "fea", "hap", "sad")


def run_of(root: Path, seen: dict[str, np.ndarray], **told: Any) -> tuple[Run, Any]:
    """Run a recipe of one model on features from elsewhere, and return what came of it."""
    rows = [[clip_id, *values] for clip_id, values in seen.items()]
    columns = [f"f{n}" for n in range(len(rows[0]) - 1)]
    pd.DataFrame(rows, columns=["clip_id", *columns]).to_csv(root / "seen.csv", index=False)
    recipe = {
        "name": "small",
        "data": {"root": str(root)},
        "paths": {"runs": str(root / "runs"), "store": str(root / "store")},
        "folds": {"n_folds": 3},
        "features": {"seen": {"extractor": "imported", "path": str(root / "seen.csv")}},
        "submission": {"team": "T"},
        **told,
    }
    write(root / "recipe.yaml", yaml.safe_dump(recipe))
    run = open_run(root / "recipe.yaml")
    return run, run_all(run)


def media(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(video(2, 10, number))


def value_of(summary: Any, metric: str) -> float:
    assert summary.results is not None
    (found,) = (
        each.value
        for each in summary.results
        if (each.name, each.split, each.metric.name) == ("fused", "train", metric)
    )
    return float(found)


def test_blended_emotions_and_their_salience(tmp_path: Path) -> None:
    rng, seen, rows = np.random.default_rng(0), {}, []
    for number in range(N_TRAIN + N_TEST):
        first, second = rng.choice(5, 2, replace=False)
        share = float(rng.choice([50, 70, 100]))
        shares = np.zeros(6)
        shares[first] += share
        shares[second] += 100 - share
        name, actor = f"clip{number:03d}", f"A{number % N_ACTORS}"
        seen[name] = shares / 100 + rng.normal(0, 0.04, 6)
        split = "train" if number < N_TRAIN else "test"
        media(tmp_path / f"{split}/{name}.mp4", number)
        two = [BLENDS[second], f"{100 - share:g}"] if share < 100 else ["", ""]
        rows.append((split, [name, actor, BLENDS[first], f"{share:g}", *two]))
    head = "filename,video_id,emotion_1,emotion_1_salience,emotion_2,emotion_2_salience"
    train = [",".join(row) for split, row in rows if split == "train"]
    test = [",".join(row[:2]) for split, row in rows if split == "test"]
    write(tmp_path / "train_metadata.csv", "\n".join([head, *train]) + "\n")
    write(tmp_path / "test_metadata.csv", "\n".join(["filename,video_id", *test]) + "\n")
    models = {"mine": {"model": "kernel_ridge", "features": "seen"}}
    run, summary = run_of(tmp_path, seen, challenge="blemore", models=models)
    assert value_of(summary, "presence_accuracy") > 0.8
    assert value_of(summary, "salience_accuracy") > 0.5
    assert summary.check is not None
    assert summary.check.is_ok, str(summary.check)
    handed_in = json.loads(next((run.folder / "submission").glob("*.json")).read_text())
    assert len(handed_in) == N_TEST


def test_a_label_and_a_number_are_judged_by_both(tmp_path: Path) -> None:
    rng, seen, rows, truth = np.random.default_rng(1), {}, [], {}
    for number in range(N_TRAIN + N_TEST):
        code, valence = int(rng.integers(6)), float(rng.normal())
        name = f"sample_{number:08d}"
        seen[name] = np.concatenate([np.eye(6)[code], [valence]]) + rng.normal(0, 0.3, 7)
        media(tmp_path / f"{'train' if number < N_TRAIN else 'test'}/{name}.mp4", number)
        if number < N_TRAIN:
            truth[name] = (code, round(valence, 4))
            rows.append(f"{name},{EMOTIONS[code]},{valence:.4f}")
    write(tmp_path / "train-label.csv", "\n".join(["name,discrete,valence", *rows]) + "\n")
    models = {"mine": {"model": "logistic", "features": "seen"}}
    run, summary = run_of(tmp_path, seen, challenge="mer2023", models=models)
    fused = pd.read_csv(run.fused_path, dtype={"clip_id": "str"}).set_index("clip_id")
    own = fused.loc[sorted(truth)]
    labels = own[list(EMOTIONS)].to_numpy().argmax(axis=1)
    codes, valences = (np.array([truth[c][n] for c in own.index]) for n in (0, 1))
    official = f1_score(codes, labels, average="weighted")
    official -= 0.25 * float(((valences - own["valence"].to_numpy()) ** 2).mean())
    assert value_of(summary, "mer2023") == pytest.approx(official, abs=1e-6)
    assert summary.check is not None
    assert summary.check.is_ok, str(summary.check)


SEVERAL = """\
name: mine
title: Several labels
year: 2026
unit: clip
task: regression
targets:
  - {name: smiles, minimum: 0, maximum: 1, values: [0, 1], is_presence: true}
  - {name: talks, minimum: 0, maximum: 1, values: [0, 1], is_presence: true}
layout:
  reader: tables
  options:
    splits:
      train: {table: [train.csv], clips: [train]}
      test: {clips: [test]}
    id: "{clip}"
    group: "{who}"
    targets: {smiles: smiles, talks: talks}
    extensions: [.mp4]
metric: f1
submission:
  format: table
  columns: [{name: clip, holds: id}, {name: smiles, holds: target}, {name: talks, holds: target}]
sources: [{says: made up, where: here, certainty: assumed}]
"""


def test_thresholds_of_rare_labels_are_found_inside(tmp_path: Path) -> None:
    """One in ten smiles, and shows it a little: half a probability is never reached."""
    rng, seen, rows = np.random.default_rng(2), {}, []
    for number in range(240 + N_TEST):
        smiles, talks = rng.random() < 0.15, rng.random() < 0.5
        name = f"c{number:03d}"
        seen[name] = np.array([1.1 * smiles, 2.0 * talks]) + rng.normal(0, 1, 2)
        media(tmp_path / f"{'train' if number < 240 else 'test'}/{name}.mp4", number)
        if number < 240:
            rows.append(f"{name},w{number % 12},{int(smiles)},{int(talks)}")
    write(tmp_path / "train.csv", "\n".join(["clip,who,smiles,talks", *rows]) + "\n")
    write(tmp_path / "several.yaml", SEVERAL)
    told: dict[str, Any] = {
        "challenge": str(tmp_path / "several.yaml"),
        "models": {"mine": {"model": "logistic", "features": "seen", "class_weight": None}},
    }
    _, plain = run_of(tmp_path, seen, **told)
    run, moved = run_of(tmp_path, seen, **told, fusion={"post": ["thresholds"]})
    assert "thresholds of smiles: kept" in run.summary_path.read_text()
    assert value_of(moved, "f1.smiles") > value_of(plain, "f1.smiles") + 0.1
    assert moved.check is not None
    assert moved.check.is_ok, str(moved.check)
