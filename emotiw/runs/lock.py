"""One command at a time in the folder of a run: whoever comes second is told who is at work."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from emotiw.core.errors import EmotiwError
from emotiw.core.files import atomic_write


class BusyError(EmotiwError):
    """Another command is at work in the folder."""


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Hold the lock of a run; the system takes it back from a process that has ended.

    Args:
        home: the run's hidden folder.

    Raises:
        BusyError: naming the command, process and machine that hold it, and since when.
    """
    from filelock import FileLock, Timeout

    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "lock", is_singleton=True, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BusyError(f"{home.parent}: {holder_of(home)} is at work here; wait for it") from None
    try:
        if lock.lock_counter == 1:
            told = {
                "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:3]]),
                "process": os.getpid(),
                "machine": socket.gethostname(),
                "since": datetime.now().astimezone().isoformat(timespec="seconds"),
            }
            atomic_write(home / "holder.json", json.dumps(told).encode())
        yield
    finally:
        if lock.lock_counter == 1:
            (home / "holder.json").unlink(missing_ok=True)
        lock.release()


def is_held(home: Path) -> bool:
    """Return whether another command is at work in a run's folder.

    Whoever may only read there can't try the lock: then what the holder left says so.
    """
    from filelock import FileLock, Timeout

    if not (home / "lock").is_file():
        return False
    try:
        with FileLock(home / "lock", timeout=0):
            return False
    except Timeout:
        return True
    except PermissionError:
        return (home / "holder.json").is_file()


def holder_of(home: Path) -> str:
    """Return who is at work in a run's folder, in words; empty where nobody has said so."""
    try:
        told = json.loads((home / "holder.json").read_text(encoding="utf-8"))
        return (
            f"`{told['command']}` (process {told['process']} on {told['machine']}, "
            f"since {told['since']})"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return "another command"
