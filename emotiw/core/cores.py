"""How many cores this process may use, and threads that leave them to others while they wait.

A machine's count of cores is not what a container, a batch system or ``taskset`` leaves of them.
Threads of the usual arithmetic libraries wait for each other in a busy loop: alone that saves
microseconds, beside other work it takes their cores. Libraries look at these settings once, when
they are first imported.
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
THREADS = ("OMP", "MKL", "OPENBLAS", "NUMEXPR")
_ALONE = threading.RLock()
WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}


def usable_cores(cgroup: Path = CGROUP) -> int:
    """Return how many cores this process may keep busy: by affinity, and by quota of its group.

    Args:
        cgroup: where the system keeps quotas.

    Examples:
        >>> 1 <= usable_cores() <= (os.cpu_count() or 1)
        True
    """
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:  # macOS and Windows have none to ask
        allowed = os.cpu_count() or 1
    quota = _quota(cgroup)
    return max(1, min(allowed, allowed if quota is None else math.ceil(quota)))


def wait_quietly(n_threads: int | None = None) -> None:
    """Have libraries that are imported from now on wait without a busy loop.

    What the user has set stays as it is, unless the number of threads is given.

    Args:
        n_threads: for arithmetic; by default, those that libraries take, but no more than the
            cores that may be used.
    """
    for name, value in WAITING.items():
        os.environ.setdefault(name, value)
    if n_threads is not None:
        for library in THREADS:
            os.environ[f"{library}_NUM_THREADS"] = str(n_threads)
        os.environ["OPENCV_FOR_THREADS_NUM"] = str(n_threads)
        for module, setter in (("torch", "set_num_threads"), ("cv2", "setNumThreads")):
            if module in sys.modules:
                getattr(sys.modules[module], setter)(n_threads)
    elif (cores := usable_cores()) < (os.cpu_count() or 1):
        for library in THREADS:
            os.environ.setdefault(f"{library}_NUM_THREADS", str(cores))


@contextmanager
def alone_in_one_thread() -> Iterator[None]:
    """Compute something whose result hangs on nothing else: neither on cores, nor on neighbours.

    Sums over several threads differ in the last bit from those over one, and networks draw from a
    generator that all threads of a process share. So arithmetic has one thread in here, and other
    threads of this process that want the same wait.
    """
    from threadpoolctl import threadpool_limits

    names = [f"{library}_NUM_THREADS" for library in THREADS]
    with _ALONE:
        told = {name: os.environ.get(name) for name in names}
        before = _torch_threads() or int(told["OMP_NUM_THREADS"] or usable_cores())
        os.environ.update(dict.fromkeys(names, "1"))  # for what is imported in here
        try:
            with threadpool_limits(1):
                _torch_threads(1)
                yield
        finally:
            for name, value in told.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
            _torch_threads(before)


def _torch_threads(wanted: int | None = None) -> int | None:
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "set_num_threads"):  # or it is just being imported
        return None
    before: int = torch.get_num_threads()
    if wanted is not None:  # where OpenMP has as many already, too: MKL is told by this alone
        torch.set_num_threads(wanted)
    return before


def _quota(cgroup: Path) -> float | None:
    """Return the cores that the group of this process may use together; None for no limit."""
    try:  # version 2, of the group itself: a container sees its own at the top
        told = (cgroup / "cpu.max").read_text(encoding="utf-8").split()
        return None if told[0] == "max" else int(told[0]) / int(told[1])
    except (OSError, ValueError, IndexError, ZeroDivisionError):
        pass
    try:  # version 1
        quota, period = (
            int((cgroup / "cpu" / f"cpu.cfs_{name}_us").read_text(encoding="utf-8"))
            for name in ("quota", "period")
        )
        return quota / period if quota > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
