"""Tasks by the name of their kind, as files keep them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emotiw.core.errors import TableError, suggest
from emotiw.core.several import Presence, Several
from emotiw.core.task import Classification, Regression, Task

SINGLE: dict[str, type[Task]] = {kind.kind: kind for kind in (Classification, Regression, Presence)}
KINDS = (*SINGLE, Several.kind)


def told_of(task: Task) -> dict[str, Any]:
    """Return what a table of scores keeps of its task: its kind, columns and single answers."""
    told: dict[str, Any] = {"task": task.kind, "labels": list(task.labels)}
    if isinstance(task, Several):
        told["answers"] = [answer.to_dict() for answer in task.answers]
    return told


def task_of(told: Mapping[str, Any]) -> Task:
    """Return the task that :meth:`~emotiw.core.task.Task.to_dict` told of.

    Raises:
        TableError: if there is no such kind.
        KeyError: if anything is missing.

    Examples:
        >>> task = Several((Presence(("AU1",)), Presence(("AU2",))))
        >>> task_of(task.to_dict()) == task
        True
    """
    kind = told["task"]
    if kind == Several.kind:
        return Several([task_of(answer) for answer in told["answers"]])
    if kind not in SINGLE:
        raise TableError(f"unknown task {kind!r}{suggest(kind, KINDS)} (known: {', '.join(KINDS)})")
    limits = told.get("target_range")
    limits = None if limits is None else (float(limits[0]), float(limits[1]))
    return SINGLE[kind](tuple(told["labels"]), limits)
