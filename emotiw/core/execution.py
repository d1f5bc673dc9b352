"""Work spread over processes, where one bad clip costs only itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import replace
from functools import partial
from multiprocessing.connection import wait as wait_for_any
from queue import Empty, SimpleQueue
from time import monotonic

from emotiw.core.cluster import Cluster
from emotiw.core.crew import Crew
from emotiw.core.errors import MachineError
from emotiw.core.here_first import here_first, next_job
from emotiw.core.machine_faults import AGAIN
from emotiw.core.outcome import Job, Outcome, Result, failure, run_one
from emotiw.core.worker_process import Limits, Worker

QUEUED_PER_WORKER = 4
LOOK_SEC = 0.25  # from one look at a job's time and memory to the next
NO_LIMITS = Limits()


def run_jobs(
    function: Callable[[Job], Result],
    jobs: Mapping[str, Job],
    *,
    workers: int = 1,
    executor: Executor | None = None,
    limits: Limits = NO_LIMITS,
    max_alike: int | None = None,
    crew: Crew | None = None,
    begins_here: bool = False,
    n_gpus: int = 0,
) -> Iterator[Outcome[Result]]:
    """Yield the outcome of every job as it is done; an exception is an outcome, not an end.

    A job whose worker dies (out of memory, a crash inside a decoder) is run once more when all
    others are done, alone, because another one may have eaten the memory. Jobs that have not
    started when the caller stops early never do.

    Args:
        function: a function of a module, so that other processes can import it.
        jobs: one argument per name.
        workers: processes to start; 1 without limits runs everything in this one.
        executor: an engine of the caller's own, for which ``workers`` only says how many jobs to
            keep in flight; or a :class:`Cluster`, which knows that itself.
        limits: what one job may take; with an engine, how long nothing may come back.
        max_alike: so many failures in a row that nobody foresaw, all of one kind, are no accident.
        crew: whose processes are used, and kept; without one they end with this call.
        begins_here: do the first jobs in this process, and start others when these would be worth
            what it costs to start them; for jobs that are no danger to it.
        n_gpus: where there are several, every process sees one of them, each as many as another.

    Raises:
        MachineError: if the machine or the engine failed, and no job is to blame.
    """
    spread = _in_turn
    if executor is not None:
        spread = partial(_in_engine, engine=executor, patience_sec=limits.seconds)
    elif workers > 1 or limits:
        spread = partial(
            _in_processes,
            limits=limits,
            shares_cores=workers > 1,
            crew=crew,
            begins_here=begins_here,
            n_gpus=n_gpus,
        )
    alike, kind = 0, ""
    lost: list[str] = []
    for outcome in spread(function, jobs, workers):
        alike = alike + 1 if outcome.kind == kind else 1
        kind = outcome.kind
        if kind and alike == max_alike:
            raise MachineError(
                f"the last {alike} clips failed alike: {outcome.error}; is the disk full, the "
                f"memory too small, a library broken? (execution.max_alike_failures); {AGAIN}"
            )
        if outcome.is_lost:
            lost.append(outcome.name)
        else:
            yield outcome
    if executor is None and lost:
        spread = partial(_in_processes, limits=limits, shares_cores=workers > 1)
    for name in lost:
        yield from spread(function, {name: jobs[name]}, 1)


def _in_turn(
    function: Callable[[Job], Result], jobs: Mapping[str, Job], workers: int
) -> Iterator[Outcome[Result]]:
    for name, job in jobs.items():
        yield run_one(function, name, job)


def _in_processes(
    function: Callable[[Job], Result],
    jobs: Mapping[str, Job],
    workers: int,
    *,
    limits: Limits,
    shares_cores: bool,
    crew: Crew | None = None,
    begins_here: bool = False,
    n_gpus: int = 0,
) -> Iterator[Outcome[Result]]:
    todo = deque(jobs.items())
    staff = crew or Crew()
    busy: dict[object, Worker] = {}  # by its pipe

    def fill() -> None:
        while len(busy) < workers and (one := next_job(todo)) is not None:
            try:
                gpu = _free_gpu(busy.values(), n_gpus)
                worker = staff.hire(shares_cores=shares_cores, gpu=gpu)
            except MachineError:
                todo.appendleft(one)
                raise
            worker.begin(function, *one)
            busy[worker.pipe] = worker

    try:
        if begins_here:
            yield from here_first(function, todo, fill, lambda: bool(_with_news(busy, 0)))
        while todo or busy:
            fill()
            for pipe in _with_news(busy, LOOK_SEC if limits else None):
                worker = busy[pipe]
                outcome = worker.outcome()
                if outcome is None:
                    continue
                if outcome.is_lost:
                    busy.pop(pipe).stop()
                elif (one := next_job(todo)) is not None:
                    worker.begin(function, *one)
                else:
                    staff.release(busy.pop(pipe))
                yield outcome
            for worker in list(busy.values()):
                outcome = worker.beyond(limits)
                if outcome is not None:
                    busy.pop(worker.pipe).stop()
                    yield outcome
    finally:
        for worker in busy.values():
            worker.let_go()
        for worker in busy.values():
            worker.stop()
        if crew is None:
            staff.close()


def _with_news(busy: Mapping[object, Worker], seconds: float | None) -> list[object]:
    pipes = [worker.pipe for worker in list(busy.values())]
    return list(wait_for_any(pipes, seconds))


def _free_gpu(busy: Iterable[Worker], n_gpus: int) -> int | None:
    """Return the GPU that the fewest have; None where there is no choice."""
    taken = [worker.gpu for worker in busy]
    return min(range(n_gpus), key=taken.count) if n_gpus > 1 else None


def _in_engine(
    function: Callable[[Job], Result],
    jobs: Mapping[str, Job],
    workers: int,
    *,
    engine: Executor,
    patience_sec: float | None,
) -> Iterator[Outcome[Result]]:
    todo = deque(jobs.items())
    flying: dict[Future[Outcome[Result]], str] = {}
    # they say themselves when they are done: of a large cluster, tens of thousands are in flight
    landed: SimpleQueue[Future[Outcome[Result]]] = SimpleQueue()
    last = monotonic()
    try:
        while todo or flying:
            n_slots = engine.n_slots if isinstance(engine, Cluster) else workers
            while todo and len(flying) < QUEUED_PER_WORKER * n_slots:
                name, job = todo.popleft()
                try:
                    future = engine.submit(run_one, function, name, job)
                except Exception as error:
                    raise _engine_lost(error) from error
                flying[future] = name
                future.add_done_callback(landed.put)
            try:
                future = landed.get(timeout=LOOK_SEC)
            except Empty:
                if isinstance(engine, Cluster):
                    engine.require_alive()
                if patience_sec is not None and monotonic() - last > patience_sec:
                    raise MachineError(
                        f"nothing came back for {patience_sec:g} s (execution.seconds_per_clip), "
                        f"with {len(flying)} clips at work or waiting: a worker hangs; {AGAIN}"
                    ) from None
            else:
                yield _engine_outcome(future, flying.pop(future))
                last = monotonic()
    finally:
        # nobody waits for these any more, when the caller stops early
        for future in flying:
            future.cancel()


def _engine_outcome(future: Future[Outcome[Result]], name: str) -> Outcome[Result]:
    try:
        return future.result()
    except MachineError:
        raise
    except (CancelledError, BrokenExecutor, OSError) as error:
        raise _engine_lost(error) from error
    except Exception as error:  # a result that can't travel, a job that kills its workers
        is_lost = type(error).__name__ == "KilledWorker"
        return replace(failure(name, error), is_lost=is_lost)


def _engine_lost(error: Exception) -> MachineError:
    why = f"{type(error).__name__}: {error}".removesuffix(": ")
    return MachineError(f"what does the work can't be reached any more ({why}); {AGAIN}")
