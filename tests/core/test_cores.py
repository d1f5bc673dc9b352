"""The cores that a process may use, whatever the machine has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emotiw.core.cores import alone_in_one_thread, usable_cores
from emotiw.core.device import worker_count


@pytest.mark.parametrize(
    ("name", "text", "cores"),
    [
        ("cpu.max", "100000 100000", 1),
        ("cpu.max", "150000 100000", 2),
        ("cpu.max", "50000 100000", 1),
        ("cpu.max", "max 100000", None),
        ("cpu.max", "something else", None),
    ],
)
def test_a_quota_of_the_group_counts(
    tmp_path: Path, name: str, text: str, cores: int | None
) -> None:
    (tmp_path / name).write_text(text)
    allowed = len(os.sched_getaffinity(0))
    assert usable_cores(tmp_path) == min(cores or allowed, allowed)


def test_the_older_kind_of_group_counts(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("100000\n")
    assert usable_cores(tmp_path) == 1
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    assert usable_cores(tmp_path) == len(os.sched_getaffinity(0))


def test_affinity_decides_the_workers_and_the_threads() -> None:
    """As taskset, a container or a batch system limits a process."""
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
        "from emotiw.core.cores import wait_quietly; from emotiw.core.device import worker_count; "
        "wait_quietly(); import torch; print(worker_count(0), torch.get_num_threads(), "
        "os.environ['OMP_WAIT_POLICY'], os.environ['GOMP_SPINCOUNT'])"
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_", "MKL_"))}
    told = subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True)
    assert told.stdout.split() == ["1", "1", "PASSIVE", "0"], told.stderr


def test_what_is_asked_for_is_taken_as_it_is() -> None:
    assert worker_count(5) == 5


def test_torch_is_told_even_where_openmp_has_one_thread_already(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it multiplies with is told by this alone, and rounds otherwise with two."""
    import torch

    told: list[int] = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    monkeypatch.setattr(torch, "set_num_threads", told.append)
    with alone_in_one_thread():
        assert told == [1]
    assert told == [1, 1]
