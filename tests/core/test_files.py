"""A file is whole or absent."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emotiw.core.config import read_document
from emotiw.core.csv_rows import read_frame
from emotiw.core.errors import EmotiwError, MachineError
from emotiw.core.files import (
    atomic_file,
    atomic_write,
    file_problem,
    read_file,
    sha256_of,
    sweep,
    sync_folder,
)
from emotiw.core.media import MediaReader
from submissions.result_sheet import read_result_sheet


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.binary(max_size=200))
def test_what_is_written_is_read(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "new" / "folder" / "file.bin"
    atomic_write(path, data)
    assert path.read_bytes() == data
    assert sha256_of(path) == hashlib.sha256(data).hexdigest()
    assert names_in(path.parent) == ["file.bin"]


def test_the_hash_is_the_one_of_the_standard(tmp_path: Path) -> None:
    # FIPS 180-2, appendix B.1
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_others_may_read_what_is_written(tmp_path: Path) -> None:
    atomic_write(tmp_path / "a", b"x")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.chmod"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    path = tmp_path / "file.csv"
    atomic_write(path, b"old")

    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(step, fail)
        with pytest.raises(MachineError if isinstance(error, OSError) else KeyboardInterrupt):
            atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["file.csv"]


def test_bytes_reach_the_disk_before_they_take_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.csv"
    atomic_write(path, b"old")
    seen: list[tuple[bytes, list[bytes]]] = []
    real = os.fsync

    def watch(handle: int) -> None:
        partial = [p.read_bytes() for p in tmp_path.iterdir() if p.name.startswith(".partial-")]
        seen.append((path.read_bytes(), partial))
        real(handle)

    monkeypatch.setattr("os.fsync", watch)
    atomic_write(path, b"new")
    assert seen == [(b"old", [b"new"])]


def test_a_folder_in_the_way_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(MachineError, match="taken: can't be written"):
        atomic_write(tmp_path / "taken", b"x")
    assert names_in(tmp_path) == ["taken"]


READERS: dict[str, Callable[[Path], object]] = {
    "bytes": read_file,
    "hash": sha256_of,
    "table": read_frame,
    "settings": read_document,
    "result sheet": read_result_sheet,
    "clip": MediaReader,
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_pipe_is_told_and_never_waited_for(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    # somebody at the other end, so that who opens it reads nothing in place of waiting
    keeper = os.open(tmp_path / "pipe", os.O_RDWR | os.O_NONBLOCK)
    os.write(keeper, b"a: b\n")
    try:
        with pytest.raises((OSError, EmotiwError), match=r"not a regular file \(a named pipe\)"):
            read(tmp_path / "pipe")
        assert os.read(keeper, 100) == b"a: b\n"
    finally:
        os.close(keeper)


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").symlink_to("a")
    assert (file_problem(tmp_path / "b"), read_file(tmp_path / "b")) == ("", b"x")
    assert file_problem(tmp_path / "c\0d")


def test_leftovers_of_the_dead_are_swept_and_nothing_else(tmp_path: Path) -> None:
    code = (
        "import os, pathlib\n"
        "from emotiw.core.files import atomic_file\n"
        f"with atomic_file(pathlib.Path({str(tmp_path / 'dead.csv')!r})): os._exit(1)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2])
    (dead,) = names_in(tmp_path)
    elsewhere = tmp_path / dead.replace(dead.split("-")[1], "0123abcd")
    shutil.copy(tmp_path / dead, elsewhere)
    with atomic_file(tmp_path / "alive.csv") as alive:
        (tmp_path / "mine.csv").touch()
        assert sweep(tmp_path) == 1
        assert set(names_in(tmp_path)) == {"mine.csv", alive.name, elsewhere.name}
        long_ago = time.time() - 25 * 3600
        os.utime(elsewhere, (long_ago, long_ago))
        assert sweep(tmp_path) == 1
    assert set(names_in(tmp_path)) == {"mine.csv", "alive.csv"}
    assert sweep(tmp_path / "none") == 0


@pytest.mark.skipif(os.name != "posix", reason="elsewhere nobody can be asked")
def test_who_ended_unasked_or_lent_its_number_to_another_is_gone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
        with atomic_file(tmp_path / "a.csv") as mine:
            number = f"-{os.getpid()}-"
            left = tmp_path / mine.name.replace(number, f"-{ended.pid}-")
            before_me = tmp_path / f"{mine.name}-earlier"
            left.touch()
            before_me.touch()
            long_ago = psutil.Process().create_time() - 2 * 3600
            os.utime(before_me, (long_ago, long_ago))
            assert (number in mine.name, sweep(tmp_path)) == (True, 2)
            assert names_in(tmp_path) == [mine.name]


def test_what_may_be_lost_in_a_power_cut_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[int] = []
    monkeypatch.setattr("os.fsync", waited.append)
    with atomic_file(tmp_path / "a", durable=False) as partial:
        partial.write_bytes(b"x")
    assert ((tmp_path / "a").read_bytes(), waited) == (b"x", [])
    sync_folder(tmp_path)
    assert len(waited) == 1
