"""Scores from elsewhere where answers are several, and asked for step by step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import TableError
from emotiw.core.imported_scores import import_scores, table_from_frame
from emotiw.core.several import Presence, Several
from emotiw.core.steps import Steps
from emotiw.core.task import Classification, Regression

TASK = Several((Regression(("valence",), (-1.0, 1.0)), Presence(("AU12",))))
TIMES = np.array([0.0, 0.5, 1.0])


@pytest.fixture
def cohort() -> Cohort:
    answers = np.array([[0.1, 1.0], [np.nan, 0.0], [0.3, np.nan]])
    steps = {clip: Steps(("0", "1", "2"), TIMES, answers) for clip in ("a", "b", "c")}
    clips = [
        Clip("a", Path(), "train", group="ann", fold=0),
        Clip("b", Path(), "train", group="bob", fold=1),
        Clip("c", Path(), "val", group="cid"),
    ]
    return Cohort(clips, task=TASK, steps=steps)


def write(folder: Path, text: str) -> Path:
    path = folder / "net.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_of_steps_are_joined_by_their_ids(cohort: Cohort, tmp_path: Path) -> None:
    path = write(tmp_path, "clip_id,AU12,valence\nb/2,0.9,-0.5\na/0,0.25,0.5\n")
    table = import_scores(path, cohort, name="net")
    assert table.is_by_step
    assert table.aligned_to(["a/0", "b/2"]).tolist() == [[0.5, 0.25], [-0.5, 0.9]]
    assert dict(zip(table.clip_ids, table.fold, strict=True)) == {"a/0": 0, "b/2": 1}
    assert table.seen_groups[0] == {"bob"}
    assert dict(zip(table.clip_ids, table.times, strict=True)) == {"a/0": 0.0, "b/2": 1.0}


def test_rows_of_times_are_taken_to_the_steps(cohort: Cohort, tmp_path: Path) -> None:
    text = "clip_id,time_sec,valence,AU12\na,0,0.0,0.2\na,1,0.4,0.6\nc,0.5,0.1,0.9\n"
    table = import_scores(write(tmp_path, text), cohort, name="net")
    found = table.aligned_to(["a/0", "a/1", "a/2", "c/1"])
    np.testing.assert_allclose(found, [[0, 0.2], [0.2, 0.4], [0.4, 0.6], [0.1, 0.9]])
    assert set(table.fold) == {0, None}
    assert table.split[table.clip_ids.index("c/1")] == "val"
    # the cohort of steps alone says the same
    again = import_scores(tmp_path / "net.csv", cohort.rows, name="net")
    assert again.to_files() == table.to_files()


def test_a_row_a_clip_says_the_same_throughout(cohort: Cohort) -> None:
    frame = pd.DataFrame({"clip_id": ["a", "b"], "valence": [0.5, -0.5], "AU12": [0.0, 1.0]})
    table = table_from_frame(frame, cohort, name="net")
    assert table.aligned_to(["b/0", "b/1", "b/2"]).tolist() == [[-0.5, 1.0]] * 3


def test_our_own_table_is_read_without_its_record(cohort: Cohort, tmp_path: Path) -> None:
    frame = pd.DataFrame({"clip_id": ["a/0", "c/2"], "valence": [0.5, -0.5], "AU12": [0.1, 0.9]})
    table = table_from_frame(frame, cohort, name="net")
    table.write_csv(tmp_path / "own.csv")
    (tmp_path / "own.json").unlink()
    again = import_scores(tmp_path / "own.csv", cohort, name="net")
    assert again.to_files() == table.to_files()


def test_presences_are_read_by_their_kind(cohort: Cohort) -> None:
    logits = pd.DataFrame({"clip_id": ["a/0", "a/1"], "valence": [0.5, -0.5], "AU12": [0.0, -3.0]})
    told = table_from_frame(logits, cohort, name="net").aligned_to(["a/0", "a/1"])
    np.testing.assert_allclose(told, [[0.5, 0.5], [-0.5, 1 / (1 + np.exp(3))]])
    odd = logits.assign(AU12=[0.0, 3.0])
    with pytest.raises(TableError, match="above 1; say which kind"):
        table_from_frame(odd, cohort, name="net")
    kept = table_from_frame(odd, cohort, name="net", kind="logits").aligned_to(["a/0"])
    assert kept.tolist() == [[0.5, 0.5]]
    with pytest.raises(TableError, match="outside 0 to 1"):
        table_from_frame(odd, cohort, name="net", kind="probabilities")


def test_a_label_beside_a_number_is_read_as_ever() -> None:
    task = Several((Classification(("Happy", "Sad")), Regression(("valence",), None)))
    clips = [Clip(c, Path(), "val", group=c, answers=("Sad", 0.5)) for c in "abc"]
    frame = pd.DataFrame(
        {"clip_id": list("abc"), "sadness": [2.0, -1.0, 0.0], "Happy": [0.0, 1.0, 0.0],
         "valence": [7.0, 8.0, 9.0]}
    )  # fmt: skip
    with pytest.warns(match="logits"):
        table = table_from_frame(frame, Cohort(clips, task=task), name="net")
    found = table.aligned_to(list("abc"))
    np.testing.assert_allclose(found[:2].sum(axis=1), [8.0, 9.0])
    assert np.isnan(found[2]).all()  # zeros alone say nothing, and so does the row


def test_what_is_wrong_with_times_is_told_by_line(cohort: Cohort, tmp_path: Path) -> None:
    text = "clip_id,time_sec,valence,AU12\na,0,0,0\na,,0,0\na,soon,0,0\n"
    with pytest.raises(TableError, match=r"line 3: no time_sec\n.*line 4: time_sec 'soon' is not"):
        import_scores(write(tmp_path, text), cohort, name="net")
    twice = "clip_id,time_sec,valence,AU12\na,0,0,0\na,0,0,0\n"
    with pytest.raises(TableError, match="'a' has more than one row at a time"):
        import_scores(write(tmp_path, twice), cohort, name="net")
    clips = Cohort([Clip("a", Path(), "val", target=0.5)], task=Regression(("valence",)))
    timed = "clip_id,time_sec,valence\na,0,0\n"
    with pytest.raises(TableError, match="column 'time_sec' is no label"):
        import_scores(write(tmp_path, timed), clips, name="net")
