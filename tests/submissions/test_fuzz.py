"""Whatever bytes arrive: a report, never a crash."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from emotiw.challenges.spec import Answer, load_spec
from emotiw.core.errors import SubmissionError
from submissions import check_submission, submission_path, write_submission
from submissions.result_sheet import parse_result_sheet

quick = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TABLE = b"image_location,valence,arousal\n2/00001.jpg,0.5,-0.5\n"


@quick
@given(data=st.binary(max_size=200), at=st.integers(0, len(TABLE)))
def test_any_bytes_in_a_table(data: bytes, at: int, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(TABLE[:at] + data)
    report = check_submission(load_spec("abaw6_va"), path, expected_ids=["2/00001.jpg"])
    assert str(report)
    if report.is_ok:
        (numbers,) = report.answers.values()
        assert isinstance(numbers, tuple)
        assert all(-1 <= float(number) <= 1 for number in numbers)


@pytest.mark.parametrize("name", ["afew2017", "muse2021_arousal"])
def test_any_bytes_in_a_zip(name: str, tmp_path: Path) -> None:
    spec = load_spec(name)
    answers: dict[str, Answer] = (
        {"1": "Sad", "2": "Happy"} if spec.labels else {"1/0/1": 0.5, "2/0/1": 0.25}
    )
    path = write_submission(spec, answers, submission_path(spec, tmp_path, "team"))
    good = path.read_bytes()
    rng = random.Random(0)
    for _ in range(150):
        data = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(bytes(data[: rng.choice([len(data), rng.randrange(len(data))])]))
        report = check_submission(spec, path, expected_ids=answers)
        assert str(report)
        if report.is_ok:
            assert report.answers.keys() == answers.keys()


@quick
@example(text=";")
@example(text="9" * 30)
@given(text=st.text(max_size=200))
def test_any_text_as_a_result_sheet(text: str) -> None:
    for sheet in (text, f"Overall Classification Accuracy: {text}", f"Confusion Matrix:\n{text}"):
        with suppress(SubmissionError):
            parse_result_sheet(sheet)
