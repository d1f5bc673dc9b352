"""Files that are either whole or absent, and the fingerprint of their bytes."""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

PARTIAL = ".partial-"
LEFTOVER_SEC = 24 * 3600.0  # of a writer on another machine, which can't be asked


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
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix = f"{PARTIAL}{_here()}-{os.getpid()}-"
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=path.suffix)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        if durable:
            with partial.open("rb+") as file:  # to flush it, Windows wants it open for writing
                os.fsync(file.fileno())
        partial.chmod(0o644)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
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
    pid = rest.partition("-")[0]
    if here == _here() and pid.isdecimal() and os.name == "posix":
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return True
        except OSError:  # there it is, and is another's
            pass
    return time.time() - path.stat().st_mtime > LEFTOVER_SEC


@cache
def _here() -> str:
    # process numbers are a machine's, and in a container the container's
    place = socket.gethostname()
    with suppress(OSError):
        place += str(Path("/proc/self/ns/pid").readlink())
    return hashlib.sha256(place.encode()).hexdigest()[:8]


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes, as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
