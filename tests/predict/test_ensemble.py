"""A trained run asked about files: the answers of its own test clips, and what is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from emotiw.core.errors import ConfigError, MissingStageError, WeightsError
from emotiw.core.progress import Silent
from emotiw.core.score_table import ScoreTable
from emotiw.predict import ensemble as ensemble_module
from emotiw.predict.ensemble import Ensemble
from emotiw.predict.predict_files import Wanted, predict_files
from emotiw.predict.prediction_rows import as_csv, as_json
from emotiw.predict.windows import Footage
from emotiw.runs.pipeline import run_all
from emotiw.runs.run import Run, open_run
from features.faces.find_faces import find_faces
from tests.in_process import IN_PROCESS
from tests.predict.videos import LABELS, LIGHT, brightness_card, frame, write_video


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    home = tmp_path_factory.mktemp("ensemble")
    for number in range(12):
        label = LABELS[number % 2]
        grey = (80, 210)[number % 2] + 3 * number
        write_video(
            home / "data" / label / f"clip {number}.mp4",
            [frame((20 + number, grey))] * 8,
            has_sound=number != 3,
        )
    for name, faces in {"one": [(40, 200)], "two": [(8, 90), (100, 230)], "none": []}.items():
        write_video(home / "data" / f"{name}.mp4", [frame(*faces)] * 9, has_sound=name != "two")
    (home / "light.yaml").write_text(yaml.safe_dump(LIGHT))
    card = str(brightness_card(home))
    recipe = {
        "challenge": str(home / "light.yaml"),
        "name": "light",
        "data": {"root": str(home / "data")},
        "paths": {"runs": str(home / "runs")},
        "execution": IN_PROCESS,
        "faces": {"detector": "tests.predict.videos:SquareDetector"},
        "features": {
            "face": {
                "extractor": "frames",
                "weights": card,
                "values": "both",
            },
            "voice": {"extractor": "fbank", "n_mels": 8},
            "place": {"extractor": "scene"},
        },
        "models": {
            "face": {"model": "logistic", "features": "face", "inner_folds": 2},
            "voice": {"model": "logistic", "features": "voice", "inner_folds": 2},
            "place": {"model": "logistic", "features": "place", "inner_folds": 2},
        },
        "folds": {"n_folds": 2},
        "submission": {"fallback": "Dark"},
    }
    path = home / "light-recipe.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    opened = open_run(path)
    run_all(opened)
    return opened


def test_a_test_clip_has_the_answer_that_the_run_gave_it(run: Run) -> None:
    fused = ScoreTable.read_csv(run.folder / "fused.csv")
    tables = {n: ScoreTable.read_csv(run.scores_path(n)) for n in ("face", "voice", "place")}
    root = run.recipe.settings.data.root
    for name in ("one", "two", "none"):
        found = predict_files({name: root / f"{name}.mp4"}, Wanted(run=run.folder))[0]
        row = found.whole()[0]
        assert row.person is None
        assert row.scores == pytest.approx(fused.aligned_to([name])[0], abs=1e-6), name
        for model, table in tables.items():
            expected = table.aligned_to([name])[0]
            if np.isnan(expected).any():
                assert model not in row.by_model
            else:
                assert row.by_model[model] == pytest.approx(expected, abs=1e-6)


def test_faces_and_people_are_counted_where_they_are_seen(run: Run) -> None:
    root = run.recipe.settings.data.root
    counts = {}
    for name in ("one", "two", "none"):
        wanted = Wanted(run=run.folder, window_sec=1.0, hop_sec=1.0)
        (found,) = predict_files({name: root / f"{name}.mp4"}, wanted)
        counts[name] = [row.n_people for row in found.whole()]
        assert sum(r.n_faces for r in found.windows(None)) == found.whole()[0].n_faces
    assert counts == {"one": [1], "two": [2, 1, 1], "none": [0]}


def test_faces_are_found_by_the_detector_of_the_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = run.recipe.settings.data.root / "two.mp4"
    open_since = Wanted(run=run.folder, settings=("faces.detector=auto",))
    rows = [predict_files({"two": path}, w)[0].rows for w in (Wanted(run=run.folder), open_since)]
    assert rows[0] == rows[1]
    moved = tmp_path / "elsewhere"
    shutil.copytree(run.folder, moved)
    records = moved / ".emotiw" / "records.json"
    told = records.read_text()
    records.write_text(told.replace("tests.predict.videos:SquareDetector", "centerface"))
    monkeypatch.setenv("EMOTIW_CACHE", str(tmp_path))
    with pytest.raises(
        WeightsError, match=r"found by centerface; .*weights fetch centerface` gets"
    ):
        predict_files({"two": path}, Wanted(run=moved, settings=("faces.detector=auto",)))


def test_a_model_of_several_features_says_where_it_looks(run: Run) -> None:
    home = run.recipe.settings.data.root.parent
    both = {"model": "gated", "features": ["face", "voice"], "training": {"epochs": 3}}
    settings = ["name=joint", f"models={yaml.safe_dump({'both': both}, default_flow_style=True)}"]
    joint = open_run(home / "light-recipe.yaml", settings)
    run_all(joint)
    table = joint.scores("both")
    for name, has in {"one": ["face", "voice"], "two": ["face"], "none": ["voice"]}.items():
        path = run.recipe.settings.data.root / f"{name}.mp4"
        found = predict_files({name: path}, Wanted(run=joint.folder))[0]
        row = found.whole()[0]
        assert row.by_model["both"] == pytest.approx(table.aligned_to([name])[0], abs=1e-6)
        shares = row.attention["both"]
        assert [feature for feature, share in shares.items() if share] == has
        assert sum(shares.values()) == pytest.approx(1, abs=1e-6)
        assert any("no proof of cause" in note for note in found.notes)
        assert as_json([found])[0]["rows"][0]["attention"] == {"both": dict(shares)}
        assert "both: face" in as_csv([found])


def test_each_person_is_judged_by_their_own_face(run: Run) -> None:
    path = run.recipe.settings.data.root / "two.mp4"
    found = predict_files({"two": path}, Wanted(run=run.folder, window_sec=0.4))[0]
    people = {row.person: row for row in found.whole()}
    assert list(people) == [None, 0, 1]
    assert people[0].scores == people[None].scores
    dark, light = people[0].by_model["face"][0], people[1].by_model["face"][0]
    assert dark > 0.5 > light
    assert {row.person for row in found.windows(1)} == {1}
    assert len(found.windows(None)) == 4
    assert "voice: sound: missing" in found.notes


def test_windows_hear_their_own_part_of_the_sound(run: Run) -> None:
    path = run.recipe.settings.data.root / "none.mp4"
    found = predict_files({"none": path}, Wanted(run=run.folder, window_sec=0.5, hop_sec=0.4))[0]
    assert not found.reason
    assert [set(row.by_model) for row in found.windows(None)] == [{"voice", "place"}] * 2
    whole = found.whole()[0].by_model["voice"]
    for row in found.windows(None):
        assert row.by_model["voice"] == pytest.approx(whole, abs=0.2)  # the same tone all along


def test_a_run_that_is_not_finished_says_what_to_do(run: Run, tmp_path: Path) -> None:
    path = run.recipe.settings.data.root / "one.mp4"
    copy = tmp_path / "runs" / "light"
    shutil.copytree(run.folder, copy)
    with pytest.raises(MissingStageError, match=r"run `emotiw train .*/light .* --force`"):
        predict_files({"one": path}, Wanted(run=copy))  # without it, nothing seems to be missing
    (copy / "fusion.yaml").unlink()
    with pytest.raises(MissingStageError, match="run `emotiw fuse`"):
        predict_files({"one": path}, Wanted(run=copy, window_sec=1.0))
    with pytest.raises(ConfigError, match="not the folder of a run"):
        predict_files({"one": path}, Wanted(run=tmp_path))


def test_a_long_file_is_asked_in_parts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    path = run.recipe.settings.data.root / "one.mp4"  # 0.9 s of one face
    at_once = predict_files({"one": path}, Wanted(run=run.folder))[0].whole()[0]
    monkeypatch.setattr(ensemble_module, "PART_SEC", 0.4)
    predictor = Ensemble(run)
    predictor.most_sec = 0.5
    tracks, _ = find_faces(path, predictor.face_options)
    rows, notes = predictor.rows(Footage(path, tracks, 0.9, []), Silent())
    assert [(row.person, row.is_whole, row.n_faces) for row in rows] == [(None, True, 9)]
    assert "long: asked in parts of 0.4 s, scores are their mean" in notes
    # the face is the same all along
    assert rows[0].by_model["face"] == pytest.approx(at_once.by_model["face"], abs=1e-3)
    assert rows[0].by_model["voice"] == pytest.approx(at_once.by_model["voice"], abs=0.2)


def test_clips_of_the_length_of_its_own_are_asked_at_once(run: Run) -> None:
    assert Ensemble(run).most_sec == ensemble_module.MOST_AT_ONCE_SEC
