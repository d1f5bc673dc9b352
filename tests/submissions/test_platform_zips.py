"""What platforms of CodaLab's kind give zero for, or refuse with "no such file"."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from emotiw.challenges.spec import load_spec
from submissions import CheckReport, check_submission, write_submission

MER = load_spec("mer2026")


def zipped(folder: Path, members: dict[str, str]) -> Path:
    path = folder / "team.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def check(path: Path) -> CheckReport:
    return check_submission(MER, path, expected_ids=["a", "b"])


TABLE = "name,discrete\na,sad\nb,happy\n"


def test_a_table_at_the_top_of_a_zip_is_welcome(tmp_path: Path) -> None:
    report = check(zipped(tmp_path, {"submission.csv": TABLE}))
    assert report.is_ok, str(report)
    assert report.kinds == {"table in a zip", "never predicted"}
    assert report.answers == {"a": "sad", "b": "happy"}


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"team/submission.csv": TABLE}, "folder in the zip"),
        ({"answers.csv": TABLE}, "wrong name"),
        ({"submission.csv": TABLE, "readme.txt": "hello"}, "wrong number of files"),
        ({"submission.csv": TABLE, "__MACOSX/._submission.csv": "x"}, "hidden file"),
        ({"submission.csv": TABLE.replace("sad", "Sad")}, "wrong case"),
        ({}, "empty zip"),
    ],
)
def test_other_zips_of_a_table_are_refused(
    members: dict[str, str], kind: str, tmp_path: Path
) -> None:
    report = check(zipped(tmp_path, members))
    assert not report.is_ok
    assert kind in report.kinds, str(report)


def test_a_zipped_folder_of_texts_is_told_what_to_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"team/1.txt": "Sad", "team/2.txt": "Happy"})
    report = check_submission(load_spec("afew2017"), path, expected_ids=["1", "2"])
    assert "zip the texts, not the folder 'team'" in str(report)


def test_a_folder_around_the_tables_is_told(tmp_path: Path) -> None:
    spec = load_spec("muse2021_arousal")
    good = write_submission(spec, {"2/0/1": 0.5}, tmp_path / "good.zip")
    assert "folder in the zip" not in check_submission(spec, good, expected_ids=["2/0/1"]).kinds
    path = zipped(tmp_path, {"team/csv/2.csv": "timestamp,segment_id,value\n0,1,0.5\n"})
    report = check_submission(spec, path, expected_ids=["2/0/1"])
    assert "zip csv, not the folder around it" in str(report)
