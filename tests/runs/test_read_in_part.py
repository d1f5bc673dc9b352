"""Clips that could be read in part only: told everywhere, and used as the recipe says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from emotiw.runs.pipeline import run_all
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.faces import find_all_faces
from emotiw.runs.stages.features import extract_all, feature_table
from emotiw.runs.stages.index import index
from tests.in_process import IN_PROCESS
from tests.media.twins import Pictures, Sound, every, tone, write
from tests.predict.videos import LABELS, LIGHT, brightness_card, frame

DAMAGED = ("clip0", "test1")


def opened(home: Path, damaged: str = "use") -> Run:
    card = str(brightness_card(home))
    (home / "light.yaml").write_text(yaml.safe_dump(LIGHT))
    recipe = {
        "challenge": str(home / "light.yaml"),
        "name": damaged,
        "data": {"root": str(home / "data"), "damaged": damaged},
        "paths": {"runs": str(home / "runs")},
        "execution": IN_PROCESS,
        "faces": {"detector": "tests.predict.videos:SquareDetector"},
        "features": {
            "face": {"extractor": "frames", "weights": card, "values": "both"},
            "voice": {"extractor": "fbank", "n_mels": 8},
        },
        "models": {"face": {"model": "logistic", "features": "face", "inner_folds": 2}},
        "folds": {"n_folds": 2},
        "submission": {"fallback": "Dark"},
    }
    path = home / f"{damaged}.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return open_run(path)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight labelled clips and two test clips; one of each lacks its last images."""
    home = tmp_path_factory.mktemp("in_part")
    rng = np.random.default_rng(0)
    names = [f"{LABELS[n % 2]}/clip{n}" for n in range(8)] + ["test0", "test1"]
    for number, name in enumerate(names):
        grey = (80, 210)[number % 2] + 2 * number
        images = [frame((20 + shift, grey)) for shift in range(20)]
        for picture in images:  # so that every packet has some bytes
            picture[70:] = rng.integers(0, 40, (26, 160, 3))
        path = home / "data" / f"{name}.avi"
        path.parent.mkdir(parents=True, exist_ok=True)
        pictures = Pictures(images, every(20), tick_ms=40)
        write(path, pictures, Sound([(0, tone(300, 0.8))]))
        if path.stem in DAMAGED:
            path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    write(home / "data/heard.wav", Sound([(0, tone(300, 0.8))]))
    return home


def test_the_ledger_says_how_much_was_read(home: Path) -> None:
    run = opened(home)
    index(run)
    rows = {row.clip_id: row for row in find_all_faces(run)}
    for name in DAMAGED:
        assert rows[name].status == "partial"
        assert rows[name].reason.startswith("read in part: ")
        assert " of 20 images read" in rows[name].reason
    assert rows["clip1"].status == "ok"
    assert rows["heard"].status == "missing"
    assert rows["heard"].reason == "no images: a sound recording"
    voices = {row.clip_id: row for row in extract_all(run, ["voice"])["voice"]}
    assert voices["clip0"].status == "partial"
    assert "s of sound read" in voices["clip0"].reason
    assert voices["heard"].status == "ok"


@pytest.mark.parametrize(
    ("damaged", "with_faces"),
    [("use", DAMAGED), ("mask", ()), ("drop", ("test1",))],
)
def test_the_recipe_says_what_becomes_of_them(
    home: Path, damaged: str, with_faces: tuple[str, ...]
) -> None:
    run = opened(home, damaged)
    index(run)
    find_all_faces(run)
    rows = {row.clip_id: row for row in extract_all(run)["face"]}
    for feature in ("face", "voice"):
        known = feature_table(run, feature).clip_ids
        assert {name for name in DAMAGED if name in known} == set(with_faces)
        assert "clip1" in known
    left_out = set(DAMAGED) - set(with_faces)
    assert {n for n in DAMAGED if "as data.damaged says" in rows[n].reason} == left_out
    pages = {row.clip_id: row for row in run.ledger("faces").rows()}
    assert all(pages[n].status == "missing" for n in left_out)


def test_another_rule_makes_the_stages_anew_from_what_is_there(home: Path) -> None:
    path = home / "changing.yaml"
    opened(home, "use")
    path.write_text((home / "use.yaml").read_text().replace("name: use", "name: changing"))
    index(open_run(path))
    assert sum(row.status == "partial" for row in find_all_faces(open_run(path))) == 2
    path.write_text(path.read_text().replace("damaged: use", "damaged: mask"))
    rows = find_all_faces(open_run(path))
    assert sum(row.status == "missing" for row in rows) == 3  # and the recording


def test_the_submission_says_which_answers_rest_on_a_part(home: Path) -> None:
    run = opened(home)
    run_all(run)
    report = json.loads((run.folder / ".emotiw/check.json").read_text())
    (finding,) = [one for one in report["findings"] if one["kind"] == "read in part"]
    assert "1 of 3 test clips were read in part" in finding["advice"]
    assert "test1" in str(finding)
