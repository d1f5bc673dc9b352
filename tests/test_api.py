"""What a notebook may use: there by name, and free until it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import emotiw
from emotiw.core.errors import ConfigError
from tests.ablation.small import LABELS, make_small

ROOT = Path(__file__).parents[1]


def test_importing_it_imports_nothing() -> None:
    code = (
        "import sys, emotiw\n"
        "heavy = ('numpy', 'pandas', 'pydantic', 'yaml', 'torch', 'sklearn')\n"
        "print([m for m in heavy if m in sys.modules], set(emotiw.__all__) - set(dir(emotiw)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split("\n")[0] == "[] set()"


def test_every_name_is_there() -> None:
    for name in emotiw.__all__:
        assert callable(getattr(emotiw, name)), name
    with pytest.raises(AttributeError, match="open_rum"):
        _ = emotiw.open_rum


@pytest.fixture
def clips() -> pd.DataFrame:
    rows = [(f"c{n:02}", LABELS[n % 3], f"speaker{n // 6}", n // 12) for n in range(36)]
    return pd.DataFrame(rows, columns=["clip_id", "label", "group", "fold"])


def frame(clips: pd.DataFrame, wrong_every: int) -> pd.DataFrame:
    """Scores that are right but for every so-many-th clip."""
    rows = []
    for number, (clip_id, label) in enumerate(zip(clips["clip_id"], clips["label"], strict=True)):
        place = LABELS.index(label)
        if number % wrong_every == 0:
            place = (place + 1) % 3
        rows.append([clip_id, *(0.8 if label == place else 0.1 for label in range(3))])
    return pd.DataFrame(rows, columns=["clip_id", *LABELS])


def test_scores_of_ones_own(clips: pd.DataFrame, tmp_path: Path) -> None:
    a = emotiw.load_scores(frame(clips, 3), clips, name="a")
    path = tmp_path / "b.csv"
    frame(clips, 4).to_csv(path, index=False)
    b = emotiw.load_scores(path, clips)
    assert (a.name, b.name, b.labels) == ("a", "b", LABELS)
    figures = emotiw.evaluate([a, b], clips, metrics=["accuracy"])
    assert figures["value"].tolist() == [24 / 36, 27 / 36]
    half = emotiw.evaluate(a.select(a.clip_ids[:18]), clips, metrics=["accuracy"])
    assert half[["value", "n", "n_scored"]].to_numpy().tolist() == [[12 / 36, 36, 18]]
    result = emotiw.fuse([a, b], clips, method="mean", calibration="none", references={"b": b})
    assert result.n_clips == 36
    assert set(result.folds) == {0, 1, 2}
    result.table.write_csv(tmp_path / "fused.csv")
    again = emotiw.load_scores(tmp_path / "fused.csv")
    assert again.clip_ids == result.table.clip_ids
    with pytest.raises(ConfigError, match="did you mean 'method'"):
        emotiw.fuse([a, b], clips, metod="mean")
    with pytest.raises(ConfigError, match="need the clips: a run, or a table of labels"):
        emotiw.load_scores(path)


def test_a_run_and_what_it_leaves(tmp_path: Path) -> None:
    recipe = make_small(tmp_path, {"face": 1.5, "voice": 0.8}, n_train=18, n_val=9)
    run = emotiw.open_run(recipe)
    emotiw.run_all(run)
    again = emotiw.open_run(run.folder)
    assert again.folder.samefile(run.folder)
    assert len(run.cohort().to_frame()) == 27
    assert len(run.scores("fused")) == len(run.scores("voice")) == 27
    mine = emotiw.load_scores(run.scores("voice").to_frame(), run, name="mine")
    figures = emotiw.evaluate([mine, run.scores("fused")], run, metrics=["uar"])
    assert set(figures["modality"]) == {"mine", "fused"}
    fused = emotiw.fuse({"voice": run.scores("voice"), "mine": mine}, run)
    assert fused.n_clips == 27
    done = emotiw.ablate(run, {"fusion": ["weighted", "mean"]}, metric="accuracy")
    assert emotiw.load_ablation(run.folder).table["row"].tolist() == done.table["row"].tolist()
    with pytest.raises(ConfigError, match="did you mean 'metric'"):
        emotiw.ablate(run, {"fusion": ["mean"]}, metrik="uar")
    assert emotiw.compare(run, run.folder).flips.empty
