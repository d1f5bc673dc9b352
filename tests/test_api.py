"""What a notebook may use: there by name, and free until it is used."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import emotiw
from emotiw.core.errors import ConfigError
from emotiw.runs.ablation_settings import AblationKeywords, AblationSettings
from fusion.fusion_options import FusionKeywords, FusionOptions
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


def test_a_column_of_scores_that_is_no_label_is_told_of(clips: pd.DataFrame) -> None:
    given = frame(clips, 5).assign(n_frames=-7.0)
    with pytest.warns(UserWarning, match="no clip is labelled 'n_frames'"):
        emotiw.evaluate(given, clips)


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


def test_plain_tables_go_in_and_come_out(clips: pd.DataFrame) -> None:
    tables = {"a": frame(clips, 3), "b": frame(clips, 4)}
    result = emotiw.fuse(tables, clips, method="mean")
    known = [emotiw.load_scores(table, clips, name=name) for name, table in tables.items()]
    pd.testing.assert_frame_equal(
        result.table.to_frame(), emotiw.fuse(known, clips, method="mean").table.to_frame()
    )
    judged = emotiw.evaluate(tables["a"], clips)
    assert judged["value"].tolist() == emotiw.evaluate(known[0], clips)["value"].tolist()
    assert set(emotiw.evaluate(list(tables.values()), clips)["modality"]) == {
        "scores 1",
        "scores 2",
    }


def test_keywords_are_the_options() -> None:
    assert set(FusionKeywords.__annotations__) == set(FusionOptions.model_fields) - {"metric"}
    assert set(AblationKeywords.__annotations__) <= set(AblationSettings.model_fields)


def test_any_file_is_predicted_whatever_was_imported_before(tmp_path: Path) -> None:
    code = (
        "import sys, emotiw\n"
        "early = emotiw.predict\n"
        "from emotiw.predict.inputs import media_files\n"
        "assert callable(emotiw.predict) and early.__name__ and callable(early)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    image = np.zeros((60, 80, 3), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "black.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    found = emotiw.predict(tmp_path)
    assert [Path(name).name for name in found["file"]] == ["black.png", "broken.png"]
    assert found["reason"].all()
    with pytest.raises(ConfigError, match="exclude each other"):
        emotiw.predict(tmp_path, run="runs/x", weights="emotion_cnn")


def test_a_run_tells_its_status_its_place_and_its_report(tmp_path: Path) -> None:
    run = emotiw.open_run(make_small(tmp_path, {"voice": 1.0}, n_train=18, n_val=9))
    emotiw.run_all(run)
    status = run.status()
    assert not status.to_do
    assert set(status.to_frame()["state"]) == {"up to date"}
    assert emotiw.report(run, samples=False).path == run.folder / "report.html"
    board = emotiw.leaderboard(str(tmp_path / "small.yaml"), run.folder.parent)
    assert f"{run.folder.name}/fused" in set(board["who"])


def test_a_submission_is_checked_by_name_or_ids(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "Team.zip", "w") as file:
        file.writestr("a.txt", "Sad")
    found = emotiw.check_submission(tmp_path / "Team.zip", "afew2017", clips=["a"])
    assert found.is_ok
    assert (
        "missing"
        in emotiw.check_submission(tmp_path / "Team.zip", "afew2017", clips=["a", "b"]).kinds
    )
    assert "names not checked" in emotiw.check_submission(tmp_path / "Team.zip", "afew2017").kinds


def test_a_folder_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("happy/speaker1_a.wav", "sad/speaker1_b.wav", "sad/speaker2_c.wav"):
        path = tmp_path / "clips" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"RIFF    WAVE" + name.encode())
    started = emotiw.start("clips")
    assert started.recipe == Path("clips.yaml")
    assert len(emotiw.index(emotiw.open_run(started.recipe))) == 3
    with pytest.raises(ConfigError, match="exists, and is left as it is"):
        emotiw.start("clips")
