"""Every job has an outcome, whatever becomes of its worker."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from emotiw.core.crew import Crew
from emotiw.core.errors import MachineError, MediaError
from emotiw.core.execution import run_jobs
from emotiw.core.outcome import Outcome
from emotiw.core.worker_process import Limits, Worker


def double(number: int) -> int:
    return 2 * number


def double_or_die(number: int) -> int:
    if number < 0:
        os._exit(3)
    return 2 * number


def double_slowly_or_die(number: int) -> int:
    time.sleep(0.02)
    return double_or_die(number)


def double_or_raise(number: int) -> int:
    if number == 1:
        raise MediaError("clip '1' is empty")
    if number == 2:
        raise KeyError("frames")
    return 2 * number


def double_unless_large(number: int) -> int:
    if number >= 10:
        raise ValueError(f"{number} is large")
    return 2 * number


def full_disk(_: int) -> None:
    try:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise MediaError("clip can't be read") from error


def hold_megabytes(count: int) -> int:
    held = b"x" * (count * 1_000_000)
    for _ in range(count):
        time.sleep(0.02)
    return len(held)


def die_once(folder: str) -> None:
    try:
        (Path(folder) / "died").touch(exist_ok=False)
    except FileExistsError:
        mark(folder)
    else:
        os._exit(3)


def process_of(_: int) -> int:
    return os.getpid()


def mark(folder: str) -> str:
    (Path(folder) / f"{os.getpid()}-{time.monotonic_ns()}").touch()
    return folder


def unpicklable(_: int) -> Any:
    return threading.Lock()


def threads_in_use(_: int) -> dict[str, int]:
    import cv2
    import threadpoolctl
    import torch

    counts = {
        found["internal_api"]: found["num_threads"] for found in threadpoolctl.threadpool_info()
    }
    return {**counts, "torch": torch.get_num_threads(), "cv2": cv2.getNumThreads()}


def note_and_sleep(folder: str) -> None:
    mark(folder)
    time.sleep(120)


def values(outcomes: list[Outcome[Any]]) -> dict[str, Any]:
    assert len({outcome.name for outcome in outcomes}) == len(outcomes)
    return {outcome.name: outcome.value for outcome in outcomes}


def numbered(count: int) -> dict[str, int]:
    return {f"clip{index:03d}": index for index in range(count)}


def counted_workers(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each that is started from now on shares the cores."""
    started: list[bool] = []

    class Counted(Worker):
        def __init__(self, *, shares_cores: bool, gpu: int | None = None) -> None:
            started.append(shares_cores)
            super().__init__(shares_cores=shares_cores, gpu=gpu)

    monkeypatch.setattr("emotiw.core.crew.Worker", Counted)
    return started


def test_one_worker_runs_in_this_process_and_in_order() -> None:
    outcomes = list(run_jobs(process_of, numbered(3)))
    assert [outcome.name for outcome in outcomes] == ["clip000", "clip001", "clip002"]
    assert {outcome.value for outcome in outcomes} == {os.getpid()}


def test_nothing_to_do_starts_no_process() -> None:
    assert list(run_jobs(double, {}, workers=2)) == []
    assert list(run_jobs(double, {}, workers=1)) == []


def test_many_more_jobs_than_workers_all_have_an_outcome() -> None:
    outcomes = list(run_jobs(double, numbered(40), workers=2))
    assert values(outcomes) == {name: 2 * number for name, number in numbered(40).items()}
    assert all(outcome.error is None and outcome.seconds >= 0 for outcome in outcomes)


def test_the_result_does_not_depend_on_the_number_of_workers() -> None:
    jobs = numbered(12)
    assert values(list(run_jobs(double, jobs))) == values(list(run_jobs(double, jobs, workers=2)))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_is_an_outcome(workers: int) -> None:
    found = {o.name: o for o in run_jobs(double_or_raise, numbered(4), workers=workers)}
    assert [found[name].value for name in sorted(found)] == [0, None, None, 6]
    assert found["clip001"].error == "clip '1' is empty"
    error = found["clip002"].error
    assert error is not None
    assert error.startswith("unexpected KeyError at test_execution.py:")
    assert error.endswith(": 'frames'")
    assert found["clip003"].error is None


def test_a_worker_that_dies_costs_only_its_own_job() -> None:
    jobs = {**numbered(30), "bad": -1, **{f"late{n}": n for n in range(10)}}
    found = {outcome.name: outcome for outcome in run_jobs(double_or_die, jobs, workers=2)}
    assert found.keys() == jobs.keys()
    assert [name for name, outcome in found.items() if outcome.error] == ["bad"]
    assert "died" in str(found["bad"].error)
    assert all(found[name].value == 2 * job for name, job in jobs.items() if name != "bad")


def test_after_a_death_the_rest_run_side_by_side_again(monkeypatch: pytest.MonkeyPatch) -> None:
    started = counted_workers(monkeypatch)
    jobs = {"bad": -1, **numbered(30)}
    found = values(list(run_jobs(double_slowly_or_die, jobs, workers=2)))
    assert found == {"bad": None, **{name: 2 * number for name, number in numbered(30).items()}}
    # two, one in place of the dead one, and one in which the bad job shows that it was its own
    assert started == [True] * 4


def test_an_engine_of_the_callers_own_stays_open() -> None:
    with ThreadPoolExecutor(2) as engine:
        for _ in range(2):
            outcomes = list(run_jobs(double, numbered(20), workers=2, executor=engine))
            assert values(outcomes) == {name: 2 * n for name, n in numbered(20).items()}
        assert engine.submit(double, 21).result() == 42


def test_one_worker_still_uses_the_callers_engine() -> None:
    with ThreadPoolExecutor(1, thread_name_prefix="mine") as engine:
        names = run_jobs(lambda _: threading.current_thread().name, numbered(6), executor=engine)
        assert all(str(outcome.value).startswith("mine") for outcome in names)


class KilledWorker(Exception):
    """Called as Dask's is."""


class Engine(Executor):
    """An engine that fails one job for reasons of its own, so many times."""

    def __init__(self, error: Exception, times: int = 9) -> None:
        self.errors = [error] * times
        self.in_flight: list[set[str]] = []
        self.futures: dict[str, Future[Any]] = {}

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.futures[args[1]] = future
        self.in_flight.append({name for name, one in self.futures.items() if not one.done()})
        if args[1] == "clip001" and self.errors:
            future.set_exception(self.errors.pop())
        else:
            future.set_result(fn(*args, **kwargs))
        return future


@pytest.mark.parametrize(
    "error", [ConnectionError("scheduler lost"), CancelledError(), BrokenProcessPool("dead")]
)
def test_an_engine_that_is_lost_blames_no_job(error: Exception) -> None:
    told = rf"can't be reached any more \({type(error).__name__}.*run the same command again"
    with pytest.raises(MachineError, match=told):
        list(run_jobs(double, numbered(3), executor=Engine(error)))


@pytest.mark.parametrize(("times", "value"), [(1, 2), (2, None)])
def test_a_job_that_kills_the_engines_workers_is_run_again_alone(
    times: int, value: int | None
) -> None:
    engine = Engine(KilledWorker("4 workers died"), times)
    outcomes = list(run_jobs(double, numbered(3), executor=engine))
    assert [outcome.name for outcome in outcomes][-1] == "clip001"
    assert values(outcomes) == {"clip000": 0, "clip001": value, "clip002": 4}
    assert engine.in_flight[-1] == {"clip001"}
    assert (outcomes[-1].error is None) == (value is not None)


def test_an_engine_from_which_nothing_comes_back_is_left() -> None:
    class Silent(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            return Future()

    with pytest.raises(MachineError, match=r"nothing came back for 0.1 s .* 3 clips"):
        list(run_jobs(double, numbered(3), executor=Silent(), limits=Limits(seconds=0.1)))


def test_a_fault_of_the_machine_comes_through_an_engine() -> None:
    with ThreadPoolExecutor(1) as engine, pytest.raises(MachineError, match="No space left"):
        list(run_jobs(full_disk, numbered(2), executor=engine))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_fault_of_the_machine_stops_the_work(workers: int) -> None:
    done = []
    with pytest.raises(MachineError, match=r"can't go on.*No space left.*what is done is kept"):
        done.extend(run_jobs(full_disk, numbered(8), workers=workers))
    assert done == []


def test_what_takes_too_long_is_stopped_and_the_jobs_beside_it_go_on() -> None:
    jobs = {"endless": 60.0, **{f"quick{n}": 0.0 for n in range(4)}}
    # a function of Python's own: what a process imports for its first job counts too
    found = {o.name: o for o in run_jobs(time.sleep, jobs, workers=2, limits=Limits(seconds=1))}
    assert found.keys() == jobs.keys()
    assert [name for name, outcome in found.items() if outcome.error] == ["endless"]
    assert found["endless"].error == "took longer than 1 s (execution.seconds_per_clip)"
    assert 1 <= found["endless"].seconds < 60


def test_what_eats_memory_is_stopped_with_one_worker_too() -> None:
    jobs = {"hungry": 300, "modest": 1}
    found = {o.name: o for o in run_jobs(hold_megabytes, jobs, limits=Limits(memory_gb=0.2))}
    assert found["modest"].value == 1_000_000
    assert found["hungry"].error == "needed more than 0.2 GB (execution.memory_per_clip_gb)"


def test_a_job_that_dies_beside_others_may_live_alone(tmp_path: Path) -> None:
    outcomes = list(run_jobs(die_once, {"a": str(tmp_path), "b": str(tmp_path)}, workers=2))
    assert all(outcome.error is None for outcome in outcomes)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_process_that_cannot_be_started_is_the_machines_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr("multiprocessing.util.spawnv_passfds", refuse)
    with pytest.raises(MachineError, match=r"process can't be started .*unavailable.*workers"):
        list(run_jobs(double, numbered(3), workers=2))


def test_failures_alike_in_a_row_stop_the_work() -> None:
    done: list[Outcome[Any]] = []
    jobs = {"fine": 0, **{f"odd{n}": n + 10 for n in range(9)}}
    with pytest.raises(MachineError, match="the last 5 clips failed alike: unexpected ValueError"):
        done.extend(run_jobs(double_unless_large, jobs, max_alike=5))
    # extend keeps what came before the error
    assert [outcome.name for outcome in done] == ["fine", "odd0", "odd1", "odd2", "odd3"]


def test_failures_with_others_between_them_or_foreseen_do_not() -> None:
    mixed = {str(n): 10 * (n % 5) for n in range(40)}  # every fifth is fine
    assert len(list(run_jobs(double_unless_large, mixed, max_alike=5))) == 40
    broken = dict.fromkeys(map(str, range(40)), 1)
    assert {o.error for o in run_jobs(double_or_raise, broken, max_alike=5)} == {
        "clip '1' is empty"
    }


def test_a_result_that_cannot_travel_is_an_outcome() -> None:
    (outcome,) = run_jobs(unpicklable, {"a": 1}, workers=2)
    assert outcome.value is None
    assert "pickle" in str(outcome.error)


def test_a_caller_that_stops_early_leaves_nothing_running(tmp_path: Path) -> None:
    started = threading.Event()
    go_on = threading.Event()
    ran: list[int] = []

    def slow(number: int) -> int:
        ran.append(number)
        if number > 0:
            started.set()
            go_on.wait(10)
        return number

    with ThreadPoolExecutor(1) as engine:
        outcomes = run_jobs(slow, numbered(4), executor=engine)
        assert next(outcomes).value == 0
        assert started.wait(10)
        outcomes.close()  # type: ignore[attr-defined]
        go_on.set()
    assert ran == [0, 1]


def test_a_caller_that_stops_early_does_not_wait_for_the_queue(tmp_path: Path) -> None:
    jobs = {str(index): str(tmp_path) for index in range(200)}
    outcomes = run_jobs(mark, jobs, workers=2)
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert 1 <= len(list(tmp_path.iterdir())) <= 16


def test_a_worker_does_arithmetic_in_one_thread() -> None:
    (outcome,) = run_jobs(threads_in_use, {"a": 0}, workers=2)
    assert outcome.value is not None, outcome.error
    assert {"openblas", "torch", "cv2"} <= outcome.value.keys()
    assert set(outcome.value.values()) == {1}


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    folder = Path(__file__).parent
    code = (
        f"import sys; sys.path.insert(0, {str(folder)!r}); import test_execution as tests; "
        f"jobs = dict.fromkeys('ab', {str(tmp_path)!r}); "
        "list(tests.run_jobs(tests.note_and_sleep, jobs, workers=2))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=folder.parents[1])
    try:
        wait_until(lambda: len(list(tmp_path.glob("*-*"))) == 2)
        workers = [int(path.name.split("-")[0]) for path in tmp_path.glob("*-*")]
        assert all(is_running(worker) for worker in workers)
    finally:
        parent.kill()
        parent.wait()
    wait_until(lambda: not any(is_running(worker) for worker in workers))


def sleep_and_tell(seconds: float) -> tuple[int, str | None]:
    time.sleep(seconds)
    return os.getpid(), os.environ.get("CUDA_VISIBLE_DEVICES")


def test_what_takes_a_moment_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    started = counted_workers(monkeypatch)
    outcomes = list(run_jobs(process_of, numbered(3), workers=2, begins_here=True))
    assert [outcome.value for outcome in outcomes] == [os.getpid()] * 3
    assert not started


def test_what_takes_long_is_spread_while_the_first_is_being_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("emotiw.core.here_first.WORTH_A_POOL_SEC", 1.0)
    jobs = {"long": 3.0, **{f"short{n}": 0.3 for n in range(12)}}
    found = values(list(run_jobs(sleep_and_tell, jobs, workers=2, begins_here=True)))
    assert found.keys() == jobs.keys()
    processes = {name: where[0] for name, where in found.items()}
    assert processes["long"] == os.getpid()
    assert len(set(processes.values())) == 3


def test_a_crew_is_kept_from_one_call_to_the_next() -> None:
    with closing(Crew()) as crew:
        first, second = (
            {o.value for o in run_jobs(process_of, numbered(6), workers=2, crew=crew)}
            for _ in range(2)
        )
        assert second <= first
        os.kill(first.pop(), signal.SIGKILL)
        found = values(list(run_jobs(double, numbered(6), workers=2, crew=crew)))
        assert found == {name: 2 * number for name, number in numbered(6).items()}
        (dead,) = run_jobs(double_or_die, {"bad": -1}, workers=2, crew=crew)
        assert dead.is_lost
        alive = {o.value for o in run_jobs(process_of, numbered(4), workers=2, crew=crew)}
    assert not any(is_running(process) for process in alive)


def test_each_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7,9")
    jobs = {str(n): 0.3 for n in range(9)}
    found = {o.value for o in run_jobs(sleep_and_tell, jobs, workers=3, n_gpus=3)}
    assert sorted(str(gpu) for _, gpu in found if gpu) == ["4", "7", "9"]


def wait_until(is_so: Callable[[], bool], *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # whoever inherits an orphan may not collect it
    status = Path(f"/proc/{process}/status")
    return not (status.is_file() and "\nState:\tZ" in status.read_text())
