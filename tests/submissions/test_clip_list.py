from __future__ import annotations

import os
from pathlib import Path

import pytest

from emotiw.challenges.spec import load_spec
from emotiw.core.errors import SubmissionError
from emotiw.runs.stages.submit import check_alone
from submissions import write_submission
from submissions.clip_list import read_clip_list

ANSWERS = {"000029320": "Happy", "011145880": "Sad"}


@pytest.mark.parametrize("extension", ["", ".mp4", ".avi", ".AVI"])
def test_a_list_may_have_extensions(extension: str, tmp_path: Path) -> None:
    path = write_submission(load_spec("afew2017"), ANSWERS, tmp_path / "NTechLab.zip")
    clips = tmp_path / "test_videos.txt"
    clips.write_text("".join(f"{name}{extension}\r\n" for name in ANSWERS))
    report = check_alone("afew2017", path, clips)
    assert report.is_ok, str(report)
    assert report.n_answers == 2


def test_photographs_of_one_stem_stay_two(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png", "b.png"):
        (tmp_path / name).touch()
    assert read_clip_list(load_spec("gaf2017"), tmp_path) == ["a.jpg", "a.png", "b"]


def test_only_the_media_of_a_folder_count(tmp_path: Path) -> None:
    for name in ("1.avi", "2.AVI", ".DS_Store", "._1.avi", "Thumbs.db", "desktop.ini", "read.txt"):
        (tmp_path / name).touch()
    assert read_clip_list(load_spec("afew2017"), tmp_path) == ["1", "2"]


def test_texts_named_after_the_clips_do_where_there_are_no_media(tmp_path: Path) -> None:
    for name in ("1.txt", "2.txt", ".DS_Store"):
        (tmp_path / name).touch()
    assert read_clip_list(load_spec("afew2017"), tmp_path) == ["1", "2"]


def test_a_name_that_comes_twice_is_one(tmp_path: Path) -> None:
    clips = tmp_path / "clips.txt"
    clips.write_text("1.avi\n2.avi\n1.avi\n")
    assert read_clip_list(load_spec("afew2017"), clips) == ["1", "2"]


def test_rows_of_frames_are_left_as_they_are(tmp_path: Path) -> None:
    rows = tmp_path / "rows.txt"
    rows.write_text("2/00001.jpg\n2/00002.jpg\n")
    assert read_clip_list(load_spec("abaw6_va"), rows) == ["2/00001.jpg", "2/00002.jpg"]


def test_no_list_is_said(tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match="no folder or list"):
        read_clip_list(load_spec("afew2017"), tmp_path / "none.txt")
    with pytest.raises(SubmissionError, match="names no test clips"):
        read_clip_list(load_spec("afew2017"), tmp_path)
    (tmp_path / "clips.txt").write_text("1\n2\n", encoding="utf-16")
    with pytest.raises(SubmissionError, match=r"clips.txt: can't be read"):
        read_clip_list(load_spec("afew2017"), tmp_path / "clips.txt")


@pytest.mark.parametrize("kind", ["pipe", "folder", "nothing"])
def test_what_is_no_file_is_not_waited_for(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "team.zip"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    assert check_alone("afew2017", path).kinds >= {"can't be read", "wrong number"}
