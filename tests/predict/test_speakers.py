"""A model that sees a speaker's clips together, asked about files whose speaker is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from emotiw.core.errors import TableError
from emotiw.predict.company import read_speakers
from emotiw.predict.predict_files import Wanted, predict_files
from emotiw.runs.pipeline import run_all
from emotiw.runs.run import Run, open_run
from tests.challenges.test_odd_folders import write_tone
from tests.in_process import IN_PROCESS

LABELS = ("Angry", "Sad")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three speakers with ten clips each in training; an unknown one has ten test clips."""
    home = tmp_path_factory.mktemp("speakers")
    for speaker in range(4):
        for number in range(10):
            folder = home / "data" / (LABELS[number % 2] if speaker < 3 else "more")
            folder.mkdir(parents=True, exist_ok=True)
            pitch = 300 + 200 * speaker + 60 * (number % 2) + number
            write_tone(folder / f"s{speaker}_{number}.wav", pitch)
    recipe = {
        "challenge": "folder",
        "name": "spoken",
        "data": {"root": str(home / "data"), "options": {"group_pattern": r"/s(\d)_"}},
        "paths": {"runs": str(home / "runs")},
        "execution": IN_PROCESS,
        "features": {"voice": {"extractor": "fbank", "n_mels": 8}},
        "models": {
            "voice": {
                "model": "logistic", "features": "voice", "inner_folds": 2,
                "preparation": {"standardise": "speaker"},
            }
        },
        "folds": {"n_folds": 3},
        "submission": {"fallback": "Sad"},
    }  # fmt: skip
    path = home / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe))
    opened = open_run(path)
    run_all(opened)
    return opened


def test_told_the_speaker_a_file_has_the_scores_that_the_run_gave_it(run: Run) -> None:
    folder = run.recipe.settings.data.root / "more"
    files = {path.stem: path for path in sorted(folder.glob("*.wav"))}
    table = run.scores("fused")
    expected = table.aligned_to(list(files))
    told = tuple((path, "new") for path in files.values())
    alone = predict_files(files, Wanted(run=run.folder))
    together = predict_files(files, Wanted(run=run.folder, speakers=told))
    scores = np.array([found.whole()[0].scores for found in together])
    assert np.allclose(scores, expected, atol=1e-6)
    assert not np.allclose([found.whole()[0].scores for found in alone], expected, atol=1e-2)
    assert any("not by speaker" in note for note in alone[0].notes)
    assert not any("not by speaker" in note for note in together[0].notes)
    # a speaker whom the run knows needs no other file
    [one] = predict_files(
        {"x": files["s3_0"]}, Wanted(run=run.folder, speakers=((files["s3_0"], "3"),))
    )
    assert np.allclose(one.whole()[0].scores, expected[0], atol=1e-6)


def test_ids_that_are_no_file_are_told(tmp_path: Path) -> None:
    table = tmp_path / "who.csv"
    table.write_text("clip_id,group\na.wav,ann\n")
    with pytest.raises(TableError, match="without their extension they would be"):
        read_speakers(table, {"a": Path("a.wav")})
    table.write_text("clip_id,group\na,ann\nb,\n")
    files = {"a": Path("a.wav"), "b": Path("b.wav")}
    assert read_speakers(table, files) == ((Path("a.wav"), "ann"),)
