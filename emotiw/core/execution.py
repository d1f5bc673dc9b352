"""Work spread over processes, where one bad clip costs only itself."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from time import perf_counter
from typing import Generic, TypeVar

from emotiw.core.errors import EmotiwError
from emotiw.core.own_modules import folder_in_use, use_folder

Job = TypeVar("Job")
Result = TypeVar("Result")
QUEUED_PER_WORKER = 4


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What became of one job.

    Attributes:
        name: the job's name, usually a clip id.
        value: the result; None where the job failed.
        error: why it failed; None where it didn't.
        seconds: time spent on it.
    """

    name: str
    value: Result | None
    error: str | None
    seconds: float


def run_jobs(
    function: Callable[[Job], Result],
    jobs: Mapping[str, Job],
    *,
    workers: int = 1,
    executor: Executor | None = None,
) -> Iterator[Outcome[Result]]:
    """Yield the outcome of every job as it is done; an exception is an outcome, not an end.

    A worker that dies (out of memory, a crash inside a decoder) takes down the jobs beside it;
    those are run again one at a time, so only the job that kills its worker is lost, and the rest
    go on side by side. Jobs that have not started when the caller stops early never do.

    Args:
        function: a function of a module, so that other processes can import it.
        jobs: one argument per name.
        workers: processes to start; 1 runs everything in this one.
        executor: an engine of the caller's own (Dask's ``Client.get_executor()``, say);
            ``workers`` then only says how many jobs to keep in flight.
    """
    if executor is None and workers <= 1:
        for name, job in jobs.items():
            yield _run_one(function, name, job)
        return
    waiting = dict(jobs)
    while waiting:
        engine = nullcontext(executor) if executor is not None else pool(workers)
        flying: dict[Future[Outcome[Result]], str] = {}
        try:
            for outcome in _run_on(engine, function, waiting, workers, flying):
                del waiting[outcome.name]
                yield outcome
        except BrokenProcessPool:
            executor = None  # a broken pool stays broken
            for name in [name for name in flying.values() if name in waiting]:
                outcome = _run_alone(function, name, waiting[name])
                del waiting[name]
                yield outcome


def pool(workers: int) -> ProcessPoolExecutor:
    """Return a pool of freshly started processes with one thread each for arithmetic.

    They end with this process, even if it is killed, and find the modules beside the recipe.
    """
    context, folder = get_context("spawn"), folder_in_use()
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(folder,))


def _run_on(
    opened: AbstractContextManager[Executor],
    function: Callable[[Job], Result],
    jobs: Mapping[str, Job],
    workers: int,
    flying: dict[Future[Outcome[Result]], str],
) -> Iterator[Outcome[Result]]:
    todo = iter(list(jobs.items()))
    with opened as engine:
        try:
            while True:
                while len(flying) < QUEUED_PER_WORKER * workers and (entry := next(todo, None)):
                    name, job = entry
                    flying[engine.submit(_run_one, function, name, job)] = name
                if not flying:
                    return
                done, _ = wait(flying, return_when=FIRST_COMPLETED)
                for future in done:
                    outcome = _outcome_of(future, flying[future])
                    del flying[future]
                    yield outcome
        finally:
            # nobody waits for these any more, when the caller stops early
            for future in flying:
                future.cancel()


def _run_alone(function: Callable[[Job], Result], name: str, job: Job) -> Outcome[Result]:
    try:
        with pool(1) as alone:
            return _outcome_of(alone.submit(_run_one, function, name, job), name)
    except BrokenProcessPool:
        reason = "the process that read it died (a crash in a decoder, or out of memory)"
        return Outcome(name, None, reason, 0.0)


def _outcome_of(future: Future[Outcome[Result]], name: str) -> Outcome[Result]:
    try:
        return future.result()
    except BrokenProcessPool:
        raise
    except Exception as error:  # of the engine: a result that can't travel, a worker that was lost
        return Outcome(name, None, f"unexpected {type(error).__name__}: {error}", 0.0)


def _run_one(function: Callable[[Job], Result], name: str, job: Job) -> Outcome[Result]:
    start = perf_counter()
    try:
        value = function(job)
    except EmotiwError as error:
        return Outcome(name, None, str(error), perf_counter() - start)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{last.filename.rsplit('/', 1)[-1]}:{last.lineno}"
        reason = f"unexpected {type(error).__name__} at {place}: {error}"
        return Outcome(name, None, reason, perf_counter() - start)
    return Outcome(name, value, None, perf_counter() - start)


def _begin(folder: Path | None) -> None:
    if folder is not None:
        use_folder(folder)
    # several processes with all cores each would only get in each other's way
    for library in ("OMP", "MKL", "OPENBLAS", "NUMEXPR"):
        os.environ[f"{library}_NUM_THREADS"] = "1"
    os.environ["OPENCV_FOR_THREADS_NUM"] = "1"
    for module, setter in (("torch", "set_num_threads"), ("cv2", "setNumThreads")):
        if module in sys.modules:
            getattr(sys.modules[module], setter)(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # a worker holds both ends of its own queue, so nothing else tells it that nobody is left
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
