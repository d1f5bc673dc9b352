"""Files that are written whole or not at all, and read only where they are files.

A folder of clips may hold anything: a pipe would make its reader wait for ever, a device never
ends. What is opened for reading is opened here, or asked about here before a library opens it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import stat
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from io import BufferedReader
from pathlib import Path

from emotiw.core.errors import MachineError
from emotiw.core.machine_faults import AGAIN

PARTIAL = ".partial-"
LEFTOVER_SEC = 24 * 3600.0  # of a writer on another machine, which can't be asked
CLOCKS_SEC = 3600.0  # that a disk's clock and the machine's may differ by
KINDS = (
    (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"),
)  # fmt: skip


class NotAFileError(OSError):
    """A folder, a pipe, a device or a socket where a file is expected; its text is without path."""

    def __str__(self) -> str:
        return str(self.strerror)


def atomic_write(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old bytes or the new ones, never a part of them."""
    with atomic_file(path) as partial:
        partial.write_bytes(data)


@contextmanager
def atomic_file(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary name beside the file; what is written there takes the file's name.

    If anything is raised, nothing has happened. The temporary name says who writes, so that
    :func:`sweep` knows what a kill has left behind.

    Args:
        path: the file; its folder is made where there is none.
        durable: it reaches the disk before it takes the name; without, a power cut may leave a
            file that isn't whole, which only a checksum tells.

    Raises:
        MachineError: if it can't be written there.
    """
    partial: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        prefix = f"{PARTIAL}{_here()}-{os.getpid()}-"
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=path.suffix)
        partial = Path(name)
        os.close(handle)
        yield partial
        if durable:
            with partial.open("rb+") as file:  # to flush it, Windows wants it open for writing
                os.fsync(file.fileno())
        partial.chmod(0o644)
        partial.replace(path)
    except BaseException as error:
        if partial is not None:
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno != errno.ENAMETOOLONG:
            why = error.strerror or error
            raise MachineError(f"{path}: can't be written ({why}); {AGAIN}") from error
        raise


def sync_folder(folder: Path) -> None:
    """Let the names of a folder reach the disk, where the system can."""
    with suppress(OSError):  # Windows opens no folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sweep(folder: Path) -> int:
    """Remove what killed writers left in a folder, not below it; return how many files that were.

    A writer on this machine is asked for; of others, what is older than a day is a leftover.
    """
    n_swept = 0
    with suppress(OSError):  # there is no such folder, or it is another's
        for path in [Path(e.path) for e in os.scandir(folder) if e.name.startswith(PARTIAL)]:
            with suppress(OSError):
                if is_leftover(path):
                    path.unlink()
                    n_swept += 1
    return n_swept


def is_leftover(path: Path) -> bool:
    """Return whether the one who wrote a file of such a name is gone."""
    here, _, rest = path.name.removeprefix(PARTIAL).partition("-")
    pid, written = rest.partition("-")[0], path.stat().st_mtime
    if here == _here() and pid.isdecimal() and os.name == "posix" and _is_gone(int(pid), written):
        return True
    return time.time() - written > LEFTOVER_SEC


def _is_gone(pid: int, written: float) -> bool:
    """Return whether a process has ended, though nobody may have asked how, or begun only since."""
    import psutil

    try:
        process = psutil.Process(pid)
        is_other = process.create_time() > written + CLOCKS_SEC
        return bool(is_other or process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:  # there it is, and is another's
        return False


@cache
def _here() -> str:
    # process numbers are a machine's, and in a container the container's
    place = socket.gethostname()
    with suppress(OSError):
        place += str(Path("/proc/self/ns/pid").readlink())
    return hashlib.sha256(place.encode()).hexdigest()[:8]


def listing_of(folder: Path, *, without: Collection[Path] = ()) -> str:
    """Return a hash of names, sizes and times of all files below a folder; none is opened.

    Links to folders are followed, each folder once.

    Args:
        folder: where to look.
        without: folders in it that are left out.
    """
    left_out = {os.path.realpath(each) for each in without}
    found, todo = [], [str(folder)]
    while todo:
        parent = todo.pop()
        real = os.path.realpath(parent)
        if real in left_out:
            continue
        left_out.add(real)
        try:
            with os.scandir(parent) as entries:
                for entry in entries:
                    if entry.is_dir():
                        todo.append(entry.path)
                    else:
                        found.append(f"{os.path.relpath(entry.path, folder)}\0{_stamp(entry)}")
        except OSError as error:
            found.append(f"{os.path.relpath(parent, folder)}\0{error.errno}")
    text = "\n".join(sorted(found))
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _stamp(entry: os.DirEntry[str]) -> str:
    try:
        known = entry.stat()
    except OSError as error:  # a link that leads nowhere
        return str(error.errno)
    return f"{known.st_size} {known.st_mtime_ns}"


def shown_in_full(path: Path) -> str:
    """Return a path that isn't there as messages show it: whole, and where it was looked for.

    Examples:
        >>> shown_in_full(Path("/data/clips"))
        '/data/clips'
    """
    told = "" if path.is_absolute() else f" ({path} starts where the command is run)"
    return f"{path.absolute()}{told}"


def file_problem(path: Path) -> str:
    """Return why nothing can be read from a path, without opening it; empty where it is a file.

    A link to a file is one.

    Examples:
        >>> file_problem(Path("/")), file_problem(Path("/no/where"))
        ('not a regular file (a folder)', 'no such file')
    """
    try:
        _require_regular(path)
    except FileNotFoundError:
        return "a link to nothing" if path.is_symlink() else "no such file"
    except OSError as error:
        return error.strerror or str(error)
    except ValueError as error:  # a name that no file can have
        return str(error)
    return ""


def open_file(path: Path) -> BufferedReader:
    """Open a file for reading.

    Raises:
        OSError: if it is missing, can't be opened, or is a pipe, a device or a folder.
    """
    _require_regular(path)
    return path.open("rb")


def read_file(path: Path) -> bytes:
    """Return the bytes of a file; raises as :func:`open_file`."""
    with open_file(path) as file:
        return file.read()


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes, as 64 hex digits; raises as :func:`open_file`."""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_regular(path: Path) -> None:
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = next((kind for is_kind, kind in KINDS if is_kind(mode)), "of no known kind")
        raise NotAFileError(errno.EINVAL, f"not a regular file ({kind})", str(path))
