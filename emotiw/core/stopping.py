"""Being told to stop: a signal becomes an exception, so that nothing half written stays behind."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
STATUSES = frozenset(128 + number for number in SIGNALS)
PATIENCE_SEC = 2.0


class Stopped(SystemExit):
    """A signal told this process to stop; its code is 128 and the signal's number."""


@contextmanager
def stops_on_signals() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP raise :class:`Stopped` in here.

    Whoever started the process may have it ignore a signal, as ``nohup`` does; that stays so. A
    second signal soon after the first one is an echo of it (a shell and a scheduler may both send
    one); a later one ends the process at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main one hears of signals
        return
    first: list[float] = []

    def stop(number: int, _: FrameType | None) -> None:
        if not first:
            first.append(monotonic())
            raise Stopped(128 + number)
        if monotonic() > first[0] + PATIENCE_SEC:
            os._exit(128 + number)

    before = {number: signal.getsignal(number) for number in SIGNALS}
    heard = [number for number in SIGNALS if before[number] not in (signal.SIG_IGN, None)]
    for number in heard:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Let signals of the main thread wait until the end of what calls back from a C library.

    What their handlers raise within a callback is swallowed there: the library goes on without what
    the callback was to take, and whoever asked is given less than all of it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # no handler runs here
        return
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in SIGNALS}
    held = [number for number in SIGNALS if callable(before[number])]
    for number in held:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number in held:
            signal.signal(number, before[number])
        for number in came[:1]:
            signal.raise_signal(number)
