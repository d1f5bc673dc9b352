"""A run on processes of loopback that are killed gives what it gives here, byte for byte."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from threading import Thread

import pytest

from emotiw.core.errors import MachineError
from emotiw.runs.stages.features import extract_all
from emotiw.runs.stages.index import index
from tests.cluster_runs import make_recordings, opened, results_of
from tests.in_process import SET_IN_PROCESS
from tests.loopback import LoopbackCluster

pytest.importorskip("distributed", reason="Dask is an extra")
pytestmark = pytest.mark.slow


def kill_on_the_way(cluster: LoopbackCluster, store: Path) -> None:
    """Kill a worker after the first artifact, and the scheduler after some more."""
    while len(list(store.glob("features/loose/*"))) < 2:
        time.sleep(0.01)
    assert cluster.kill_a_worker(Random(0))
    while len(list(store.glob("features/loose/*"))) < 8:
        time.sleep(0.01)
    cluster.kill_scheduler()


def test_kills_of_a_worker_and_of_the_scheduler_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_recordings(tmp_path, 30, ["egemaps"])
    here = opened("here", SET_IN_PROCESS)
    index(here)
    extract_all(here)
    with LoopbackCluster(tmp_path / "disks") as cluster:
        there = opened("there", f"execution.dask={cluster.address}")
        index(there)
        killer = Thread(target=kill_on_the_way, args=(cluster, there.store.root), daemon=True)
        killer.start()
        with pytest.raises(MachineError, match="run the same command again"):
            extract_all(there)
        killer.join()
        assert there.ledger("features:egemaps").rows() == []
        cluster.start_scheduler()
        cluster.start_worker()  # those before have ended with their scheduler
        extract_all(there)
    assert results_of(there) == results_of(here)
