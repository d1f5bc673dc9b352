from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from emotiw.challenges.spec import load_spec
from emotiw.core.errors import SubmissionError
from submissions import write_submission
from submissions.attempts import Attempts

SPEC = load_spec("afew2017")
DAY = datetime(2017, 7, 1, 12, tzinfo=UTC)
SHEET = "Overall Classification Accuracy: 60.030628\n"


def submission(folder: Path, label: str) -> Path:
    return write_submission(SPEC, {"1": label, "2": "Sad"}, folder / "team.zip")


def test_attempts_are_counted_and_kept(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path / "ledger")
    assert attempts.left(SPEC) == 7
    first = attempts.add(
        SPEC, submission(tmp_path, "Sad"), run="a", config="c0ffee", val=48.3, date=DAY
    )
    second = attempts.add(SPEC, submission(tmp_path, "Happy"), run="b", date=DAY)
    assert (first.number, second.number) == (1, 2)
    assert first.date == "2017-07-01T12:00:00+00:00"
    assert attempts.left(SPEC) == 5
    assert attempts.rows(SPEC.name) == [first, second]
    assert attempts.rows("vgaf") == []
    answers = attempts.earlier_answers(SPEC, ["1", "2"])
    assert answers["attempt 1"] == {"1": "Sad", "2": "Sad"}
    assert answers["attempt 2"] == {"1": "Happy", "2": "Sad"}


def test_the_organisers_answer_is_noted(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path)
    attempts.add(SPEC, submission(tmp_path, "Sad"), run="a", val=48.25, date=DAY)
    sheet = tmp_path / "results.txt"
    sheet.write_text(SHEET)
    attempt, result = attempts.record_result(SPEC, 1, sheet)
    assert result.value == attempt.test == 60.030628
    assert attempt.gap == pytest.approx(11.780628)
    assert attempts.rows() == [attempt]
    assert (tmp_path / attempt.sheet).read_text() == SHEET
    with pytest.raises(SubmissionError, match="no attempt 2"):
        attempts.record_result(SPEC, 2, sheet)
    sheet.write_text("Overall Mean Square Error: 0.06\n")
    with pytest.raises(SubmissionError, match="gives mse"):
        attempts.record_result(SPEC, 1, sheet)


@pytest.mark.parametrize(("told", "kept"), [(0.41, 41.0), (41.0, 41.0), (0.0, 0.0), (1, 100.0)])
def test_a_share_is_kept_in_percent(tmp_path: Path, told: float, kept: float) -> None:
    attempts = Attempts(tmp_path)
    attempts.add(SPEC, submission(tmp_path, "Sad"), run="a", val=48.3, date=DAY)
    assert attempts.record_value(SPEC, 1, told).test == kept
    sheet = tmp_path / "results.txt"
    sheet.write_text(f"Overall Classification Accuracy: {told}\n")
    assert attempts.record_result(SPEC, 1, sheet)[0].test == kept


@pytest.mark.parametrize("told", [-1.0, 160.0, float("nan"), float("inf")])
def test_no_score_is_kept_that_the_metric_cannot_have(tmp_path: Path, told: float) -> None:
    attempts = Attempts(tmp_path)
    attempts.add(SPEC, submission(tmp_path, "Sad"), run="a", val=48.3, date=DAY)
    with pytest.raises(SubmissionError, match=r"score is .*: accuracy is from 0 to 100"):
        attempts.record_value(SPEC, 1, told)
    assert attempts.rows()[0].test is None


def test_no_attempt_is_wasted(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path)
    path = submission(tmp_path, "Sad")
    attempts.add(SPEC, path, run="a", date=DAY)
    with pytest.raises(SubmissionError, match="same file as attempt 1"):
        attempts.add(SPEC, path, run="a", date=DAY)
    one_left = SPEC.model_copy(update={"attempts": 1})
    with pytest.raises(SubmissionError, match="all 1 attempts are used up"):
        attempts.add(one_left, submission(tmp_path, "Fear"), run="a", date=DAY)
    assert attempts.left(load_spec("vgaf2023")) is None


def test_a_row_taken_out_by_hand_leaves_the_others_their_numbers(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path)
    for label in ("Sad", "Fear"):
        attempts.add(SPEC, submission(tmp_path, label), run="a", date=DAY)
    ledger = tmp_path / "attempts.csv"
    head, _, second = ledger.read_text().splitlines()
    ledger.write_text(f"{head}\n{second}\n")
    attempts.add(SPEC, submission(tmp_path, "Happy"), run="b", date=DAY)
    assert [row.number for row in attempts.rows()] == [2, 3]
    assert attempts.earlier_answers(SPEC, ["1", "2"])["attempt 2"]["1"] == "Fear"


def test_a_ledger_spoilt_by_hand_is_named_by_line(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path)
    attempts.add(SPEC, submission(tmp_path, "Sad"), run="a", val=48.3, date=DAY)
    ledger = tmp_path / "attempts.csv"
    text = ledger.read_text()
    ledger.write_text(text.replace("48.3", "much"))
    with pytest.raises(SubmissionError, match="line 2"):
        attempts.rows()
    ledger.write_text(text.replace("\n", ",mood\n"))
    with pytest.raises(SubmissionError, match="line 2: unknown columns mood; notes go into"):
        attempts.rows()
    ledger.write_text(text.replace("number", "no"))
    with pytest.raises(SubmissionError, match="line 1: no column 'number'"):
        attempts.rows()


def test_lines_of_a_ledger_are_those_that_an_editor_shows(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path)
    for label in ("Sad", "Fear"):
        sent = submission(tmp_path, label)
        attempts.add(SPEC, sent, run="a", val=48.3, note="two\nlines", date=DAY)
    ledger = tmp_path / "attempts.csv"
    first, second, rest = ledger.read_text().split("two\nlines")
    ledger.write_text(first + "two\nlines" + second.replace("48.3", "much") + "two\nlines" + rest)
    with pytest.raises(SubmissionError, match="line 4: "):
        attempts.rows()
