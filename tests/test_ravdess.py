"""The published protocol on real clips: folds by actor, fusion out of fold, chance by chance."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest

from emotiw.analysis.report.page import write_report
from emotiw.evaluation.results import Result
from emotiw.runs.pipeline import Summary, run_all
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.fuse import fuse_all
from emotiw.runs.stages.train import train_all
from tests.report.browser import chromium
from tests.report.opened import assert_it_opens

pytestmark = [pytest.mark.real_data, pytest.mark.slow]
CHANCE = 1 / 8


@pytest.fixture(scope="module")
def done(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Summary]:
    """A run of all 24 actors, who say one of the two sentences, twice, at ordinary intensity."""
    home = tmp_path_factory.mktemp("ravdess")
    root = home / "data"
    (root / "ravdess").mkdir(parents=True)
    for path in (real_data / "ravdess").glob("*-*-*-01-02-*-*"):
        (root / "ravdess" / path.name).symlink_to(path.resolve())
    (root / "ravdess_scores").symlink_to((real_data / "ravdess_scores").resolve())
    settings = [f"data.root={root}", f"paths.runs={home}", "execution.workers=1"]
    run = open_run("ravdess", settings)
    return run, run_all(run)


def published_accuracy(run: Run, name: str) -> float:
    """Of the clips of this run, the share whose highest published score is that of its emotion."""
    folder = run.recipe.settings.data.root / "ravdess_scores" / name
    scores = pd.concat(pd.read_csv(path, index_col="clip_id") for path in folder.glob("fold*.csv"))
    scores = scores.loc[list(run.cohort().clip_ids)]
    emotion = scores.index.str[6:8].astype(int) - 1
    return float((scores.to_numpy().argmax(1) == emotion).mean())


def accuracy(results: Iterable[Result]) -> dict[str, float]:
    return {result.name: result.value for result in results if result.metric.name == "accuracy"}


def test_fusion_beats_both_of_its_modalities(done: tuple[Run, Summary]) -> None:
    run, summary = done
    assert summary.results is not None
    assert {result.split for result in summary.results} == {"train"}
    assert {result.n_scored for result in summary.results} == {384}
    assert not summary.failures
    score = accuracy(summary.results)
    assert score["video_au_mlp"] == pytest.approx(published_accuracy(run, "video_au_mlp"))
    assert score["voice"] > 0.5
    assert score["fused"] > max(score["voice"], score["video_au_mlp"]) + 0.1


def test_folds_are_the_published_ones(done: tuple[Run, Summary]) -> None:
    run, _ = done
    frame = pd.read_csv(run.scores_path("voice"), dtype={"clip_id": str})
    actor = frame["clip_id"].str[-2:]
    assert sorted(actor[frame["fold"] == 0].unique()) == ["02", "05", "14", "15", "16"]
    assert sorted(actor[frame["fold"] == 4].unique()) == ["01", "04", "09", "22"]
    card = json.loads(run.scores_path("voice").with_suffix(".json").read_text())
    for fold, rows in frame.groupby("fold"):
        assert not set(actor[rows.index]) & set(card["seen_groups"][str(int(str(fold)))])
    noted = json.loads(run.evaluation_path.read_text())
    # actor 07 (fold 1) has one recording under two names, and nothing is fitted on copies
    assert noted["clips_per_fold"] == {"0": 80, "1": 79, "2": 80, "3": 80, "4": 64}


@pytest.mark.skipif(
    chromium() is None, reason="no Chromium here (Debian: apt-get install chromium)"
)
def test_its_report_opens_in_a_browser(done: tuple[Run, Summary], tmp_path: Path) -> None:
    report = write_report(done[0], tmp_path / "ravdess" / "report.html")
    assert_it_opens(report.path, tmp_path / "profile")
    assert report.size < 4_800_000
    assert not report.told  # nothing of so few clips is left out


def test_shuffled_labels_give_chance(done: tuple[Run, Summary], tmp_path: Path) -> None:
    run, _ = done
    home = run.recipe.settings.data.root
    other = open_run(
        "ravdess", [f"data.root={home}", f"paths.runs={tmp_path}", f"paths.store={run.store.root}"]
    )
    manifest = pd.read_csv(run.manifest_path, dtype=str)
    labels = manifest["label"].tolist()
    random.Random(0).shuffle(labels)
    manifest["label"] = labels
    (other.folder / "features").mkdir(parents=True)
    manifest.to_csv(other.manifest_path, index=False)
    for suffix in (".csv", ".json"):
        copied = run.features_path("voice").with_suffix(suffix).read_bytes()
        other.features_path("voice").with_suffix(suffix).write_bytes(copied)
    train_all(other)
    _, results = fuse_all(other)
    # three standard errors of a share of 384 clips are 5.1 points
    for modality, value in accuracy(results).items():
        assert value == pytest.approx(CHANCE, abs=0.055), modality
