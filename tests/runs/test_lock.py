"""Two commands at once in one folder: the second is told who is at work, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emotiw.runs.lock import BusyError, held, is_held
from emotiw.runs.pipeline import run_all
from emotiw.runs.status import status_of
from tests.runs.small import small_recipe, small_run

HOLD = """
import sys
from pathlib import Path
from emotiw.runs.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is at work in the run's folder."""
    small_recipe(tmp_path)
    home = tmp_path / "runs/small/.emotiw"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_the_second_is_told_who_is_at_work(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    run = small_run(tmp_path)
    with pytest.raises(BusyError, match=rf"process {other.pid} on .*, since 20.*wait for it"):
        run_all(run)
    assert f"process {other.pid}" in status_of(run).holder


def test_a_killed_one_holds_nothing(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    other.kill()
    other.wait()
    run = small_run(tmp_path)
    assert not is_held(run.records.home)
    assert run_all(run).check is not None
    assert status_of(run).holder == ""


def test_whoever_holds_it_may_begin_again(tmp_path: Path) -> None:
    with held(tmp_path), held(tmp_path):
        assert (tmp_path / "holder.json").is_file()
    assert not (tmp_path / "holder.json").exists()


def test_who_may_only_read_sees_the_state(
    tmp_path: Path, other: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError("read-only")

    run = small_run(tmp_path)
    monkeypatch.setattr("filelock.FileLock.acquire", refused)
    assert f"process {other.pid}" in status_of(run).holder
    (run.records.home / "holder.json").unlink()
    assert status_of(run).holder == ""
