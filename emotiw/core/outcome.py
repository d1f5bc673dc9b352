"""What became of one job: a result, or why there is none."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Generic, TypeVar

from emotiw.core.errors import EmotiwError
from emotiw.core.machine_faults import require_machine

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What became of one job.

    Attributes:
        name: the job's name, usually a clip id.
        value: the result; None where the job failed.
        error: why it failed; None where it didn't.
        seconds: time spent on it.
        kind: of a failure that nobody foresaw, what it has in common with others alike.
        is_lost: its process is gone, perhaps because of what ran beside it.
    """

    name: str
    value: Result | None
    error: str | None
    seconds: float
    kind: str = ""
    is_lost: bool = False


def run_one(function: Callable[[Job], Result], name: str, job: Job) -> Outcome[Result]:
    """Return what became of a job; an exception is an outcome.

    Raises:
        MachineError: if the machine failed, and not the job.
    """
    start = perf_counter()
    try:
        value = function(job)
    except Exception as error:
        return failure(name, error, perf_counter() - start)
    return Outcome(name, value, None, perf_counter() - start)


def failure(name: str, error: Exception, seconds: float = 0.0) -> Outcome[Result]:
    """Return the outcome of a job that raised this.

    Raises:
        MachineError: if the machine failed, and not the job.
    """
    require_machine(error)
    if isinstance(error, EmotiwError):
        return Outcome(name, None, str(error), seconds)
    kind = type(error).__name__
    if frames := traceback.extract_tb(error.__traceback__):
        kind += f" at {frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}"
    return Outcome(name, None, f"unexpected {kind}: {error}", seconds, kind)
