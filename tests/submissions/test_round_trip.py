from __future__ import annotations

import math
from pathlib import Path

import pytest

from emotiw.challenges import read_challenge, submission_ids
from emotiw.challenges.spec import load_spec, spec_names
from submissions import check_submission, submission_path, write_submission
from tests.challenges.corpora import make_corpus, random_answers


@pytest.mark.parametrize("name", spec_names())
def test_read_predict_write_check_read_back(name: str, tmp_path: Path) -> None:
    spec = load_spec(name)
    truth = make_corpus(spec, tmp_path / "corpus")
    manifest, *_ = read_challenge(spec, tmp_path / "corpus")
    assert {clip.clip_id: clip.split for clip in manifest} == truth.splits
    assert manifest.answer_key() == truth.answers
    rows = submission_ids(spec, tmp_path / "corpus", manifest) or tuple(truth.rows)
    assert sorted(rows) == sorted(truth.rows)

    answers = random_answers(spec, truth.rows)
    path = submission_path(spec, tmp_path, "team")
    write_submission(spec, answers, path, expected_ids=rows)
    report = check_submission(spec, path, expected_ids=rows)
    assert report.is_ok, str(report)
    assert report.answers.keys() == answers.keys()
    for row, answer in answers.items():
        assert report.answers[row] == answer, row

    again = tmp_path / "again" / path.name
    write_submission(spec, answers, again, expected_ids=rows)
    assert again.read_bytes() == path.read_bytes()


def test_numbers_are_written_to_be_read_back(tmp_path: Path) -> None:
    spec = load_spec("cohesion2019")
    path = write_submission(spec, {"a": 0.1 + 0.2, "b": math.e}, tmp_path / "t.zip")
    report = check_submission(spec, path, expected_ids=["a", "b"])
    assert report.answers == {"a": 0.30000000000000004, "b": math.e}


def test_names_with_commas_and_quotes_are_fields_as_csv_has_them(tmp_path: Path) -> None:
    spec = load_spec("meld")
    answers = {"Smith, John": "joy", 'the "last"': "anger", "plain one": "fear"}
    path = write_submission(spec, answers, tmp_path / "t.csv", expected_ids=answers)
    assert path.read_text().splitlines()[1:] == [
        '"Smith, John",joy', '"the ""last""",anger', "plain one,fear",
    ]  # fmt: skip
    report = check_submission(spec, path, expected_ids=answers)
    assert report.is_ok, str(report)
    assert report.answers == answers
    path.write_text(path.read_text().replace("plain one", '"plain one"'))
    assert check_submission(spec, path, expected_ids=answers).kinds >= {"missing", "unexpected"}
