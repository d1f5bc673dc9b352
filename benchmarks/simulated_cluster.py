"""A cluster event by event: what a client, a scheduler and many workers do with many jobs.

    python benchmarks/simulated_cluster.py [--jobs 100000] [--workers 400] [--seconds 2.8]

The client hands over jobs as `emotiw.core.execution` does: so many per slot as are in flight there.
Client and scheduler do one thing after another, and each job takes either of them its time; a
worker has one job at work and one waiting (Dask's default). Workers come, are killed at random with
what they have, and come back; what they had is done again. Same seed, same events.
"""

from __future__ import annotations

import argparse
import heapq
import math
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from emotiw.core.execution import QUEUED_PER_WORKER  # noqa: E402

HELD = 2  # jobs that a worker of one slot has: one at work, one waiting
DONE, GIVEN, KILLED, THERE = range(4)


@dataclass(frozen=True)
class Setting:
    """What is simulated; times in seconds.

    Attributes:
        n_jobs: in all.
        n_workers: of one slot each.
        job_sec: mean time of a job.
        spread: standard deviation of these times, as a share of the mean (log-normal).
        client_sec: of the client, for each job.
        scheduler_sec: of the scheduler, for each job.
        worker_sec: of the worker, for each job beside its work.
        start_sec: before a worker that has come does its first job.
        life_sec: mean time until a worker is killed; 0 for never.
        away_sec: until another one comes in its place.
        arrival_sec: from one worker's first coming to the next one's.
    """

    n_jobs: int
    n_workers: int
    job_sec: float
    spread: float = 0.5
    client_sec: float = 0.0006
    scheduler_sec: float = 0.001
    worker_sec: float = 0.0018
    start_sec: float = 5.0
    life_sec: float = 0.0
    away_sec: float = 60.0
    arrival_sec: float = 0.0


@dataclass(frozen=True)
class Simulated:
    """What came of it; times in seconds.

    Attributes:
        wall_sec: from the first job to the last.
        ideal_sec: if all workers were there, and at work, all the time.
        busy: share of slots at work in the steady state: from the first full round until the client
            has nothing left to hand over.
        tail_sec: from then to the end.
        n_kills: workers that were killed.
        redone_sec: work that was lost with them, in all.
    """

    wall_sec: float
    ideal_sec: float
    busy: float
    tail_sec: float
    n_kills: int
    redone_sec: float


class Simulation:
    """All events of one setting."""

    def __init__(self, setting: Setting, seed: int = 0) -> None:
        self.setting, self.rng = setting, Random(seed)
        n = setting.n_workers
        sigma = math.sqrt(math.log1p(setting.spread**2))
        self.shape = math.log(setting.job_sec) - sigma**2 / 2, sigma
        self.events: list[tuple[float, int, int, int, int]] = []  # time, order, kind, worker, life
        self.n_events = 0
        self.there = [False] * n
        self.life = [0] * n  # of each worker; an event of an earlier one is void
        self.began = [0.0] * n
        self.lasts = [0.0] * n
        self.waiting: list[deque[tuple[float, float]]] = [deque() for _ in range(n)]  # from when
        self.is_fresh = [True] * n
        self.queue: deque[float] = deque()  # times of the jobs that lie at the scheduler
        self.hungry: deque[tuple[int, int]] = deque()
        self.left, self.in_flight, self.n_there = setting.n_jobs, 0, 0
        self.client_free = self.scheduler_free = 0.0
        self.spans: list[tuple[float, float]] = []
        self.n_kills, self.redone = 0, 0.0
        self.handed_over = math.inf

    def run(self) -> Simulated:
        """Return what came of it."""
        setting = self.setting
        for worker in range(setting.n_workers):
            self._later(worker * setting.arrival_sec, THERE, worker)
        n_done, now = 0, 0.0
        while n_done < setting.n_jobs:
            now, _, kind, worker, life = heapq.heappop(self.events)
            if kind == GIVEN:
                self.queue.append(self.rng.lognormvariate(*self.shape))
                self._feed_one(now)
            elif kind == THERE:
                self._come(now, worker)
            elif life != self.life[worker]:
                continue
            elif kind == KILLED:
                self._kill(now, worker)
            else:
                n_done += 1
                self._finish(now, worker)
        return self._told(now)

    def _later(self, at: float, kind: int, worker: int = 0) -> None:
        self.n_events += 1
        life = self.life[worker]
        heapq.heappush(self.events, (at, self.n_events, kind, worker, life))

    def _hand_over(self, now: float) -> None:
        while self.left and self.in_flight < QUEUED_PER_WORKER * self.n_there:
            self.left, self.in_flight = self.left - 1, self.in_flight + 1
            self.client_free = max(self.client_free, now) + self.setting.client_sec
            self._later(self.client_free, GIVEN)
            if not self.left:
                self.handed_over = self.client_free

    def _come(self, now: float, worker: int) -> None:
        self.there[worker], self.is_fresh[worker] = True, True
        self.n_there += 1
        if self.setting.life_sec:
            self._later(now + self.rng.expovariate(1 / self.setting.life_sec), KILLED, worker)
        self.hungry.extend([(worker, self.life[worker])] * HELD)
        self._hand_over(now)
        while self.queue and self.hungry:
            self._feed_one(now)

    def _feed_one(self, now: float) -> None:
        """Let the scheduler give one job that it has to a worker that has room."""
        while self.hungry and self.queue:
            worker, life = self.hungry.popleft()
            if life != self.life[worker]:
                continue
            self.scheduler_free = max(self.scheduler_free, now) + self.setting.scheduler_sec
            self.waiting[worker].append((self.scheduler_free, self.queue.popleft()))
            if not self.lasts[worker]:
                self._begin(now, worker)
            return

    def _begin(self, now: float, worker: int) -> None:
        start = self.setting.start_sec if self.is_fresh[worker] else 0.0
        self.is_fresh[worker] = False
        given, self.lasts[worker] = self.waiting[worker].popleft()
        begin = self.began[worker] = max(now, given) + start + self.setting.worker_sec
        self._later(begin + self.lasts[worker], DONE, worker)

    def _finish(self, now: float, worker: int) -> None:
        self.spans.append((self.began[worker], now))
        self.lasts[worker] = 0.0
        self.in_flight -= 1
        self._hand_over(now)
        self.hungry.append((worker, self.life[worker]))
        if self.waiting[worker]:
            self._begin(now, worker)
        self._feed_one(now)

    def _kill(self, now: float, worker: int) -> None:
        self.n_kills += 1
        if self.lasts[worker]:
            self.queue.appendleft(self.lasts[worker])
            self.redone += max(0.0, now - self.began[worker])
        self.queue.extendleft(job for _, job in self.waiting[worker])
        self.waiting[worker].clear()
        self.lasts[worker], self.there[worker] = 0.0, False
        self.life[worker] += 1
        self.n_there -= 1
        self._later(now + self.setting.away_sec, THERE, worker)
        while self.queue and self.hungry:
            self._feed_one(now)

    def _told(self, end: float) -> Simulated:
        n = self.setting.n_workers
        self.spans.sort()
        begin, until = self.spans[min(n, len(self.spans) - 1)][0], min(self.handed_over, end)
        inside = sum(max(0.0, min(b, until) - max(a, begin)) for a, b in self.spans)
        worked = sum(b - a for a, b in self.spans)
        return Simulated(
            wall_sec=end,
            ideal_sec=worked / n,
            busy=inside / (n * (until - begin)) if until > begin else 0.0,
            tail_sec=end - until,
            n_kills=self.n_kills,
            redone_sec=self.redone,
        )


def simulate(setting: Setting, seed: int = 0) -> Simulated:
    """Return what comes of a setting."""
    return Simulation(setting, seed).run()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=2.8, help="mean time of a job")
    parser.add_argument("--life", type=float, default=0.0, help="mean life of a worker")
    given = parser.parse_args()
    setting = Setting(given.jobs, given.workers, given.seconds, life_sec=given.life)
    print(setting)
    print(simulate(setting))


if __name__ == "__main__":
    main()
