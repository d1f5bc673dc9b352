"""The net under every command: whatever goes wrong is one sentence and an exit status.

===  ============================================================================
  0  done
  1  done, but not all of it is as it should be: a clip without answer, a bad submission
  2  a mistake in the command, a recipe or a file, which its writer can mend
  3  the machine: disk, memory, rights, network; the same command goes on later
 70  a fault of the toolkit's own; a report file says more
129  hung up; 130, Ctrl-C; 143, told to end: the same command goes on
===  ============================================================================

A traceback is shown to whoever asks for it: ``emotiw --debug``, or EMOTIW_DEBUG=1.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from emotiw.cli.run_log import end_logs
from emotiw.core.errors import EmotiwError, MachineError
from emotiw.core.files import NotAFileError
from emotiw.core.notices import heard_by
from emotiw.core.stopping import STATUSES, stops_on_signals

DEBUG = "EMOTIW_DEBUG"
STOPPED = "stopped; run the same command again to go on"
AGAIN = "and run the same command again; it goes on where it stopped"
MEMORY = f"out of memory: close other programs or take fewer execution.workers, {AGAIN}"
NO_MEMORY = re.compile(
    r"(can't|cannot|unable to|failed to) (allocate|map)|(out of|insufficient) memory|bad_alloc"
    r"|can't start new thread",
    re.IGNORECASE,
)
OF_NAMES = (
    *(FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, NotAFileError),
)
OF_NETWORK = (ConnectionError, TimeoutError)
ADVICE = {
    errno.ENOSPC: f"free some space {AGAIN}",
    errno.EDQUOT: f"free some of your quota {AGAIN}",
    errno.EFBIG: f"raise the limit of file sizes (ulimit -f) {AGAIN}",
    errno.EMFILE: f"raise the limit of open files (ulimit -n) or take fewer workers, {AGAIN}",
    errno.ENFILE: f"close other programs {AGAIN}",
    errno.EROFS: "choose a folder that can be written to (paths.runs)",
    errno.EACCES: "choose a folder of your own (paths.runs), or ask for the right to it",
    errno.EPERM: "choose a folder of your own (paths.runs), or ask for the right to it",
    errno.EIO: f"look whether the disk or its connection is well, {AGAIN}",
    errno.ESTALE: f"connect the folder anew {AGAIN}",
}


def caught(command: Callable[[], object]) -> int:
    """Run a command; tell what went wrong, if anything did; return the exit status."""
    told = ""
    status: int | str = 0
    try:
        with stops_on_signals():
            try:
                with heard_by(_warned):
                    command()
            except SystemExit as end:  # so does every command end, also a good one
                status = end.code or 0
            sys.stdout.flush()
    except BrokenPipeError:  # nobody reads on, as after `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except SystemExit as end:  # told to stop while the last line was written
        status = end.code or 0
    except BaseException as error:
        told, status = _told(error)
        if os.environ.get(DEBUG):
            traceback.print_exc()
    if status in STATUSES:
        told = STOPPED
    if isinstance(status, str):
        told = status
    status = 1 if isinstance(status, str) else status
    if told:
        with suppress(OSError, ValueError):  # there may be no terminal any more
            print(told, file=sys.stderr, flush=True)
    end_logs(told, status)
    return status


def _warned(line: str) -> None:
    with suppress(OSError, ValueError):  # there may be no terminal any more
        print(f"warning: {line}", file=sys.stderr, flush=True)


def _told(error: BaseException) -> tuple[str, int]:
    """Return what is said of an error, and the exit status."""
    if isinstance(error, MachineError):
        return f"error: {error}", 3
    if isinstance(error, EmotiwError):
        return f"error: {error}", 2
    if isinstance(error, MemoryError) or NO_MEMORY.search(str(error)):
        return f"error: {MEMORY}", 3
    if isinstance(error, OSError) and (error.errno or isinstance(error, OF_NETWORK)):
        return f"error: {_of_file(error)}", 2 if isinstance(error, OF_NAMES) else 3
    last = traceback.extract_tb(error.__traceback__)[-1]
    what = f"unexpected {type(error).__name__} at {Path(last.filename).name}:{last.lineno}: {error}"
    return f"error: {what}\n{_reported(error)}", 70


def _of_file(error: OSError) -> str:
    parts = [error.strerror or str(error) or type(error).__name__]
    if error.filename is not None:
        path = Path(str(error.filename))
        parts.insert(0, str(path.parent if path.name.startswith(".partial-") else path))
    advice = ADVICE.get(error.errno or 0)
    return ": ".join(parts) + (f"; {advice}" if advice else "")


def _reported(error: BaseException) -> str:
    """Write a report of an error; return the sentence that says where it is."""
    from emotiw.core.versions import versions

    now = datetime.now()
    lines = [
        f"{now:%Y-%m-%d %H:%M:%S}  {shlex.join(sys.argv)}",
        *(f"{name} {number}" for name, number in {**versions(), "system": sys.platform}.items()),
        "",
        *traceback.format_exception(error),
    ]
    for folder in (os.getcwd, tempfile.gettempdir):
        with suppress(OSError):
            path = Path(folder()) / f"emotiw-error-{now:%Y%m%d-%H%M%S}-{os.getpid()}.txt"
            path.write_text("\n".join(lines), encoding="utf-8", errors="backslashreplace")
            return f"this is a fault of emotiw or of a module of your own; {path} says more"
    return "this is a fault of emotiw or of a module of your own; EMOTIW_DEBUG=1 says more"
