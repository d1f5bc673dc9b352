"""A cluster of processes on this machine, started by the commands that the guide shows."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from types import TracebackType

import psutil

PATIENCE_SEC = 60
ROOT = Path(__file__).parents[1]  # of the modules that jobs are in
QUIET = {"DASK_LOGGING__DISTRIBUTED": "critical", "DASK_DISTRIBUTED__DASHBOARD__LINK": ""}


class LoopbackCluster:
    """A scheduler and workers, each of which can be killed as a lost node is.

    Args:
        folder: for what workers write on their own disks.
        n_workers: processes; each has a nanny that starts another one in its place.
        n_threads: slots of each.
    """

    def __init__(self, folder: Path, *, n_workers: int = 2, n_threads: int = 1) -> None:
        self.folder, self.n_workers, self.n_threads = folder, n_workers, n_threads
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.nannies: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> LoopbackCluster:
        self.start_scheduler()
        for _ in range(self.n_workers):
            self.start_worker()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in (*self.nannies, self.scheduler):
            if process is not None:
                end_with_children(process)

    def start_scheduler(self) -> None:
        """Start the scheduler, again at the same address."""
        options = ["--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"]
        self.scheduler = self._started("scheduler", *options)

    def start_worker(self, *, environment: Mapping[str, str] | None = None) -> None:
        """Add a worker; it waits for a scheduler that isn't there yet."""
        options = ["--nworkers", "1", "--nthreads", str(self.n_threads), "--no-dashboard"]
        where = ["--host", "127.0.0.1", "--local-directory", str(self.folder / "local")]
        more = environment or {}
        self.nannies.append(self._started("worker", self.address, *options, *where, **more))

    def kill_scheduler(self) -> None:
        """End the scheduler without a word to anybody."""
        assert self.scheduler is not None
        self.scheduler.kill()
        self.scheduler.wait(PATIENCE_SEC)

    def kill_a_worker(self, rng: Random) -> bool:
        """End one of the processes at work without a word; return whether there was one."""
        at_work = [child for nanny in self.nannies for child in workers_of(nanny)]
        if not at_work:
            return False
        with suppress(psutil.NoSuchProcess):
            rng.choice(at_work).kill()
        return True

    def _started(self, what: str, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        found = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        return subprocess.Popen(
            [sys.executable, "-m", "dask", what, *options],
            env={**os.environ, **QUIET, "PYTHONPATH": found, **environment},
            cwd=self.folder,  # not where the run is
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def workers_of(nanny: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the process at work for a nanny, and not the one that tidies up after both."""
    with suppress(psutil.Error):
        children = psutil.Process(nanny.pid).children()
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    return []


def end_with_children(process: subprocess.Popen[bytes]) -> None:
    """End a process and whatever it has started."""
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.send_signal(signal.SIGKILL)
    process.kill()
    process.wait(PATIENCE_SEC)
