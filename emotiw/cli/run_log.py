"""``run.log``: what was asked of a run, when, and what came of it.

It is the only file of a run with times in it. A command that fails before it has made the run's
folder leaves nothing behind: lines wait until the folder is there.
"""

from __future__ import annotations

import shlex
import sys
import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from emotiw import __version__
from emotiw.core.progress import Lines, Several, as_duration

if TYPE_CHECKING:
    from emotiw.runs.run import Run

_open: list[RunLog] = []


class RunLog:
    """The log of one run, for as long as one command lasts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begin = monotonic()
        self._waiting: list[str] = []
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        """Add a line, with the time; a log that can't be written stops nothing."""
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        with self._lock, suppress(OSError):
            self._waiting += [f"{now} {part}\n" for part in line.splitlines()]
            if self._path.parent.is_dir():
                with self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                    file.write("".join(self._waiting))
                self._waiting.clear()

    def end(self, told: str, status: int) -> None:
        """Say how the command ended."""
        spent = as_duration(monotonic() - self._begin)
        self.write(f"{told}\nended after {spent}, status {status}".lstrip())


def with_log(run: Run) -> Run:
    """Return the run, which from now on keeps what its progress tells."""
    log = RunLog(run.folder / "run.log")
    log.write(f"emotiw {__version__}: {shlex.join(['emotiw', *sys.argv[1:]])}")
    run.progress = Several(run.progress, Lines(log.write))
    _open.append(log)
    return run


def end_logs(told: str, status: int) -> None:
    """Say in the logs of this command how it ended, and why if it went wrong."""
    while _open:
        _open.pop().end(told, status)
