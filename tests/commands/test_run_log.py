"""Every command that works on a run leaves its lines in ``run.log``; one that can't, nothing."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from emotiw.cli.app import main
from emotiw.cli.run_log import RunLog

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d (.*)")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    clips = tmp_path / "clips"
    clips.mkdir()
    (clips / "noise.avi").write_bytes(b"not a video")
    return tmp_path / "runs"


def emotiw(monkeypatch: pytest.MonkeyPatch, runs: Path, *words: str) -> int:
    where = (f"data.root={runs.parent / 'clips'}", f"paths.runs={runs}", "name=mine")
    settings = [word for setting in where for word in ("--set", setting)]
    monkeypatch.setattr(sys, "argv", ["emotiw", *words, *settings])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def lines_of(runs: Path) -> list[str]:
    found = []
    for line in (runs / "mine" / "run.log").read_text().splitlines():
        stamped = STAMP.fullmatch(line)
        assert stamped, line
        found.append(stamped[1])
    return found


@pytest.mark.parametrize("how", [[], ["--quiet"], ["--json"]])
def test_commands_and_their_stages_are_logged(
    monkeypatch: pytest.MonkeyPatch, runs: Path, capsys: pytest.CaptureFixture[str], how: list[str]
) -> None:
    assert emotiw(monkeypatch, runs, "index", "clips", *how) == 0
    shown = capsys.readouterr().err.splitlines()
    assert ("index: 1 to do" in shown) == (not how)  # for a file; a terminal has bars
    first, *told, last = lines_of(runs)
    assert re.match(r"emotiw \S+: emotiw index clips ", first)
    assert {"contents of the clips: begins", "index: 1 to do"} <= set(told)
    assert re.fullmatch(r"ended after .+, status 0", last)
    assert emotiw(monkeypatch, runs, "submit", "clips", *how) == 2
    again = lines_of(runs)
    assert again[: len(told) + 2] == [first, *told, last]
    assert again[-2].startswith("error: ")
    assert again[-1].endswith("status 2")


def test_a_command_that_only_fails_makes_no_folder(
    monkeypatch: pytest.MonkeyPatch, runs: Path
) -> None:
    assert emotiw(monkeypatch, runs, "index", "clips", "--set", "seeed=1") == 2
    assert emotiw(monkeypatch, runs, "submit", "clips") == 2
    assert not runs.exists()


def test_lines_wait_for_the_folder(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "mine" / "run.log")
    log.write("one")
    (tmp_path / "mine").mkdir()
    log.write("two\nlines")
    told = [STAMP.fullmatch(x) for x in (tmp_path / "mine" / "run.log").read_text().splitlines()]
    assert [each and each[1] for each in told] == ["one", "two", "lines"]


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "run.log").mkdir()
    RunLog(tmp_path / "run.log").write("one")
