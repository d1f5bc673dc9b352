"""Faults of the machine, told from those of a clip.

A broken clip costs one clip. A full disk, a lost mount or no memory would cost every clip that
comes after it, and the run would train and submit without them; so it stops instead.
"""

from __future__ import annotations

import errno
import mmap
import os
import re
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from emotiw.core.errors import MachineError

AGAIN = "what is done is kept: mend it, and run the same command again"
# what opening, reading and writing say when it is not about the file
OF_MACHINE = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EMFILE, errno.ENFILE,
    errno.ESTALE, errno.ENOTCONN, errno.ENODEV,
}  # fmt: skip
OF_MACHINE_DECODING = {errno.EMFILE, errno.ENFILE, errno.ESTALE}  # damaged data has the others too
NO_MEMORY = re.compile(
    r"(can't|cannot|unable to|failed to) allocate|insufficient memory|failed to map segment", re.I
)
NOTHING_LEFT = re.compile(r"can't start new thread|CUDA.*out of memory", re.I)
ROOM = 1 << 30  # bytes; a healthy clip needs less


def require_machine(error: BaseException) -> None:
    """Raise MachineError if the error, or what it came of, is no fault of a clip.

    A clip may ask for more memory than there is. So that is the machine's fault only where, once
    the clip's own memory is given back, there is no gigabyte left either.
    """
    for link in _links(error):
        if isinstance(link, MachineError):
            raise link
        is_decoder = type(link).__module__.startswith("av.")
        number = link.errno if isinstance(link, OSError) else None
        if number in (OF_MACHINE_DECODING if is_decoder else OF_MACHINE):
            raise _stopped(str(link)) from error
        if NOTHING_LEFT.search(str(link)):
            raise _stopped(str(link)) from error
        is_of_memory = isinstance(link, MemoryError) or number == errno.ENOMEM
        if (is_of_memory or NO_MEMORY.search(str(link))) and not _has_room(link):
            raise _stopped("it is out of memory; fewer execution.workers need less") from error


def require_clips(root: Path, clip: Path) -> None:
    """Raise MachineError if a clip is gone because the whole folder is.

    Args:
        root: the folder of all clips.
        clip: one of them, which could not be read.
    """
    with suppress(OSError):
        if clip.exists():
            return
    try:
        if any(root.iterdir()):
            return
        why = "it is empty"
    except OSError as error:
        why = os.strerror(error.errno or 0)
    raise MachineError(f"{root}: the folder of the clips is lost ({why}); {AGAIN}")


def _stopped(why: str) -> MachineError:
    return MachineError(f"the machine can't go on: {why}; {AGAIN}")


def _links(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _has_room(error: BaseException) -> bool:
    traceback.clear_frames(error.__traceback__)
    try:
        mmap.mmap(-1, ROOM).close()
    except (OSError, MemoryError, ValueError):
        return False
    return True
