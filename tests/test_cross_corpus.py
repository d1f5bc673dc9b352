"""Trained on one corpus, judged on another, in one recipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emotiw.runs.pipeline import run_all
from emotiw.runs.run import open_run
from tests.features.test_signal import tone, write_wav

EMOTIONS = {"W": "05", "F": "03", "T": "04"}
LEVELS = {"W": 0.6, "F": 0.3, "T": 0.1}


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """Both corpora with emotions as levels; the second is quieter throughout."""
    root = tmp_path / "data"
    rng = np.random.default_rng(0)
    for speaker in (3, 8, 11, 14):
        for letter, code in EMOTIONS.items():
            for take in range(3):
                level = LEVELS[letter] * rng.uniform(0.8, 1.2)
                german = root / "emodb" / f"{speaker:02d}a{take:02d}{letter}a.wav"
                name = f"03-01-{code}-01-01-{take + 1:02d}-{speaker:02d}.wav"
                for path, gain in ((german, 1.0), (root / "ravdess" / name, 0.1)):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    write_wav(path, gain * tone(0.4, 16_000, level=level)[None], 16_000)
        fearful = root / "ravdess" / f"03-01-06-01-01-01-{speaker:02d}.wav"
        write_wav(fearful, tone(0.4, 16_000)[None], 16_000)
    return root


@pytest.mark.slow
def test_a_recipe_trains_on_one_corpus_and_is_judged_on_another(
    corpora: Path, tmp_path: Path
) -> None:
    settings = [f"data.root={corpora}", f"paths.runs={tmp_path / 'runs'}", "execution.workers=1"]
    by_corpus = "{model: logistic, features: voice, preparation: {standardise: corpus}}"
    settings += [
        "features={voice: {extractor: librosa, descriptors: [rms]}}",
        f"models={{plain: {{model: logistic, features: voice}}, corpus: {by_corpus}}}",
        "folds.n_folds=2",
    ]
    run = open_run("emodb_to_ravdess", settings)
    summary = run_all(run)
    assert summary.results is not None
    found = {
        r.name: r for r in summary.results if r.split == "test" and r.metric.name == "accuracy"
    }
    assert {r.n for r in found.values()} == {36}
    assert {r.n_groups for r in found.values()} == {4}
    assert found["corpus"].value > found["plain"].value
    assert summary.check is not None
    told = {finding.kind for finding in summary.check.findings}
    assert "left out" not in told  # the fearful clips are no loss of this submission
