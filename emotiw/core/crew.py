"""Worker processes that are kept from one stage to the next.

What a process has imported and loaded costs seconds; the next stage finds it done.
"""

from __future__ import annotations

from emotiw.core.worker_process import Worker

LARGE_GB = 2.0  # what holds more is not kept: the next stage needs the room


class Crew:
    """The workers that have nothing to do just now; ``close`` ends them."""

    def __init__(self) -> None:
        self._idle: list[Worker] = []

    def hire(self, *, shares_cores: bool, gpu: int | None = None) -> Worker:
        """Return a worker that waits for a job, started where none is there.

        Args:
            shares_cores: as of :class:`Worker`.
            gpu: as of :class:`Worker`.

        Raises:
            MachineError: if none can be started.
        """
        for worker in list(self._idle):
            if not worker.process.is_alive():
                self._idle.remove(worker)
                worker.stop()
            elif (worker.shares_cores, worker.gpu) == (shares_cores, gpu):
                self._idle.remove(worker)
                return worker
        return Worker(shares_cores=shares_cores, gpu=gpu)

    def release(self, worker: Worker) -> None:
        """Take back a worker that has done its job."""
        if worker.gigabytes > LARGE_GB:
            worker.stop()
        else:
            self._idle.append(worker)

    def close(self) -> None:
        """End all that have nothing to do."""
        for worker in self._idle:
            worker.let_go()
        while self._idle:
            self._idle.pop().stop()
