"""What is told, and how: files that are named, rows as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import os
from itertools import pairwise
from pathlib import Path

import pytest

from emotiw.core.errors import ConfigError
from emotiw.core.task import Classification
from emotiw.predict.inputs import media_files
from emotiw.predict.predict_files import Wanted, predict_files
from emotiw.predict.prediction_rows import FilePrediction, Row, as_csv, as_json, mean_over_time
from emotiw.predict.windows import window_spans

FOUND = FilePrediction(
    "a, b.mp4",
    Classification(("Happy", "Sad")),
    duration_sec=4.0,
    rows=(
        Row(None, 0, 4, True, 9, (0.25, 0.75), {"voice": (0.5, 0.5)}),
        Row(1, 0, 2, False, 0, None),
    ),
)
BROKEN = FilePrediction("c.mp4", reason="the file is empty")


def test_every_row_is_in_the_csv_and_a_broken_file_with_its_reason() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv([FOUND, BROKEN]))))
    assert [row["file"] for row in rows] == ["a, b.mp4", "a, b.mp4", "c.mp4"]
    assert rows[0]["prediction"] == "Sad"
    assert (float(rows[0]["Happy"]), float(rows[0]["Sad"])) == (0.25, 0.75)
    assert (rows[0]["person"], rows[1]["person"]) == ("", "1")
    assert (rows[1]["Happy"], rows[1]["reason"]) == ("", "nothing to go by")
    assert rows[2]["reason"] == "the file is empty"


def test_json_holds_the_scores_of_each_model() -> None:
    told = json.loads(json.dumps(as_json([FOUND, BROKEN])))
    assert told[0]["rows"][0]["models"] == {"voice": {"Happy": 0.5, "Sad": 0.5}}
    assert told[0]["rows"][1]["scores"] is None
    assert told[1] == {**told[1], "reason": "the file is empty", "rows": []}


def test_a_long_file_names_the_models_that_said_something_of_a_person() -> None:
    parts = [Row(1, 0, 10, False, 0, None, {"scene": (0.5, 0.5)}), Row(1, 10, 20, False, 0, None)]
    rows = mean_over_time(parts, 20.0)
    (told,) = as_json([FilePrediction("a.mp4", FOUND.task, 20.0, tuple(rows))])
    assert told["rows"][0]["models"] == {}


def test_folders_give_their_media_in_order_and_no_file_twice(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.JPG", "notes.txt", "deep/c.wav", ".hidden/d.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = media_files([tmp_path / "b.mp4", tmp_path])
    assert [path.name for path in found.values()] == ["b.mp4", "a.JPG", "c.wav"]
    assert list(media_files([tmp_path / "notes.txt"])) == [str(tmp_path / "notes.txt")]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.mp4: no such file"):
        media_files([tmp_path / "nowhere.mp4"])
    with pytest.raises(ConfigError, match="no video, photograph or recording"):
        media_files([tmp_path])


def test_what_is_no_file_is_an_answer_in_a_folder_and_an_error_alone(tmp_path: Path) -> None:
    (tmp_path / "caf\udce9.mp4").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe.mp4")
    found = media_files([tmp_path])
    assert [*found] == [f"{tmp_path}/caf\\udce9.mp4", f"{tmp_path}/pipe.mp4"]
    (tmp_path / "pipe.mp4").unlink()
    told = predict_files(media_files([tmp_path]), Wanted())
    assert told[0].reason.encode().startswith(rb"caf\udce9.mp4: not a video")
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(ConfigError, match=r"pipe\.mp4: not a regular file \(a named pipe\)"):
        media_files([tmp_path / "pipe.mp4"])


@pytest.mark.parametrize(
    ("window", "hop"),
    [
        (0.0, None),
        (1.0, 0.0),
        (1.0, 2.0),
        (-1.0, None),
        (float("nan"), None),
        (1.0, float("nan")),
        (1e-9, None),
    ],
)
def test_windows_that_make_no_sense_are_refused(window: float, hop: float | None) -> None:
    with pytest.raises(ConfigError):
        window_spans(5.0, window, hop)


def test_windows_cover_everything() -> None:
    found = window_spans(9.7, 2.0, 0.7)
    assert found[0][0] == 0
    assert found[-1][1] == 9.7
    assert all(next_start <= end for (_, end), (next_start, _) in pairwise(found))
