"""A process that does one job after another, and can be stopped from outside.

Each has a pipe of its own and one job at a time, so that whoever waits for it knows what it was
doing when it died, for how long, and with how much memory; that is more than a pool tells.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from time import monotonic
from typing import Any

from emotiw.core.cores import wait_quietly
from emotiw.core.errors import MachineError
from emotiw.core.machine_faults import AGAIN
from emotiw.core.outcome import Outcome, failure, run_one
from emotiw.core.own_modules import folder_in_use, use_folder

GRACE_SEC = 2.0  # to take away what is half written
READY = "ready"
GPUS = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Limits:
    """What one job may take; None is no limit.

    Attributes:
        seconds: time.
        memory_gb: memory of the process that does it, libraries included, 10⁹ bytes.
    """

    seconds: float | None = None
    memory_gb: float | None = None

    def __bool__(self) -> bool:
        return self.seconds is not None or self.memory_gb is not None


class Worker:
    """A freshly started process; it ends with this one, even if this one is killed.

    Args:
        shares_cores: one of several, with one thread for arithmetic each; with all cores each
            they would only get in each other's way.
        gpu: the only GPU that it sees, of those that this process sees; all of them where None.

    Raises:
        MachineError: if it can't be started.
    """

    def __init__(self, *, shares_cores: bool, gpu: int | None = None) -> None:
        self.shares_cores, self.gpu = shares_cores, gpu
        context = get_context("spawn")
        try:
            self.pipe, theirs = context.Pipe()
            arguments = (theirs, folder_in_use(), shares_cores, gpu)
            self.process = context.Process(target=_serve, args=arguments)
            with _without_interrupts():  # it would print a traceback before it can ignore them
                self.process.start()
        except (OSError, MemoryError) as error:
            why = f"a worker process can't be started ({error}); fewer execution.workers may help"
            raise MachineError(f"{why}; {AGAIN}") from error
        theirs.close()
        atexit.register(self.process.kill)  # or Python would wait for it when it ends
        self.job = ""
        self._is_ready = False
        self._since = monotonic()

    def begin(self, function: Callable[[Any], Any], name: str, job: Any) -> None:
        """Hand it its next job."""
        self.job, self._since = name, monotonic()
        with suppress(OSError):  # it died since: whoever looks into the pipe will see
            self.pipe.send((name, bytes(ForkingPickler.dumps((function, job)))))

    def outcome(self) -> Outcome[Any] | None:
        """Return what became of its job, once there is something in its pipe; None for no news.

        Raises:
            MachineError: if the machine failed, or the process ended before it could begin.
        """
        try:
            news = self.pipe.recv()
        except (EOFError, OSError):
            return self._died()
        if news == READY:
            self._is_ready, self._since = True, monotonic()
            return None
        self.job = ""
        if isinstance(news, MachineError):
            raise news
        outcome: Outcome[Any] = news
        return outcome

    def beyond(self, limits: Limits) -> Outcome[Any] | None:
        """Return the failure of a job that takes more than it may, if it does."""
        seconds = monotonic() - self._since
        if not self.job or not self._is_ready:
            return None
        if limits.seconds is not None and seconds > limits.seconds:
            why = f"took longer than {limits.seconds:g} s (execution.seconds_per_clip)"
            return Outcome(self.job, None, why, seconds, "time limit")
        if limits.memory_gb is not None and self.gigabytes > limits.memory_gb:
            why = f"needed more than {limits.memory_gb:g} GB (execution.memory_per_clip_gb)"
            return Outcome(self.job, None, why, seconds, "memory limit", is_lost=True)
        return None

    def let_go(self) -> None:
        """Ask it to end: at once, or when it has taken away what is half written."""
        self.pipe.close()
        if self.job:
            self.process.terminate()

    def stop(self) -> None:
        """End it, and wait until it has."""
        self.let_go()
        self.process.join(GRACE_SEC)
        self.process.kill()
        self.process.join()
        atexit.unregister(self.process.kill)

    def _died(self) -> Outcome[Any]:
        self.process.join()
        code = self.process.exitcode or 0
        if not self._is_ready:
            why = f"a worker process ended before it could begin (exit status {code})"
            raise MachineError(f"{why}; {AGAIN}")
        ended = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        why = f"the process that read it died ({ended}: a crash in a decoder, or out of memory)"
        return Outcome(self.job, None, why, monotonic() - self._since, f"died of {ended}", True)

    @property
    def gigabytes(self) -> float:
        """The memory that it holds, 10⁹ bytes; files in memory cost nothing."""
        import psutil

        try:
            used = psutil.Process(self.process.pid).memory_info()
        except psutil.Error:  # it ended since
            return 0.0
        return float(used.rss - getattr(used, "shared", 0)) / 1e9


@contextmanager
def _without_interrupts() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, folder: Path | None, shares_cores: bool, gpu: int | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it hears of that, and stops it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is half written goes
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if folder is not None:
        use_folder(folder)
    wait_quietly(1 if shares_cores else None)
    if gpu is not None:
        seen = os.environ.get(GPUS)
        os.environ[GPUS] = seen.split(",")[gpu] if seen else str(gpu)
    pipe.send(READY)
    try:
        _work(pipe)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # there is nothing left to take away


def _work(pipe: Connection) -> None:
    while True:
        try:
            name, packed = pipe.recv()
        except EOFError:
            return
        try:
            news: Outcome[Any] | MachineError = run_one(_unpacked, name, packed)
        except MachineError as error:
            news = error
        try:
            pipe.send(news)
        except OSError:
            return  # nobody is left to hear it
        except Exception as error:  # a result that can't travel
            pipe.send(failure(name, error))


def _unpacked(packed: bytes) -> Any:
    function, job = ForkingPickler.loads(packed)
    return function(job)


def _end_with_parent() -> None:
    # in the middle of a job, nothing else tells it that nobody is left
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
