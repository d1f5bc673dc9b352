"""Jobs that begin in this process, until others would be worth what it costs to start them.

To start a process takes seconds: what is done in less is never spread. How long the jobs take
shows while the first ones are done, and who waits for a long one loses nothing meanwhile: a thread
looks on, and has the others begin beside it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Event, Thread
from time import monotonic

from emotiw.core.errors import MachineError
from emotiw.core.outcome import Job, Outcome, Result, run_one

WORTH_A_POOL_SEC = 10.0  # of work that is left
LOOK_SEC = 0.25


def next_job(todo: deque[tuple[str, Job]]) -> tuple[str, Job] | None:
    """Return the job at the left; None where none is left, perhaps since a moment ago."""
    with suppress(IndexError):
        return todo.popleft()
    return None


def here_first(
    function: Callable[[Job], Result],
    todo: deque[tuple[str, Job]],
    start: Callable[[], None],
    has_news: Callable[[], bool],
) -> Iterator[Outcome[Result]]:
    """Yield the outcomes of jobs that are done here; what is left of ``todo`` is for the others.

    Args:
        function: as of :func:`~emotiw.core.execution.run_jobs`.
        todo: the jobs, taken from its left.
        start: has others begin, each with a job from the left; called once, from another thread.
        has_news: whether these have anything to tell; then it is over here.
    """
    n_jobs, begin, is_over = len(todo), monotonic(), Event()

    def look_on() -> None:
        while not is_over.wait(LOOK_SEC):
            n_begun = n_jobs - len(todo)
            if n_begun and (monotonic() - begin) / n_begun * len(todo) > WORTH_A_POOL_SEC:
                with suppress(MachineError):  # whoever comes next will be told the same
                    start()
                return

    thread = Thread(target=look_on, daemon=True)
    thread.start()
    try:
        while not has_news() and (one := next_job(todo)) is not None:
            yield run_one(function, *one)
    finally:
        is_over.set()
        thread.join()
