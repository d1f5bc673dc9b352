"""Files that are either whole or absent, and the fingerprint of their bytes."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emotiw.core.errors import MachineError
from emotiw.core.machine_faults import AGAIN


def atomic_write(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old bytes or the new ones, never a part of them."""
    with atomic_file(path) as partial:
        partial.write_bytes(data)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside the file; what is written there takes the file's name.

    It reaches the disk first. If anything is raised, nothing has happened.

    Raises:
        MachineError: if it can't be written there.
    """
    partial: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".partial-", suffix=path.suffix)
        partial = Path(name)
        os.close(handle)
        yield partial
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


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes, as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
