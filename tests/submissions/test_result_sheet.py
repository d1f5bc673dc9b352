from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emotiw.challenges.spec import load_spec
from emotiw.core.errors import SubmissionError
from submissions.result_sheet import parse_result_sheet, read_result_sheet

SMALL = """\
Overall Classification Accuracy: 60.000000

Good Classification Accuracy: 75.000000
Bad Classification Accuracy: 0.000000

Confusion Matrix:

3 1
1 0
"""


def test_figures_are_recomputed_from_the_matrix() -> None:
    sheet = parse_result_sheet(SMALL, ("Good", "Bad"))
    assert sheet.metric == "accuracy"
    assert sheet.value == 60.0
    assert sheet.recomputed() == {"overall": 60.0, "Good": 75.0, "Bad": 0.0}
    assert sheet.differences() == []


def test_a_wrong_figure_is_found() -> None:
    sheet = parse_result_sheet(SMALL.replace("75.000000", "75.000001"))
    assert sheet.differences() == ["Good: printed 75.000001, the matrix gives 75.000000"]


def test_a_class_without_clips_has_no_figure() -> None:
    sheet = parse_result_sheet(SMALL.replace("1 0", "0 0").replace("60.0", "75.0"))
    assert np.isnan(sheet.recomputed()["Bad"])
    assert sheet.differences() == []


def test_engagement_sheets_have_errors_per_level() -> None:
    sheet = parse_result_sheet(
        "Overall Mean Square Error: 0.062608\n"
        "Mean Square Error for Engagement level 0: 0.246000\n"
        "Mean Square Error for Engagement level 3: 0.138000\n"
    )
    assert sheet.metric == "mse"
    assert sheet.value == 0.062608
    assert sheet.parts["Engagement level 3"] == "0.138000"
    assert sheet.differences() == []


def test_a_sheet_of_2019_is_read_with_its_blanks() -> None:
    """The numbers that kaiwang960112/EmotiW_2019_engagement_regression had for its first run."""
    levels = ("0.250533", "0.047279", "0.015368", "0.162788")
    lines = [f"Mean Square Error for Engagement level {n}: {mse} " for n, mse in enumerate(levels)]
    sheet = parse_result_sheet("\n".join(["Overall Mean Square Error: 0.062608 ", "", *lines, ""]))
    assert (sheet.metric, sheet.value) == ("mse", 0.062608)
    assert tuple(sheet.parts.values()) == levels


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Overall Classification Accuracy: 60.000000", "", "one overall score, found 0"),
        ("75.000000", "75%", "line 3: '75%' is not a number"),
        ("Good Class", "Godo Class", "line 3: unknown class 'Godo'; did you mean 'Good'"),
        ("Bad Class", "Good Class", "line 4: Good comes twice"),
        ("1 0", "1", "should be 2 by 2"),
        ("Confusion Matrix:", "Confused:", "line 6: can't be understood: 'Confused:'"),
    ],
)
def test_what_cannot_be_understood_is_named(old: str, new: str, words: str) -> None:
    with pytest.raises(SubmissionError) as caught:
        parse_result_sheet(SMALL.replace(old, new), ("Good", "Bad"))
    assert words in str(caught.value)


@pytest.mark.real_data
def test_the_real_sheet_of_2017(real_data: Path) -> None:
    spec = load_spec("afew2017")
    sheet = read_result_sheet(real_data / "formats/emotiw2017_result_sheet.txt", spec.labels)
    assert sheet.overall == "60.030628"
    assert tuple(sheet.parts) == spec.labels
    assert sheet.matrix is not None
    assert sheet.matrix.sum() == spec.sizes["test"]
    assert sheet.differences() == []
    assert f"{sheet.recomputed()['overall']:.6f}" == "60.030628"
    for label, printed in sheet.parts.items():
        assert f"{sheet.recomputed()[label]:.6f}" == printed
