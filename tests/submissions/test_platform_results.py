from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from emotiw.challenges.spec import load_spec
from emotiw.core.errors import SubmissionError
from emotiw.evaluation.metrics import metric_named
from submissions import write_submission
from submissions.attempts import Attempts
from submissions.platform_results import read_platform_result

CODABENCH = '{"weighted_f1": 0.8749, "accuracy": 0.88, "duration": 3.2}'
EVALAI = '[{"test_split": {"WAF": 87.49, "Accuracy": 88.0}}]'
CODALAB = "waf: 0.8749\naccuracy: 0.88\n"


@pytest.mark.parametrize("text", [CODABENCH, EVALAI, CODALAB, '{"score": 0.8749, "x": 1}'])
def test_platforms_tell_the_same(text: str) -> None:
    result = read_platform_result(text, metric_named("weighted_f1"))
    assert result is not None
    assert (result.metric, result.value) == ("weighted_f1", 87.49)
    assert result.differences() == []


def test_errors_are_no_shares() -> None:
    result = read_platform_result('{"MSE": 0.0597}', metric_named("mse"))
    assert result is not None
    assert result.value == 0.0597


@pytest.mark.parametrize(
    "text",
    ["", "thank you for your submission", "Overall Classification Accuracy: 60.0", "[]", '"x"'],
)
def test_what_is_no_result_of_a_platform(text: str) -> None:
    assert read_platform_result(text, metric_named("accuracy")) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"valence": 0.4, "arousal": 0.5}', "none of these is called ccc: valence 0.4"),
        ('{"ccc": NaN}', "ccc is nan"),
        ('{"mse": 0.06}', "none of these is called ccc: mse 0.06"),
        ('[{"train": {"CCC": 0.9}}, {"test": {"CCC": 0.5}}]', "CCC is 0.5, 0.9: which counts"),
        ('{"ccc": 0.9, "CCC": 0.5}', "0.5, 0.9: which counts"),
        ('{"ccc": 0.9, "ccc": 0.5}', "0.5, 0.9: which counts"),
        ("ccc: 0.9\nccc: 0.5", "0.5, 0.9: which counts"),
        ('{"a": 0.9, "b": 0.5}', "none of these is called ccc: a 0.9, b 0.5"),
        ('{"ccc": 61.0}', "ccc is 61: ccc is from -1 to 1"),
    ],
)
def test_what_does_not_tell_the_score_is_refused(text: str, says: str) -> None:
    with pytest.raises(SubmissionError, match=says):
        read_platform_result(text, metric_named("ccc"), where="scores.json")


def test_a_result_goes_into_the_ledger(tmp_path: Path) -> None:
    spec, attempts = load_spec("mer2025"), Attempts(tmp_path)
    path = write_submission(spec, {"a": "sad"}, tmp_path / "submission.csv")
    attempts.add(spec, path, run="mine", val=80.0, date=datetime(2025, 7, 1, tzinfo=UTC))
    scores = tmp_path / "scores.json"
    scores.write_text(CODABENCH)
    attempt, _ = attempts.record_result(spec, 1, scores)
    assert attempt.test == 87.49
    assert attempt.gap == pytest.approx(7.49)
    assert (tmp_path / attempt.sheet).read_text() == CODABENCH
    scores.write_text('{"weighted_f1": 0.0061}')
    assert attempts.record_result(spec, 1, scores)[0].test == 0.61
