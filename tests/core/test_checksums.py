"""A list of checksums says of files that belong together whether they still do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from emotiw.core.checksums import are_intact, write_checksums


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    (tmp_path / "inside").mkdir()
    (tmp_path / "a b.csv").write_text("a")
    (tmp_path / "inside" / "é.json").write_text("{}")
    write_checksums(tmp_path / "sums", sorted(tmp_path.rglob("*.*")))
    return tmp_path / "sums"


def test_what_is_as_it_was_is_intact(listed: Path) -> None:
    assert are_intact(listed)
    assert are_intact(listed.with_name("none"))


def test_another_program_reads_the_list(listed: Path) -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("no sha256sum here")
    subprocess.run(["sha256sum", "--check", "--quiet", "sums"], cwd=listed.parent, check=True)


@pytest.mark.parametrize("name", ["a b.csv", "inside/é.json", "sums"])
def test_any_flipped_bit_is_seen(listed: Path, name: str) -> None:
    path = listed.parent / name
    whole = path.read_bytes()
    for at in range(len(whole)):
        for bit in (0, 7):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
            assert not are_intact(listed)
    path.write_bytes(whole)
    assert are_intact(listed)


def test_a_missing_file_is_damage(listed: Path) -> None:
    (listed.parent / "a b.csv").unlink()
    assert not are_intact(listed)
