"""Damages that every challenge's checker has to find, whatever its format."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from emotiw.challenges.spec import ChallengeSpec, load_spec, spec_names
from submissions import check_submission, submission_path, write_submission
from tests.challenges.corpora import make_corpus, random_answers


def ghost_of(spec: ChallengeSpec, row: str) -> str:
    """Return an id of the same form that nobody has asked for."""
    return "/".join([f"{row.split('/')[0]}9", *row.split("/")[1:]])


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def mark(data: bytes) -> bytes:
    return b"\xef\xbb\xbf" + data


def nothing(data: bytes) -> bytes:
    return b""


def page(data: bytes) -> bytes:
    return b"<html>please log in</html>"


@pytest.fixture
def made(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ChallengeSpec, Path, list[str]]:
    spec = load_spec(request.param)
    rows = make_corpus(spec, tmp_path / "corpus").rows
    path = submission_path(spec, tmp_path, "team")
    write_submission(spec, random_answers(spec, rows), path, expected_ids=rows)
    return spec, path, rows


@pytest.mark.parametrize("made", spec_names(), indirect=True)
def test_too_few_and_too_many_answers(made: tuple[ChallengeSpec, Path, list[str]]) -> None:
    spec, path, rows = made
    ghost = ghost_of(spec, rows[0])
    assert "missing" in check_submission(spec, path, expected_ids=[*rows, ghost]).kinds
    report = check_submission(spec, path, expected_ids=[ghost, *rows[1:]])
    assert report.kinds >= {"missing", "unexpected"}
    assert not report.is_ok


@pytest.mark.parametrize("made", spec_names(), indirect=True)
@pytest.mark.parametrize("damage", [cut, mark, nothing, page])
def test_spoilt_files(
    made: tuple[ChallengeSpec, Path, list[str]], damage: Callable[[bytes], bytes]
) -> None:
    spec, path, rows = made
    path.write_bytes(damage(path.read_bytes()))
    assert not check_submission(spec, path, expected_ids=rows).is_ok


@pytest.mark.parametrize("made", spec_names(), indirect=True)
def test_a_folder_zipped_instead_of_files(
    made: tuple[ChallengeSpec, Path, list[str]], tmp_path: Path
) -> None:
    spec, path, rows = made
    if path.suffix == ".json":
        pytest.skip("never in a zip")
    members = {path.name: path.read_bytes()}
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    zipped = tmp_path / "nested.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"my answers/{name}", data)
    report = check_submission(spec, zipped, expected_ids=rows)
    assert "folder in the zip" in report.kinds, str(report)
    assert not report.is_ok
