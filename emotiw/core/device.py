"""Where networks compute: one choice, ``execution.device``, handed down to whatever has a network.

A part with a network has a method ``to(device)``, as everything in torch has; :class:`OnDevice`
is one to inherit. A part without it is left alone, so that a class of the user's own need know
nothing of devices. Jobs carry the choice as it was made, and the process that computes finds out
what it means there: ``auto`` is right for every machine of a cluster. The choice is no part of any
key: a result is the same one, to rounding, wherever it was computed.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar, runtime_checkable

from pydantic import AfterValidator

from emotiw.core.cores import usable_cores
from emotiw.core.errors import ConfigError

CPU, AUTO = "cpu", "auto"
PROCESSES_PER_GPU = 4
DRIVERS = ("nvidiactl", "nvmap", "kfd", "dxg")  # NVIDIA, Tegra, AMD, Windows' subsystem
Part = TypeVar("Part")


def _known(name: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", name):
        raise ValueError("expected auto, cpu, cuda, or one GPU by its number: cuda:1")
    return name


Device = Annotated[str, AfterValidator(_known)]


@lru_cache
def resolve_device(asked: str) -> str:
    """Return the device of torch that is meant on this machine: ``cpu`` or ``cuda:<number>``.

    ``auto`` is the first GPU that torch sees, else the CPU; ``cuda`` is the first GPU. Under
    ``torchrun`` it is the GPU of the process's own rank instead of the first.

    Raises:
        ConfigError: if it is none of a recipe's devices, or this machine doesn't have it.

    Examples:
        >>> resolve_device("cpu")
        'cpu'
        >>> resolve_device("gpu")
        Traceback (most recent call last):
        ...
        emotiw.core.errors.ConfigError: execution.device: expected auto, cpu, cuda, or one GPU by \
its number: cuda:1, got 'gpu'
    """
    try:
        _known(asked)
    except ValueError as error:
        raise ConfigError(f"execution.device: {error}, got {asked!r}") from None
    if asked == CPU:
        return CPU
    gpus = _gpus()
    if asked == AUTO and not gpus:
        return CPU
    are_many = int(os.environ.get("WORLD_SIZE", "1")) > 1
    name = f"cuda:{int(os.environ.get('LOCAL_RANK', '0'))}" if are_many else asked
    number = int(name.partition(":")[2] or 0) if name != AUTO else 0
    if number >= len(gpus):
        here = ", ".join([*(f"cuda:{n} ({gpu})" for n, gpu in enumerate(gpus)), CPU])
        raise ConfigError(f"execution.device: no {name} on this machine (there is: {here})")
    return f"cuda:{number}"


def require_device(asked: str) -> None:
    """Raise ConfigError if there is no such device here; quick where there always is one."""
    if asked not in (AUTO, CPU):
        resolve_device(asked)


def worker_count(asked: int, device: str = CPU) -> int:
    """Return how many processes share the work.

    Args:
        asked: taken as it is; 0 for one per core that may be used, but no more than four to a
            GPU, because each keeps networks of its own there.
        device: where the networks of this work compute; ``cpu`` if it needs none.

    Examples:
        >>> worker_count(7)
        7
    """
    if asked:
        return asked
    cores = usable_cores()
    if resolve_device(device) == CPU:
        return cores
    return min(cores, PROCESSES_PER_GPU * gpu_count(device))


def gpu_count(asked: str) -> int:
    """Return how many GPUs work may be spread over: all of this machine for ``auto``, else one.

    Examples:
        >>> gpu_count("cpu")
        0
    """
    if resolve_device(asked) == CPU:
        return 0
    are_many = int(os.environ.get("WORLD_SIZE", "1")) > 1  # torchrun's own processes share them
    return len(_gpus()) if asked == AUTO and not are_many else 1


@runtime_checkable
class Movable(Protocol):
    """What computes where it is told to."""

    def to(self, device: str) -> Any:
        """Compute there from now on, ``cpu`` or ``cuda:<number>``."""


class OnDevice:
    """A part with one network, which may be loaded later.

    Attributes:
        device: where the network is, or will be.
    """

    device: str = CPU
    _network: Any = None

    def to(self, device: str) -> None:
        """Compute there from now on, ``cpu`` or ``cuda:<number>``."""
        self.device = device
        if self._network is not None:
            self._network.to(device)


def placed(part: Part, device: str) -> Part:
    """Return the part, told where to compute if it is one that can be told.

    Args:
        part: an extractor, a model, or anything else.
        device: as a recipe says it.

    Raises:
        ConfigError: if the part can be told, and there is no such device here.
    """
    if isinstance(part, Movable):
        part.to(resolve_device(device))
    return part


def arithmetic(precision: str, device: str) -> AbstractContextManager[Any]:
    """Return what lets a network compute in ``bfloat16`` there; ``float32`` needs nothing."""
    if precision == "float32":
        return nullcontext()
    import torch

    return torch.autocast(device.partition(":")[0], torch.bfloat16)


def has_driver(devices: Path = Path("/dev")) -> bool:
    """Return whether there may be a GPU: on Linux, whether a driver has left a way to one.

    So a machine without any needn't import torch to know that, which takes a second.
    """
    return sys.platform != "linux" or any((devices / name).exists() for name in DRIVERS)


def _gpus() -> list[str]:
    if not has_driver():
        return []
    import torch

    if not torch.cuda.is_available():
        return []
    return [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
