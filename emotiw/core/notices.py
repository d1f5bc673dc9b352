"""The one channel for what a user should know though it stops nothing.

Whoever reads, joins or fits tells :func:`warn`, and whoever leads the work listens: a run shows it
on standard error, keeps it in ``run.log`` and with the stage that it is about, and the report
repeats it. Where nobody listens, it is a warning of Python's.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str], None]


class EmotiwWarning(UserWarning):
    """Something that a user should know, and that stops nothing."""


def as_python_does(line: str) -> None:
    """Warn as scripts and notebooks expect it."""
    warnings.warn(line, EmotiwWarning, stacklevel=3)


_listener: ContextVar[Listener] = ContextVar("listener", default=as_python_does)


def warn(line: str) -> None:
    """Tell whoever leads the work; one sentence, without a full stop."""
    _listener.get()(line)


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Let somebody hear what is told while the work goes on.

    Examples:
        >>> heard = []
        >>> with heard_by(heard.append):
        ...     warn("2 clips have no sound")
        >>> heard
        ['2 clips have no sound']
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
