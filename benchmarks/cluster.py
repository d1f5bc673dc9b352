"""What a Dask cluster costs beside the work itself, and what kills cost it.

    python benchmarks/cluster.py [--seconds 8] [--kills 20] [--clips 240]

Scheduler and workers are processes of this machine, on loopback. First four workers of eight
threads each wait instead of working, for a time drawn between half and one and a half of what is
said: the share of slots that are busy in the steady state, from the moment that all have worked
until the last job is handed over. Then openSMILE reads recordings in two workers while workers are
killed at random, and in a second run the scheduler too; both are compared with a run without
Dask, byte for byte.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Event, Thread

import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from emotiw.core.cluster import Cluster  # noqa: E402
from emotiw.core.errors import MachineError  # noqa: E402
from emotiw.core.execution import run_jobs  # noqa: E402
from emotiw.runs.run import Run  # noqa: E402
from emotiw.runs.stages.features import extract_all  # noqa: E402
from emotiw.runs.stages.index import index  # noqa: E402
from tests.cluster_jobs import wait_for  # noqa: E402
from tests.cluster_runs import make_recordings, opened, results_of  # noqa: E402
from tests.loopback import LoopbackCluster, workers_of  # noqa: E402

WORKERS, THREADS = 4, 8
WAITS_SEC = (0.1, 0.2, 0.5, 1.0)
EMPTY_JOBS = 3000
GOAL_BUSY, GOAL_OVERHEAD_MS = 0.9, 5.0
PAUSE_SEC = 0.5  # from one kill to the next


@dataclass(frozen=True)
class Overhead:
    """Milliseconds per job that does nothing: as it passes, and of whose processor."""

    wall: float
    client: float
    scheduler: float
    workers: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each way of waiting")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--clips", type=int, default=240, help="recordings to read meanwhile")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, chdir(name):
        folder = Path(name)
        waiting(folder, given.seconds)
        kills(folder, given.clips, given.kills)


def waiting(folder: Path, seconds: float) -> None:
    """Print what a job costs, and the share of slots that are busy."""
    with (
        LoopbackCluster(folder / "disks", n_workers=WORKERS, n_threads=THREADS) as there,
        Cluster(there.address) as engine,
    ):
        while engine.n_slots < WORKERS * THREADS:
            time.sleep(0.1)
        cost = overhead(there, engine)
        print(f"{engine.n_slots} slots, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        print(
            f"a job that does nothing: {cost.wall:.2f} ms as it passes; of processor time "
            f"{cost.client:.2f} client, {cost.scheduler:.2f} scheduler, {cost.workers:.2f} "
            f"workers (goal: {GOAL_OVERHEAD_MS:g} as it passes)"
        )
        for wait_sec in WAITS_SEC:
            busy = share_busy(engine, wait_sec, seconds)
            print(f"jobs of {wait_sec:g} s: {busy:.1%} of slots busy (goal: {GOAL_BUSY:.0%})")


def overhead(there: LoopbackCluster, engine: Cluster) -> Overhead:
    """Measure jobs that do nothing."""
    assert there.scheduler is not None
    jobs = {str(number): number for number in range(EMPTY_JOBS)}
    scheduler = [psutil.Process(there.scheduler.pid)]
    workers = [worker for nanny in there.nannies for worker in workers_of(nanny)]
    list(run_jobs(abs, jobs, executor=engine))  # what is imported for the first ones
    before = time.perf_counter(), time.process_time(), spent(scheduler), spent(workers)
    list(run_jobs(abs, jobs, executor=engine))
    after = time.perf_counter(), time.process_time(), spent(scheduler), spent(workers)
    return Overhead(*(1000 * (b - a) / EMPTY_JOBS for a, b in zip(before, after, strict=True)))


def spent(processes: list[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return float(sum(each.user + each.system for each in times))


def share_busy(engine: Cluster, wait_sec: float, seconds: float) -> float:
    """Return the share of slots that wait, from the first full round to the last job's begin."""
    rng, n_slots = Random(0), engine.n_slots
    jobs = {
        str(number): rng.uniform(0.5, 1.5) * wait_sec
        for number in range(round(seconds / wait_sec) * n_slots)
    }
    spans = [outcome.value for outcome in run_jobs(wait_for, jobs, executor=engine)]
    told = sorted(span for span in spans if span is not None)
    begin, end = told[n_slots][0], told[-1][0]
    busy = sum(max(0.0, min(b, end) - max(a, begin)) for a, b in told)
    return busy / (n_slots * (end - begin))


def kills(folder: Path, n_clips: int, n_kills: int) -> None:
    """Kill workers, then workers and the scheduler, and compare what came of it."""
    make_recordings(folder, n_clips)
    here, passed = opened("here"), time.perf_counter()
    index(here)
    extract_all(here)
    print(f"{n_clips} recordings without Dask: {time.perf_counter() - passed:.0f} s")
    expected = results_of(here)
    for way, with_scheduler in (("workers", False), ("scheduler", True)):
        with LoopbackCluster(folder / "disks") as there:
            run, passed = opened(way, f"execution.dask={there.address}"), time.perf_counter()
            index(run)
            n_killed = attacked(there, run, 1 if with_scheduler else n_kills, with_scheduler)
            same = "the same bytes" if results_of(run) == expected else "OTHER BYTES"
            lost = sum(row.status != "ok" for row in run.ledger().rows())
            print(
                f"{n_killed} kills of a worker, {int(with_scheduler)} of the scheduler: "
                f"{lost} rows lost, {same}, {time.perf_counter() - passed:.0f} s"
            )


def attacked(there: LoopbackCluster, run: Run, n_kills: int, with_scheduler: bool) -> int:
    """Extract under attack, as often as it takes; return how many workers were killed."""
    rng, done = Random(0), Event()
    killed: list[bool] = []

    def attack() -> None:
        while not list(run.store.root.glob("features/loose/*")) and not done.is_set():
            time.sleep(0.05)
        while len(killed) < n_kills and not done.is_set():
            if there.kill_a_worker(rng):
                killed.append(True)
            time.sleep(rng.uniform(0.5, 1.5) * PAUSE_SEC)
        if with_scheduler:
            there.kill_scheduler()

    attacker = Thread(target=attack, daemon=True)
    attacker.start()
    try:
        extract_all(run)
    except MachineError as error:
        print(f"  it stopped: {error}")
        attacker.join()
        there.start_scheduler()
        for _ in range(there.n_workers):
            there.start_worker()
        extract_all(run)
    finally:
        done.set()
        attacker.join()
    return len(killed)


if __name__ == "__main__":
    main()
