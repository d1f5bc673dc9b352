"""Jobs that workers of a real cluster import and do."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def double(number: int) -> int:
    """Return twice the number, after a while."""
    time.sleep(0.05)
    return 2 * number


def double_or_die(job: tuple[int, Path | None]) -> int:
    """Return twice the number; kill the worker instead, where the file says so."""
    number, deadly = job
    if deadly is not None and deadly.exists():
        if deadly.read_text(encoding="utf-8") == "once":
            deadly.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return double(number)


def is_there(path: Path) -> bool:
    """Return whether a worker sees a file."""
    return path.is_file()


def wait_for(seconds: float) -> tuple[float, float]:
    """Wait that long; return when that began and ended."""
    begin = time.time()
    time.sleep(seconds)
    return begin, time.time()
