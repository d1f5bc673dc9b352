"""A real scheduler on this machine, with workers that come, go and are killed."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emotiw.core.cluster import Cluster
from emotiw.core.errors import MachineError
from emotiw.core.execution import run_jobs
from tests.cluster_jobs import double, double_or_die

distributed = pytest.importorskip("distributed", reason="Dask is an extra")
QUIET = {"silence_logs": 50, "dashboard_address": None}
dask_config = pytest.importorskip("dask.config", reason="Dask is an extra")


@pytest.fixture
def scheduler() -> Iterator[Any]:
    few = {"distributed.scheduler.allowed-failures": 1}  # workers take seconds to start again
    with (
        dask_config.set(few),
        distributed.LocalCluster(n_workers=2, threads_per_worker=3, **QUIET) as there,
    ):
        there.wait_for_workers(2)
        yield there


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
