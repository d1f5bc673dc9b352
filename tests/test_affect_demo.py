"""The demo of states that are followed step by step, from videos to a checked table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emotiw.demo import affect_corpus
from emotiw.demo.affect_corpus import CHALLENGE, LAG_SEC, STEP_SEC, make_affect_corpus
from emotiw.runs.pipeline import Summary, run_all
from emotiw.runs.run import Run, open_run

pytestmark = pytest.mark.slow
SECONDS, COUNTS = 2.0, {"n_train": 4, "n_val": 2, "n_test": 1}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("affect")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(affect_corpus, "DURATION_SEC", SECONDS)
        make_affect_corpus(root, **COUNTS)
    return root


def ran(corpus: Path, folder: Path, workers: int) -> tuple[Run, Summary]:
    brief = [f"models.{name}.training.epochs=2" for name in ("mouth", "voice")]
    brief.append("folds.n_folds=2")
    where = [f"data.root={corpus}", f"challenge={corpus / CHALLENGE}", f"paths.runs={folder}"]
    run = open_run("demo_affect", [*where, *brief, f"execution.workers={workers}"])
    return run, run_all(run)


def test_workers_change_no_byte_of_any_step(corpus: Path, tmp_path: Path) -> None:
    alone, summary = ran(corpus, tmp_path / "one", 1)
    together, _ = ran(corpus, tmp_path / "two", 2)
    assert alone.fused_path.read_bytes() == together.fused_path.read_bytes()
    assert summary.check is not None
    assert summary.check.is_ok, str(summary.check)
    fused = pd.read_csv(alone.fused_path)
    assert fused.groupby("clip").size().unique().tolist() == [round(SECONDS / STEP_SEC)]
    assert {clip.status for clip in alone.ledger().rows()} == {"ok"}


def test_annotations_come_late_and_those_of_test_clips_not_at_all(corpus: Path) -> None:
    table = pd.read_csv(corpus / "annotations.csv", dtype={"clip_id": "str"})
    hidden = table[table["split"] == "test"]
    assert hidden[["valence", "smiles"]].isna().all(axis=None)
    truth = pd.read_csv(corpus / "demo_truth.csv", dtype={"clip_id": "str"})
    assert truth["valence"].notna().all()
    assert set(truth["clip_id"]) == set(hidden["clip_id"])
    clips = affect_corpus.planned({"train": 4, "val": 2, "test": 1}, 0)
    apart = []
    for clip in clips:
        valence, _ = clip.curves()
        times, answers = clip.annotations()
        frames = np.arange(len(valence)) / affect_corpus.FPS
        apart += [
            np.mean((np.interp(times - lag, frames, valence) - answers[:, 0]) ** 2)
            for lag in (0.0, LAG_SEC)
        ]
    assert np.mean(apart[1::2]) < np.mean(apart[::2]) / 3
