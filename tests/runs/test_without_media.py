"""A table of clips with features and scores from elsewhere is a corpus like any other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from emotiw.cli.app import app
from emotiw.core.errors import EmotiwError, ManifestError, TableError
from emotiw.runs.pipeline import run_all
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.index import index
from tests.ablation.small import CHALLENGE, LABELS


def corpus(folder: Path, **of_recipe: Any) -> Path:
    """90 clips of nine speakers in training, 30 of three in validation, 12 to be predicted."""
    rng, data = np.random.default_rng(0), folder / "data"
    data.mkdir()
    rows = []
    for n in range(132):
        split = "train" if n < 90 else "val" if n < 120 else "test"
        label = LABELS[n % 3]
        rows.append((f"{n:04}", label if split != "test" else "", split, f"s{n // 10}"))
    frame = pd.DataFrame(rows, columns=["clip_id", "label", "split", "group"])
    frame.to_csv(data / "clips.csv", index=False)
    values = rng.normal(size=(132, 4)) + 2 * np.eye(4)[np.arange(132) % 3]
    np.save(data / "voice.npy", values)
    (data / "ids.txt").write_text("\n".join(frame["clip_id"]))
    np.savez(data / "words.npz", **dict(zip(frame["clip_id"], values[:, None] / 2, strict=True)))
    shares = np.exp(values[:, :3])
    shares /= shares.sum(axis=1, keepdims=True)
    scores = pd.DataFrame(shares, columns=list(LABELS))
    scores.insert(0, "clip_id", frame["clip_id"])
    scores.to_csv(data / "theirs.csv", index=False, sep=";", decimal=",")
    (folder / "small.yaml").write_text(yaml.safe_dump(CHALLENGE))
    recipe = {
        "challenge": str(folder / "small.yaml"),
        "data": {"root": str(data), "clips": "clips.csv"},
        "paths": {"runs": str(folder / "runs")},
        "features": {
            "voice": {"extractor": "imported", "path": "voice.npy", "ids": "ids.txt"},
            "words": {"extractor": "imported", "path": "words.npz"},
        },
        "models": {
            "voice": {"model": "logistic", "features": "voice"},
            "words": {"model": "logistic", "features": "words"},
            "theirs": {"model": "imported", "path": "theirs.csv", "trained_on": "other data"},
        },
        "folds": {"n_folds": 3},
        **of_recipe,
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return path


def said(*words: str) -> str:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def test_every_command_works_without_media(tmp_path: Path) -> None:
    recipe = str(corpus(tmp_path))
    assert "132" in said("index", recipe)
    assert "train, out of fold" in said("run", recipe)
    run = tmp_path / "runs" / "recipe"
    manifest = pd.read_csv(run / "manifest.csv", dtype=str)
    assert manifest["path"].isna().all()
    assert manifest["group"].nunique() == 14
    said("report", str(run))
    assert "speakers are unknown" not in (run / "report.html").read_text()
    assert "recipe/fused" in said("leaderboard", str(tmp_path / "small.yaml"), "--runs",
                                  str(tmp_path / "runs"))  # fmt: skip
    said("run", recipe, "--set", "name=other", "--set", "fusion.method=mean")
    assert "fused" in said("compare", str(run), str(tmp_path / "runs" / "other"))


def test_nothing_of_the_clips_is_guessed(tmp_path: Path) -> None:
    cohort = index(open_run(corpus(tmp_path)))
    assert {split: len(cohort.select(split)) for split in ("train", "val", "test")} == {
        "train": 90, "val": 30, "test": 12,
    }  # fmt: skip
    assert cohort.knows_groups
    assert {clip.content for clip in cohort} == {""}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"label": {3: "Hapy"}}, "line 5: unknown label 'Hapy'; did you mean 'Happy'"),
        ({"clip_id": {3: "0000"}}, "line 5: clip '0000' again, first on line 2"),
        ({"split": {3: "tain"}}, "unknown split 'tain'; did you mean 'train'"),
    ],
)
def test_what_is_wrong_with_the_table_is_placed(
    tmp_path: Path, change: Mapping[str, Mapping[int, str]], told: str
) -> None:
    recipe = corpus(tmp_path)
    path = tmp_path / "data" / "clips.csv"
    frame = pd.read_csv(path, dtype=str)
    for column, cells in change.items():
        for row, cell in cells.items():
            frame.loc[row, column] = cell
    frame.to_csv(path, index=False)
    with pytest.raises(ManifestError, match=told):
        index(open_run(recipe))


def test_features_of_other_ids_are_told_with_the_likely_repair(tmp_path: Path) -> None:
    recipe = corpus(tmp_path)
    ids = tmp_path / "data" / "ids.txt"
    ids.write_text("\n".join(f"{line}.mp4" for line in ids.read_text().splitlines()))
    with pytest.raises(TableError, match=r"feature 'voice': 132 of 132 .*without their extension"):
        run_all(open_run(recipe))
    ids.write_text("0000\n0001")
    with pytest.raises(TableError, match=r"2 ids for an array of shape \(132, 4\)"):
        run_all(open_run(recipe))


def test_what_needs_media_says_so(tmp_path: Path) -> None:
    path = corpus(tmp_path)
    recipe = yaml.safe_load(path.read_text())
    recipe["features"]["sound"] = {"extractor": "librosa", "descriptors": ["mfcc"]}
    path.write_text(yaml.safe_dump(recipe))
    run: Run = open_run(path)
    with pytest.raises(EmotiwError, match="features sound are measured in media"):
        run_all(run)


def test_scores_are_made_anew_where_clips_come_from_another_corpus(tmp_path: Path) -> None:
    by_corpus = {"model": "logistic", "features": "voice", "preparation": {"standardise": "corpus"}}
    path = corpus(tmp_path, models={"voice": by_corpus})
    table = tmp_path / "data" / "clips.csv"
    frame = pd.read_csv(table, dtype=str)
    found = []
    for n_here in (90, 60, 90):
        frame["corpus"] = ["here"] * n_here + ["there"] * (132 - n_here)
        frame.to_csv(table, index=False)
        run = open_run(path)
        run_all(run)
        scores = run.scores("voice")
        found.append(scores.scores[[c.split == "test" for c in run.cohort()]])
    assert not np.allclose(found[0], found[1])
    assert np.array_equal(found[0], found[2])
