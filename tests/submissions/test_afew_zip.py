from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from emotiw.challenges.spec import load_spec
from emotiw.core.errors import SubmissionError
from submissions import check_submission, submission_path, write_submission

SPEC = load_spec("afew2017")
ANSWERS = {"011145880": "Happy", "000143240": "Sad", "000000001": "Angry"}


def test_the_zip_is_what_the_organisers_asked_for(tmp_path: Path) -> None:
    path = submission_path(SPEC, tmp_path, "NTechLab")
    write_submission(SPEC, ANSWERS, path, provenance={"run": 3})
    with zipfile.ZipFile(path) as archive:
        assert {n: archive.read(n) for n in archive.namelist()} == {
            "000000001.txt": b"Angry",
            "000143240.txt": b"Sad",
            "011145880.txt": b"Happy",
        }
    card = json.loads((tmp_path / "NTechLab.zip.json").read_text())
    assert card["run"] == 3
    assert card["n_answers"] == 3
    report = check_submission(SPEC, path, expected_ids=ANSWERS)
    assert report.is_ok
    assert report.answers == ANSWERS


def test_the_same_answers_give_the_same_bytes(tmp_path: Path) -> None:
    ids = list(ANSWERS)
    one = write_submission(SPEC, ANSWERS, tmp_path / "a.zip", expected_ids=ids)
    turned = dict(reversed(ANSWERS.items()))
    two = write_submission(SPEC, turned, tmp_path / "b.zip", expected_ids=ids[::-1])
    assert one.read_bytes() == two.read_bytes()


def test_a_prediction_that_cannot_be_handed_in_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SubmissionError) as caught:
        write_submission(
            SPEC,
            {"1": "Angy", "2": "Sad", "4": 0.5},
            tmp_path / "a.zip",
            expected_ids=["1", "3", "4"],
        )
    message = str(caught.value)
    assert "1 clips missing: 3" in message
    assert "1 clips unexpected: 2" in message
    assert "1: unknown label 'Angy'; did you mean 'Angry'?" in message
    assert "4: unknown label 0.5" in message
    assert not list(tmp_path.iterdir())
