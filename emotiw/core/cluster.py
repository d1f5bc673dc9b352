"""A Dask cluster that is already running, as an engine that says when nobody is left to work.

Dask's own client does the work of it; what is added here is what a run needs to know: how many
jobs the workers of this moment can do, that there are any, and that each is as it has to be.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from emotiw.core.errors import ConfigError, MachineError
from emotiw.core.machine_faults import AGAIN
from emotiw.core.on_worker import do, packed, terms_of
from emotiw.core.own_modules import folder_in_use

SCHEDULER_SEC = 10
COUNT_SEC = 1.0  # from one count of the workers to the next
WORKERS_SEC = 60.0  # a queueing system may still be starting them


class Cluster(Executor):
    """The workers of one scheduler, those that come later too.

    They find the modules beside the recipe, and look whether they have what they need.

    Args:
        address: of the scheduler.
        clips: their folder, which every worker has to see at the same path; so it has to
        store: the folder of artifacts.
        resources: what each call needs of a worker, as that was started with them; by name.

    Raises:
        ConfigError: if Dask is not installed, or there is no scheduler.
        MachineError: if it has no workers, and none come within a minute.
    """

    def __init__(
        self,
        address: str,
        clips: Path | None = None,
        store: Path | None = None,
        resources: Mapping[str, float] | None = None,
    ) -> None:
        try:
            from distributed import Client

            logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # told here
            self._client = Client(address, timeout=SCHEDULER_SEC)
        except ImportError as error:
            raise ConfigError("execution.dask needs Dask: pip install 'emotiw[dask]'") from error
        except (OSError, ValueError) as error:
            raise ConfigError(f"execution.dask: no scheduler at {address} ({error})") from error
        self._address, self._terms = address, terms_of(clips, store)
        # not pure: a call that is made again is done again, and not answered from the last time
        self._engine = self._client.get_executor(pure=False, resources=dict(resources or {}))
        self._deserted: float | None = None
        self._slots, self._counted = 0, float("-inf")
        try:
            self._client.wait_for_workers(1, timeout=WORKERS_SEC)
        except TimeoutError:
            self.shutdown()
            raise self._no_workers() from None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand over one call of a function of a module."""
        call = packed(partial(fn, **kwargs) if kwargs else fn, *args)
        future: Future[Any] = self._engine.submit(do, self._terms, folder_in_use(), call)
        return future

    @property
    def n_slots(self) -> int:
        """How many jobs all workers can do at once; workers may come and go."""
        if monotonic() - self._counted > COUNT_SEC and self._client.status == "running":
            with suppress(OSError):  # the scheduler is lost, as every future will say
                self._slots = sum(self._client.nthreads().values())
            self._counted = monotonic()
        return max(self._slots, 1)

    def require_alive(self) -> None:
        """Raise MachineError if there have been no workers for a minute; call it now and then."""
        if self._client.status != "running" or self._client.scheduler_info()["workers"]:
            self._deserted = None  # where the scheduler itself is lost, every future says so
            return
        self._deserted = self._deserted or monotonic()
        if monotonic() - self._deserted > WORKERS_SEC:
            raise self._no_workers()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster; it goes on running."""
        self._client.close()

    def _no_workers(self) -> MachineError:
        return MachineError(
            f"execution.dask: the scheduler at {self._address} has had no workers for "
            f"{WORKERS_SEC:.0f} s: start some with `dask worker {self._address}`; {AGAIN}"
        )
