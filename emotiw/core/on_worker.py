"""A call as it travels to a worker of a cluster, and what the worker looks at before it does it.

Workers come late, are started again where one was killed, and may be of another image: so what a
worker needs to know travels with every call, and nothing is told once to those that happen to be
there. What was found to be right is not looked at again in that process.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from threading import Lock
from typing import Any

from emotiw.core.errors import MachineError
from emotiw.core.machine_faults import AGAIN
from emotiw.core.own_modules import forget_changed, use_folder
from emotiw.core.versions import versions

MARK = ".shared-"
_LOCK = Lock()  # a worker may have several threads, and imports of one's own are the process's


@dataclass(frozen=True)
class Terms:
    """What has to be there as it is where the work comes from.

    Attributes:
        home: where relative paths start.
        paths: that have to be there, of the clips and of the store.
        versions: of what results depend on.
    """

    home: Path
    paths: tuple[Path, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()


def terms_of(clips: Path | None = None, store: Path | None = None) -> Terms:
    """Return what workers have to have if they are to do what this process would do.

    Args:
        clips: the folder of the clips; one that is not there is not needed.
        store: the folder of artifacts. It gets a mark, whose name no other folder has: a disk of
            the worker's own may be at the same path.
    """
    paths = []
    if clips is not None and clips.is_dir():
        paths.append(next(clips.iterdir(), clips))
    if store is not None:
        store.mkdir(parents=True, exist_ok=True)
        mark = next(store.glob(f"{MARK}*"), store / f"{MARK}{uuid.uuid4().hex}")
        mark.touch()
        paths.append(mark)
    return Terms(Path.cwd(), tuple(paths), tuple(compared_versions().items()))


def compared_versions() -> dict[str, str]:
    """Return the versions that have to agree: of Python's two numbers, of builds nothing.

    Examples:
        >>> compared_versions()["python"].count(".")
        1
    """
    found = {name: number.partition("+")[0] for name, number in versions().items()}
    return found | {"python": found["python"].rpartition(".")[0]}


def packed(function: Callable[..., Any], *arguments: Any) -> bytes:
    """Return a call as it travels."""
    return bytes(ForkingPickler.dumps((function, arguments)))


def do(terms: Terms, modules: Path | None, call: bytes) -> Any:
    """Do a call on the worker, which finds the modules beside the recipe.

    Args:
        terms: what has to be there.
        modules: the folder of modules of the user's own.
        call: as :func:`packed` returns it.

    Raises:
        MachineError: if the worker doesn't have what it has to.
    """
    with _LOCK:
        with suppress(OSError):  # whether anything is missed there, the terms say
            if Path.cwd() != terms.home:
                os.chdir(terms.home)
        require(terms)
        if modules is not None:
            use_folder(modules)
            forget_changed()  # the worker may be older than what is in them
        function, arguments = ForkingPickler.loads(call)
    return function(*arguments)


@lru_cache
def require(terms: Terms) -> None:
    """Raise MachineError if this process doesn't have what it has to; once it has, it has."""
    here = compared_versions()
    other = [
        f"{name} {here.get(name)} ({number} where the run is)"
        for name, number in terms.versions
        if here.get(name) != number
    ]
    worker = f"execution.dask: a worker on {socket.gethostname()}"
    if other:
        told = f"{worker} has {', '.join(other)}: install the same everywhere"
        raise MachineError(f"{told}; {AGAIN}")
    for path in terms.paths:
        if not path.exists():
            why = "clips and store have to be at the same path for all"
            raise MachineError(f"{worker} doesn't see {terms.home / path}: {why}; {AGAIN}")
