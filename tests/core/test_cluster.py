"""A real scheduler on this machine, with workers that come, go and are killed."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emotiw.core import on_worker
from emotiw.core.cluster import Cluster
from emotiw.core.errors import MachineError
from emotiw.core.execution import run_jobs
from emotiw.core.own_modules import forget_changed, import_own, use_folder
from tests.cluster_jobs import double, double_or_die, is_there

distributed = pytest.importorskip("distributed", reason="Dask is an extra")
QUIET = {"silence_logs": 50, "dashboard_address": None}
dask_config = pytest.importorskip("dask.config", reason="Dask is an extra")


@pytest.fixture(scope="module")
def started() -> Iterator[Any]:
    few = {"distributed.scheduler.allowed-failures": 1}  # workers take seconds to start again
    with (
        dask_config.set(few),
        distributed.LocalCluster(n_workers=2, threads_per_worker=3, **QUIET) as there,
    ):
        yield there


@pytest.fixture
def scheduler(started: Any) -> Any:
    started.wait_for_workers(2)  # those that the test before has killed are back
    return started


@pytest.fixture
def cluster(scheduler: Any) -> Iterator[Cluster]:
    with Cluster(scheduler.scheduler_address) as engine:
        yield engine


def doubled(outcomes: Any) -> dict[str, int | None]:
    return {outcome.name: outcome.value for outcome in outcomes}


def test_its_own_slots_say_how_much_is_in_flight(cluster: Cluster) -> None:
    assert cluster.n_slots == 6
    jobs = {str(n): n for n in range(40)}
    found = doubled(run_jobs(double, jobs, workers=1, executor=cluster))
    assert found == {str(n): 2 * n for n in range(40)}


def test_workers_that_are_killed_lose_nothing(scheduler: Any, cluster: Cluster) -> None:
    rng, found = random.Random(0), {}
    jobs = {str(n): n for n in range(80)}
    for number, outcome in enumerate(run_jobs(double, jobs, executor=cluster)):
        found[outcome.name] = outcome.value
        if number % 20 == 10:
            nanny = rng.choice(list(scheduler.workers.values()))
            os.kill(nanny.pid, signal.SIGKILL)
    assert found == {str(n): 2 * n for n in range(80)}


def test_a_job_that_kills_its_workers_takes_no_other_with_it(
    cluster: Cluster, tmp_path: Path
) -> None:
    deadly = tmp_path / "deadly"
    deadly.write_text("always")
    jobs: dict[str, tuple[int, Path | None]] = {str(n): (n, None) for n in range(12)}
    outcomes = run_jobs(double_or_die, {"bad": (0, deadly), **jobs}, executor=cluster)
    found = {outcome.name: outcome for outcome in outcomes}
    assert found["bad"].error is not None
    assert {name: found[name].value for name in jobs} == {str(n): 2 * n for n in range(12)}


def test_a_job_whose_worker_died_once_is_done_again(cluster: Cluster, tmp_path: Path) -> None:
    deadly = tmp_path / "deadly"
    deadly.write_text("once")
    found = doubled(run_jobs(double_or_die, {"unlucky": (7, deadly)}, executor=cluster))
    assert found == {"unlucky": 14}


def test_a_scheduler_that_ends_is_a_fault_of_the_machine() -> None:
    there = distributed.LocalCluster(n_workers=1, threads_per_worker=1, **QUIET)
    with Cluster(there.scheduler_address) as engine:
        outcomes = run_jobs(double, {str(n): n for n in range(200)}, executor=engine)
        assert next(outcomes).error is None
        there.close()
        with pytest.raises(MachineError, match="run the same command again"):
            list(outcomes)


def test_workers_that_start_later_find_the_modules_beside_the_recipe(
    scheduler: Any, cluster: Cluster, tmp_path: Path
) -> None:
    mine = tmp_path / "mine_on_workers.py"
    mine.write_text("def changed(n):\n    return 2 * n\n")
    use_folder(tmp_path)
    jobs = {str(n): n for n in range(20)}
    assert doubled(run_jobs(import_own(mine.stem).changed, jobs, executor=cluster))["3"] == 6
    for nanny in list(scheduler.workers.values()):
        os.kill(nanny.pid, signal.SIGKILL)
    assert doubled(run_jobs(import_own(mine.stem).changed, jobs, executor=cluster))["3"] == 6


def test_workers_hear_of_modules_that_were_changed(cluster: Cluster, tmp_path: Path) -> None:
    mine = tmp_path / "mine_changed.py"
    jobs = {str(n): n for n in range(20)}
    for factor in (2, 30):
        mine.write_text(f"def changed(n):\n    return {factor} * n\n")
        use_folder(tmp_path)
        forget_changed()
        found = doubled(run_jobs(import_own(mine.stem).changed, jobs, executor=cluster))
        assert found == {str(n): factor * n for n in range(20)}


def test_relative_paths_start_where_the_run_is(
    scheduler: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.avi").touch()
    with Cluster(scheduler.scheduler_address, Path("clips"), Path("store")) as engine:
        (outcome,) = run_jobs(is_there, {"a": Path("clips/a.avi")}, executor=engine)
    assert outcome.value is True


def test_a_worker_with_other_versions_does_nothing(
    scheduler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_worker, "compared_versions", lambda: {"numpy": "0.9"})
    told = r"a worker on \S+ has numpy [\d.]+ \(0\.9 where the run is\): install the same"
    with (
        Cluster(scheduler.scheduler_address) as engine,
        pytest.raises(MachineError, match=told),
    ):
        list(run_jobs(double, {"a": 1}, executor=engine))


def test_a_worker_that_sees_another_store_does_nothing(scheduler: Any, tmp_path: Path) -> None:
    with Cluster(scheduler.scheduler_address, None, tmp_path / "store") as engine:
        (tmp_path / "store").rename(tmp_path / "elsewhere")
        (tmp_path / "store").mkdir()  # as on a disk of the worker's own
        with pytest.raises(MachineError, match=r"doesn't see \S+store\S+: clips and store have"):
            list(run_jobs(double, {"a": 1}, executor=engine))
