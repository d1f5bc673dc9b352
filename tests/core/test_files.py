"""A file is whole or absent."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emotiw.core.errors import MachineError
from emotiw.core.files import atomic_write, sha256_of


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
