from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emotiw.challenges.spec import Answer, load_spec
from submissions import check_submission, submission_path, write_submission

SPEC = load_spec("blemore")
ANSWERS: dict[str, Answer] = {
    "A102_ang_int1_ver1": (0.0, 0.0, 0.0, 0.0, 0.0, 100.0),
    "A411_mix_ang_hap_30_70_ver1": (30.0, 0.0, 0.0, 70.0, 0.0, 0.0),
}
BLEND = "A411_mix_ang_hap_30_70_ver1"
Told = dict[str, Any]


def put(value: object) -> Callable[[Told], None]:
    return lambda told: told.__setitem__(BLEND, value)


def one(emotion: object, salience: object) -> dict[str, object]:
    return {"emotion": emotion, "salience": salience}


DAMAGE: dict[str, tuple[Callable[[Told], object], str]] = {
    "missing": (lambda told: told.pop(BLEND), "missing"),
    "extra": (lambda told: told.__setitem__("A1", [one("hap", 100)]), "unexpected"),
    "another vocabulary": (put([one("happy", 100.0)]), "unknown label"),
    "a word": (put("hap"), "wrong form"),
    "an empty list": (put([]), "wrong form"),
    "another key": (put([{"emotion": "hap", "weight": 100.0}]), "wrong form"),
    "text for a number": (put([one("hap", "70")]), "not a number"),
    "yes for a number": (put([one("hap", True)]), "not a number"),
    "too much": (put([one("hap", 170.0)]), "out of range"),
    "nan": (put([one("hap", float("nan"))]), "out of range"),
    "twice": (put([one("hap", 50.0), one("hap", 50.0)]), "duplicate"),
}


def written(folder: Path) -> Path:
    return write_submission(SPEC, ANSWERS, submission_path(SPEC, folder, "team"))


def test_the_most_salient_emotion_comes_first(tmp_path: Path) -> None:
    told = json.loads(written(tmp_path).read_text())
    assert told[BLEND] == [one("hap", 70.0), one("ang", 30.0)]
    assert told["A102_ang_int1_ver1"] == [one("neu", 100.0)]
    report = check_submission(SPEC, written(tmp_path), expected_ids=ANSWERS)
    assert report.is_ok
    assert report.answers == ANSWERS


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_lists(damage: str, tmp_path: Path) -> None:
    spoil, kind = DAMAGE[damage]
    path = written(tmp_path)
    told = json.loads(path.read_text())
    spoil(told)
    path.write_text(json.dumps(told))
    report = check_submission(SPEC, path, expected_ids=ANSWERS)
    assert not report.is_ok
    assert kind in report.kinds, str(report)


@pytest.mark.parametrize("text", ["", "[", "[]", "{", '"hap"', "{}", "[" * 100_000])
def test_what_is_no_such_json(text: str, tmp_path: Path) -> None:
    path = tmp_path / "team.json"
    path.write_text(text)
    assert not check_submission(SPEC, path, expected_ids=ANSWERS).is_ok


def test_a_clip_that_comes_twice_is_told(tmp_path: Path) -> None:
    path = written(tmp_path)
    line = f'"{BLEND}": [{{"emotion": "sad", "salience": 100}}],'
    path.write_text(path.read_text().replace("{\n", "{\n" + line, 1))
    assert "duplicate" in check_submission(SPEC, path, expected_ids=ANSWERS).kinds


def test_what_no_blend_has_is_a_warning(tmp_path: Path) -> None:
    answers: dict[str, Answer] = {"a": (40.0, 40.0, 40.0, 0.0, 0.0, 0.0)}
    path = write_submission(SPEC, answers, tmp_path / "team.json")
    report = check_submission(SPEC, path, expected_ids=answers)
    assert report.is_ok
    assert report.kinds == {"not 100 in all", "more than 2 emotions"}
