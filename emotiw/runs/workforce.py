"""Who does the work of a run: one place decides, whatever the work is.

Clips, fits, rows of an ablation: all are jobs, which come and go by processes of this machine or by
a Dask cluster. What they make is in the shared store; small records come back. The processes are
kept while a command is at work, so that a stage finds warm what the one before has started.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from emotiw.core.cluster import Cluster
from emotiw.core.crew import Crew
from emotiw.core.device import CPU, gpu_count, require_device, worker_count
from emotiw.core.errors import ConfigError
from emotiw.core.execution import NO_LIMITS, run_jobs
from emotiw.core.outcome import Job, Outcome, Result
from emotiw.core.worker_process import Limits
from emotiw.runs.recipe_settings import ExecutionSettings


class Workforce:
    """The processes, or the cluster, that a recipe names.

    Args:
        execution: of the recipe.
        clips: their folder, which the workers of a cluster have to see, as they have to see
        store: the folder of artifacts.
    """

    def __init__(self, execution: ExecutionSettings, clips: Path, store: Path) -> None:
        self._execution = execution
        self._shared = clips, store
        self._crew = Crew()
        self._depth = 0

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the processes from one piece of work to the next in here."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self._crew.close()

    def do(
        self,
        function: Callable[[Job], Result],
        jobs: Mapping[str, Job],
        *,
        device: str = CPU,
        limits: Limits = NO_LIMITS,
        max_alike: int | None = None,
    ) -> Iterator[Outcome[Result]]:
        """Yield the outcome of every job on clips: many at once, each within its limits.

        Args:
            function: a function of a module.
            jobs: one argument per name.
            device: where the networks of this work compute; ``cpu`` if it needs none.
            limits: what one job may take.
            max_alike: so many failures in a row, all of one kind, are no accident.

        Raises:
            ConfigError: if the cluster can't be used, or a worker doesn't have the device.
            MachineError: if the machine or the cluster failed.
        """
        if self._execution.dask is not None:
            yield from self._on_cluster(function, jobs, device, limits, max_alike)
            return
        workers = worker_count(self._execution.workers, device) if len(jobs) > 1 else 1
        yield from run_jobs(
            function,
            jobs,
            workers=min(workers, max(len(jobs), 1)),
            limits=limits,
            max_alike=max_alike,
            crew=self._crew if self._depth else None,
            n_gpus=gpu_count(device) if workers > 1 else 0,
        )

    def do_long(
        self, function: Callable[[Job], Result], jobs: Mapping[str, Job], *, device: str = CPU
    ) -> Iterator[Outcome[Result]]:
        """Yield the outcome of every job of arithmetic: as long as it takes, one to a GPU.

        What takes a moment is done in this process.

        Args:
            function: as of :meth:`do`; it computes the same in one thread or beside others.
            jobs: the longest first.
            device: as of :meth:`do`.

        Raises:
            ConfigError: if the cluster can't be used, or a worker doesn't have the device.
            MachineError: if the machine or the cluster failed.
        """
        if self._execution.dask is not None:
            yield from self._on_cluster(function, jobs, device, NO_LIMITS, None)
            return
        n_gpus, workers = gpu_count(device), worker_count(self._execution.workers)
        workers = min(workers, max(len(jobs), 1), n_gpus or workers)
        yield from run_jobs(
            function,
            jobs,
            workers=workers,
            crew=self._crew if self._depth else None,
            begins_here=workers > 1 and n_gpus < 2,
            n_gpus=n_gpus,
        )

    def do_reading(
        self, function: Callable[[Job], Result], jobs: Mapping[str, Job]
    ) -> Iterator[Outcome[Result]]:
        """Yield the outcome of every job that does little but read: threads are as good for these.

        Args:
            function: as of :meth:`do`.
            jobs: as of :meth:`do`.

        Raises:
            ConfigError: if the cluster can't be used.
            MachineError: if the machine or the cluster failed.
        """
        if self._execution.dask is not None:
            yield from self._on_cluster(function, jobs, CPU, NO_LIMITS, None)
            return
        workers = min(worker_count(self._execution.workers), max(len(jobs), 1))
        with ThreadPoolExecutor(workers) as engine:
            yield from run_jobs(function, jobs, workers=workers, executor=engine)

    def _on_cluster(
        self,
        function: Callable[[Job], Result],
        jobs: Mapping[str, Job],
        device: str,
        limits: Limits,
        max_alike: int | None,
    ) -> Iterator[Outcome[Result]]:
        assert self._execution.dask is not None
        needed = {} if device == CPU else self._execution.dask_resources
        with Cluster(self._execution.dask, *self._shared, needed) as cluster:
            for begun in run_jobs(require_device, {"device": device}, executor=cluster):
                if begun.error is not None:
                    raise ConfigError(f"execution.dask: a worker can't begin: {begun.error}")
            yield from run_jobs(
                function, jobs, executor=cluster, limits=limits, max_alike=max_alike
            )
