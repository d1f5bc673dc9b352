"""Every way to spoil a submission, and the name that the checker gives it."""

from __future__ import annotations

import io
import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from emotiw.challenges.spec import Answer, ChallengeSpec, load_spec
from submissions import CheckReport, check_submission, submission_path, write_submission

Members = dict[str, bytes]


def check_zip(spec: ChallengeSpec, members: Members, ids: list[str], folder: Path) -> CheckReport:
    path = folder / "team.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return check_submission(spec, path, expected_ids=ids)


def good_members(spec: ChallengeSpec, answers: dict[str, Answer], folder: Path) -> Members:
    path = write_submission(spec, answers, folder / "good.zip")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rename(old: str, new: str) -> Callable[[Members], None]:
    return lambda members: members.__setitem__(new, members.pop(old))


def put(name: str, data: bytes) -> Callable[[Members], None]:
    return lambda members: members.__setitem__(name, data)


WORDS = load_spec("afew2017")
WORD_ANSWERS: dict[str, Answer] = {"000143240": "Happy", "011145880": "Sad", "00A": "Angry"}
WORD_DAMAGE: dict[str, tuple[Callable[[Members], object], str, str]] = {
    "missing": (lambda m: m.pop("00A.txt"), "missing", "00A.txt"),
    "extra": (put("9.txt", b"Sad"), "unexpected", "9.txt"),
    "renamed": (rename("00A.txt", "00B.txt"), "unexpected", "did you mean '00A'"),
    "name in another case": (rename("00A.txt", "00a.txt"), "unexpected", "is it '00A.txt'?"),
    "media extension": (rename("00A.txt", "00A.avi.txt"), "unexpected", "is it '00A.txt'?"),
    "wrong suffix": (rename("00A.txt", "00A.csv"), "unexpected", "is it '00A.txt'?"),
    "lost zeros": (rename("000143240.txt", "143240.txt"), "missing", "000143240.txt"),
    "label in another case": (put("00A.txt", b"angry"), "wrong case", "instead of 'Angry'"),
    "another vocabulary": (put("00A.txt", b"Anger"), "unknown label", "did you mean 'Angry'"),
    "unknown label": (put("00A.txt", b"Bored"), "unknown label", "'Bored'"),
    "number for a word": (put("00A.txt", b"0"), "number for a word", "'0'"),
    "newline": (put("00A.txt", b"Angry\n"), "stray newline", r"b'\n'"),
    "Windows newline": (put("00A.txt", b"Angry\r\n"), "stray newline", r"b'\r\n'"),
    "blank": (put("00A.txt", b"Angry "), "stray blank", "instead of 'Angry'"),
    "byte-order mark": (put("00A.txt", b"\xef\xbb\xbfAngry"), "byte-order mark", "00A.txt"),
    "UTF-16": (put("00A.txt", "Angry".encode("utf-16")), "byte-order mark", "00A.txt"),
    "not text": (put("00A.txt", b"Angr\xff"), "not text", "00A.txt"),
    "empty": (put("00A.txt", b""), "empty", "00A.txt"),
    "two labels": (put("00A.txt", b"Angry,Sad"), "wrong separator", "00A.txt"),
    "nested": (rename("00A.txt", "team/00A.txt"), "folder in the zip", "team/00A.txt"),
    "folder entry": (put("team/", b""), "folder in the zip", "team/"),
    "stray file": (put("readme.md", b"hello"), "unexpected", "readme.md"),
    "macOS copies": (put("__MACOSX/._00A.txt", b"\0"), "hidden file", "__MACOSX/._00A.txt"),
    "desktop file": (put(".DS_Store", b"\0"), "hidden file", ".DS_Store"),
    "path upwards": (put("../00A.txt", b"Angry"), "unsafe name", "'../00A.txt'"),
    "absolute path": (put("/etc/00A.txt", b"Angry"), "unsafe name", "'/etc/00A.txt'"),
    "drive": (put("C:/00A.txt", b"Angry"), "unsafe name", "'C:/00A.txt'"),
    "backslash": (put("a\\00A.txt", b"Angry"), "unsafe name", "00A.txt"),
    "huge text": (put("00A.txt", b"A" * 10_000), "zip bomb", "00A.txt"),
    "names that collide": (put("00a.txt", b"Sad"), "name collision", "00A.txt, 00a.txt"),
}


@pytest.mark.parametrize("damage", WORD_DAMAGE)
def test_damaged_words(damage: str, tmp_path: Path) -> None:
    spoil, kind, words = WORD_DAMAGE[damage]
    members = good_members(WORDS, WORD_ANSWERS, tmp_path)
    spoil(members)
    report = check_zip(WORDS, members, list(WORD_ANSWERS), tmp_path)
    assert not report.is_ok
    assert kind in report.kinds, str(report)
    assert words in str(report)


def test_the_same_damage_in_codes_of_the_data(tmp_path: Path) -> None:
    spec = load_spec("vgaf")
    report = check_zip(spec, {"Test_1.txt": b"1"}, ["Test_1"], tmp_path)
    assert report.kinds >= {"code for a word"}
    assert "the word 'Positive' is wanted" in str(report)


NUMBERS = load_spec("engagewild2020")
NUMBER_ANSWERS: dict[str, Answer] = {"test_11": 0.64, "test_1000": 0.33, "test_subject_100": 1.0}
NUMBER_DAMAGE: dict[str, tuple[Callable[[Members], object], str]] = {
    "missing": (lambda m: m.pop("test_11.txt"), "missing"),
    "extra": (put("test_12.txt", b"0.5"), "unexpected"),
    "renamed": (rename("test_11.txt", "test11.txt"), "unexpected"),
    "case": (rename("test_11.txt", "Test_11.txt"), "unexpected"),
    "word": (put("test_11.txt", b"high"), "not a number"),
    "nan": (put("test_11.txt", b"nan"), "not a number"),
    "infinite": (put("test_11.txt", b"inf"), "not a number"),
    "underscore": (put("test_11.txt", b"0_1"), "not a number"),
    "too large": (put("test_11.txt", b"1.01"), "out of range"),
    "negative": (put("test_11.txt", b"-0.1"), "out of range"),
    "decimal comma": (put("test_11.txt", b"0,64"), "wrong separator"),
    "newline": (put("test_11.txt", b"0.64\n"), "stray newline"),
    "blank": (put("test_11.txt", b" 0.64"), "stray blank"),
    "mark": (put("test_11.txt", b"\xef\xbb\xbf0.64"), "byte-order mark"),
    "empty": (put("test_11.txt", b"  "), "empty"),
    "nested": (rename("test_11.txt", "x/test_11.txt"), "folder in the zip"),
}


@pytest.mark.parametrize("damage", NUMBER_DAMAGE)
def test_damaged_numbers(damage: str, tmp_path: Path) -> None:
    spoil, kind = NUMBER_DAMAGE[damage]
    members = good_members(NUMBERS, NUMBER_ANSWERS, tmp_path)
    spoil(members)
    report = check_zip(NUMBERS, members, list(NUMBER_ANSWERS), tmp_path)
    assert not report.is_ok
    assert kind in report.kinds, str(report)
    assert "test" in str(report)


def replace_once(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def spoil(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new, 1)

    return spoil


TABLES: dict[str, tuple[dict[str, Answer], dict[str, tuple[Callable[[bytes], bytes], str]]]] = {
    "mer2025": (
        {
            "sample_00000001": "happy",
            "sample_00000002": "worried",
            "sample_00000010": "sad",
        },
        {
            "missing": (replace_once(b"sample_00000002,worried\n", b""), "missing"),
            "extra": (lambda d: d + b"sample_3,sad\n", "unexpected"),
            "duplicate": (lambda d: d + b"sample_00000002,sad\n", "duplicate"),
            "renamed": (replace_once(b"sample_00000002", b"sample_2"), "unexpected"),
            "id case": (replace_once(b"sample_00000002", b"Sample_00000002"), "unexpected"),
            "wrong case": (replace_once(b"worried", b"Worried"), "wrong case"),
            "wrong label": (replace_once(b"worried", b"worry"), "unknown label"),
            "number": (replace_once(b"worried", b"4"), "number for a word"),
            "blank": (replace_once(b"worried", b" worried"), "stray blank"),
            "semicolons": (lambda d: d.replace(b",", b";"), "wrong separator"),
            "third field": (replace_once(b"worried", b"worried,0.9"), "wrong number of fields"),
            "no header": (replace_once(b"name,discrete\n", b""), "wrong header"),
            "other header": (replace_once(b"discrete", b"emotion"), "wrong header"),
            "empty line": (lambda d: d + b"\n", "stray newline"),
            "empty answer": (replace_once(b"worried", b""), "empty"),
            "Windows lines": (lambda d: d.replace(b"\n", b"\r\n"), "wrong line end"),
            "mark": (lambda d: b"\xef\xbb\xbf" + d, "byte-order mark"),
            "empty file": (lambda d: b"", "empty"),
            "not text": (replace_once(b"worried", b"\xff"), "not text"),
        },
    ),
    "eat_food": (
        {"test_001": "Crisp", "test_002": "No_Food", "test_010": "Haribo"},
        {
            "missing": (replace_once(b"'test_002';'No_Food'\n", b""), "missing"),
            "extra": (lambda d: d + b"'test_470';'Crisp'\n", "unexpected"),
            "duplicate": (lambda d: d + b"'test_001';'Crisp'\n", "duplicate"),
            "renamed": (replace_once(b"test_001", b"test_1"), "unexpected"),
            "wrong case": (replace_once(b"Crisp", b"crisp"), "wrong case"),
            "other spelling": (replace_once(b"No_Food", b"No Food"), "code for a word"),
            "wrong label": (replace_once(b"Crisp", b"Crips"), "unknown label"),
            "number": (replace_once(b"Crisp", b"3"), "number for a word"),
            "commas": (lambda d: d.replace(b";", b","), "wrong separator"),
            "no quotes": (lambda d: d.replace(b"'", b""), "wrong quotes"),
            "double quotes": (lambda d: d.replace(b"'", b'"'), "wrong quotes"),
            "a header": (lambda d: b"'file_name';'food_type'\n" + d, "unexpected"),
            "empty line": (lambda d: d + b"\n", "stray newline"),
            "mark": (lambda d: b"\xef\xbb\xbf" + d, "byte-order mark"),
            "empty": (lambda d: b"\n", "empty"),
        },
    ),
    "abaw6_expression": (
        {"2-30/00001.jpg": "Neutral", "2-30/00002.jpg": "Other", "10/00001.jpg": "Fear"},
        {
            "missing": (replace_once(b"2-30/00002.jpg,7\n", b""), "missing"),
            "extra": (lambda d: d + b"2-30/00003.jpg,7\n", "unexpected"),
            "duplicate": (lambda d: d + b"10/00001.jpg,3\n", "duplicate"),
            "renamed": (replace_once(b"10/00001.jpg", b"10/1.jpg"), "unexpected"),
            "word": (replace_once(b",7", b",Other"), "word for a number"),
            "one-hot": (replace_once(b",7", b",0,0,0,0,0,0,0,1"), "wrong number of fields"),
            "index out of range": (replace_once(b",7", b",8"), "out of range"),
            "ignored frames": (replace_once(b",7", b",-1"), "not a number"),
            "fraction": (replace_once(b",7", b",7.0"), "not a number"),
            "blanks": (lambda d: d.replace(b",", b" "), "wrong separator"),
            "short header": (replace_once(b",Disgust", b""), "wrong header"),
            "empty answer": (replace_once(b",7", b","), "empty"),
            "empty file": (lambda d: b"", "empty"),
        },
    ),
    "abaw6_va": (
        {"2/00001.jpg": (0.5, -0.5), "2/00002.jpg": (0.25, 1.0), "10/00001.jpg": (0.0, -1.0)},
        {
            "missing": (replace_once(b"2/00002.jpg,0.25,1.0\n", b""), "missing"),
            "extra": (lambda d: d + b"2/00003.jpg,0.5,0.5\n", "unexpected"),
            "duplicate": (lambda d: d + b"2/00002.jpg,0.5,0.5\n", "duplicate"),
            "renamed": (replace_once(b"2/00002.jpg", b"2/00002.png"), "unexpected"),
            "out of range": (replace_once(b"0.25", b"1.25"), "out of range"),
            "nan": (replace_once(b"0.25", b"nan"), "not a number"),
            "word": (replace_once(b"0.25", b"high"), "not a number"),
            "one number": (replace_once(b"0.25,", b""), "wrong number of fields"),
            "semicolons": (lambda d: d.replace(b",", b";"), "wrong separator"),
            "wrong order": (replace_once(b"valence,arousal", b"arousal,valence"), "wrong header"),
            "empty": (replace_once(b"0.25", b""), "empty"),
            "mark": (lambda d: b"\xef\xbb\xbf" + d, "byte-order mark"),
        },
    ),
    "abaw6_au": (
        {"2/00001.jpg": (0.0,) * 12, "2/00002.jpg": (1.0,) * 12},
        {
            "missing": (lambda d: d[: d.index(b"2/00002")], "missing"),
            "extra": (lambda d: d + b"2/3.jpg" + b",0" * 12 + b"\n", "unexpected"),
            "duplicate": (lambda d: d + b"2/00001.jpg" + b",0" * 12 + b"\n", "duplicate"),
            "probability": (replace_once(b",1", b",0.7"), "out of range"),
            "too few": (replace_once(b",1", b""), "wrong number of fields"),
            "two": (replace_once(b",1", b",2"), "out of range"),
            "word": (replace_once(b",1", b",yes"), "not a number"),
            "renamed": (replace_once(b"2/00001", b"3/00001"), "unexpected"),
            "semicolons": (lambda d: d.replace(b",", b";"), "wrong separator"),
            "header": (replace_once(b"AU26", b"AU28"), "wrong header"),
            "empty": (lambda d: b" ", "empty"),
        },
    ),
}


@pytest.mark.parametrize(
    ("name", "damage"), [(name, damage) for name, (_, all_) in TABLES.items() for damage in all_]
)
def test_damaged_tables(name: str, damage: str, tmp_path: Path) -> None:
    spec = load_spec(name)
    answers, damages = TABLES[name]
    spoil, kind = damages[damage]
    path = write_submission(spec, answers, submission_path(spec, tmp_path, "team"))
    assert check_submission(spec, path, expected_ids=answers).is_ok
    path.write_bytes(spoil(path.read_bytes()))
    report = check_submission(spec, path, expected_ids=answers)
    assert not report.is_ok
    assert kind in report.kinds, str(report)


MUSE = load_spec("muse2021_arousal")
MUSE_ANSWERS: dict[str, Answer] = {"2/0/1": 0.5, "2/250/1": -0.25, "10/0/1": 0.0}
MUSE_DAMAGE: dict[str, tuple[Callable[[Members], object], str]] = {
    "missing table": (lambda m: m.pop("csv/10.csv"), "missing"),
    "extra table": (put("csv/11.csv", b"timestamp,segment_id,value\n"), "unexpected"),
    "no folder": (rename("csv/10.csv", "10.csv"), "unexpected"),
    "suffix": (rename("csv/10.csv", "csv/10.CSV"), "unexpected"),
    "missing row": (put("csv/2.csv", b"timestamp,segment_id,value\n0,1,0.5\n"), "missing"),
    "extra row": (put("csv/10.csv", b"timestamp,segment_id,value\n0,1,0\n9,1,0\n"), "unexpected"),
    "twice": (put("csv/10.csv", b"timestamp,segment_id,value\n0,1,0\n0,1,0\n"), "duplicate"),
    "header": (put("csv/10.csv", b"time,segment_id,value\n0,1,0\n"), "wrong header"),
    "separator": (put("csv/10.csv", b"timestamp,segment_id,value\n0;1;0\n"), "wrong separator"),
    "word": (put("csv/10.csv", b"timestamp,segment_id,value\n0,1,low\n"), "not a number"),
    "empty": (put("csv/10.csv", b""), "empty"),
    "copies": (put("__MACOSX/csv/._10.csv", b"\0"), "hidden file"),
}


@pytest.mark.parametrize("damage", MUSE_DAMAGE)
def test_damaged_tables_per_clip(damage: str, tmp_path: Path) -> None:
    spoil, kind = MUSE_DAMAGE[damage]
    members = good_members(MUSE, MUSE_ANSWERS, tmp_path)
    assert check_zip(MUSE, members, list(MUSE_ANSWERS), tmp_path).is_ok
    spoil(members)
    report = check_zip(MUSE, members, list(MUSE_ANSWERS), tmp_path)
    assert not report.is_ok
    assert kind in report.kinds, str(report)


def test_everything_is_in_one_report(tmp_path: Path) -> None:
    members = {"000143240.txt": b"happy", "011145880.txt": b"Sad\n", "x.txt": b"Sad"}
    report = check_zip(WORDS, members, list(WORD_ANSWERS), tmp_path)
    assert report.kinds >= {"wrong case", "stray newline", "unexpected", "missing"}
    severities = [finding.severity for finding in report.findings]
    assert severities == sorted(severities, key=("error", "warning", "note").index)
    assert report.to_dict()["is_ok"] is False


def test_a_name_twice_in_one_zip(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("1.txt", "Sad")
        archive.writestr("1.txt", "Happy")
    report = check_submission(WORDS, path, expected_ids=["1"])
    assert "duplicate" in report.kinds
    assert "1.txt × 2" in str(report)


def test_links_and_locked_members_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    link = zipfile.ZipInfo("1.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "link" in check_submission(WORDS, path, expected_ids=["1"]).kinds

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("1.txt", "Sad")
    data = bytearray(buffer.getvalue())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(bytes(data))
    assert "encrypted" in check_submission(WORDS, path, expected_ids=["1"]).kinds


def test_a_zip_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.txt", b"\0" * 50_000_000)
    assert path.stat().st_size < 60_000
    report = check_submission(WORDS, path, expected_ids=["1"])
    assert "zip bomb" in report.kinds
    assert not report.answers


def test_a_damaged_zip_and_no_zip_at_all(tmp_path: Path) -> None:
    path = write_submission(WORDS, {"1": "Sad", "2": "Sad"}, tmp_path / "t.zip")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"Sad", b"Bad", 1))  # the checksum no longer fits
    assert "damaged" in check_submission(WORDS, path, expected_ids=["1", "2"]).kinds
    path.write_bytes(data[: len(data) // 2])
    assert "not a zip" in check_submission(WORDS, path, expected_ids=["1", "2"]).kinds
    path.write_bytes(b"")
    assert "not a zip" in check_submission(WORDS, path, expected_ids=["1", "2"]).kinds
    assert "can't be read" in check_submission(WORDS, tmp_path, expected_ids=["1"]).kinds
    with zipfile.ZipFile(path, "w"):
        pass
    assert "empty zip" in check_submission(WORDS, path, expected_ids=["1"]).kinds


def test_a_table_under_another_name(tmp_path: Path) -> None:
    spec = load_spec("mer2025")
    path = write_submission(spec, {"a": "sad"}, tmp_path / "results.csv")
    report = check_submission(spec, path, expected_ids=["a"])
    assert report.kinds >= {"wrong name"}
    assert "submission.csv" in str(report)


@pytest.mark.parametrize(
    ("method", "name"), [(zipfile.ZIP_LZMA, "lzma"), (zipfile.ZIP_BZIP2, "bzip2")]
)
def test_a_zip_that_many_programs_cannot_read(method: int, name: str, tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("1.txt", "Sad")
    report = check_submission(WORDS, path, expected_ids=["1"])
    assert not report.is_ok
    assert "unusual compression" in report.kinds
    assert f"1.txt: {name}" in str(report)


def test_a_deflated_zip_is_welcome(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.txt", "Sad")
    assert check_submission(WORDS, path, expected_ids=["1"]).is_ok


def test_a_zip_behind_a_program_is_refused(tmp_path: Path) -> None:
    path = write_submission(WORDS, {"1": "Sad"}, tmp_path / "t.zip")
    path.write_bytes(b"#!/bin/sh\nexec unzip $0\n" + path.read_bytes())
    report = check_submission(WORDS, path, expected_ids=["1"])
    assert not report.is_ok
    assert "not a plain zip" in report.kinds
