"""How a stage tells a person how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TypeVar

T = TypeVar("T")


class Progress:
    """Hears of the work while it is done; says nothing itself."""

    def track(self, items: Iterable[T], *, stage: str, total: int) -> Iterator[T]:
        """Yield the items, telling how many of ``total`` are done."""
        yield from items

    def say(self, line: str) -> None:
        """Tell one line of news."""


Silent = Progress  # for scripts, notebooks and tests


class Bars(Progress):
    """Progress bars with speed and an estimate of the time left, on standard error."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True)

    def track(self, items: Iterable[T], *, stage: str, total: int) -> Iterator[T]:
        """Yield the items under a bar of their own."""
        from rich import progress
        from rich.text import Text

        class Speed(progress.ProgressColumn):
            def render(self, task: progress.Task) -> Text:
                return Text(f"{task.speed:.1f}/s" if task.speed else "")

        columns = (
            progress.TextColumn("{task.description:>22}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            Speed(),
            progress.TimeElapsedColumn(),
            progress.TextColumn("left"),
            progress.TimeRemainingColumn(),
        )
        with progress.Progress(*columns, console=self._console) as bars:
            task = bars.add_task(stage, total=total)
            for item in items:
                yield item
                bars.advance(task)

    def say(self, line: str) -> None:
        """Print the line above the bars."""
        self._console.print(line, highlight=False, markup=False)


@contextmanager
def ticking(progress: Progress, stage: str, total: int) -> Iterator[Callable[[], object]]:
    """Yield a function to call once for each thing done, from any thread."""
    ticks = progress.track(count(), stage=stage, total=total)
    next(ticks, None)
    lock = threading.Lock()

    def tick() -> None:
        with lock:
            next(ticks, None)

    try:
        yield tick
    finally:
        if hasattr(ticks, "close"):
            ticks.close()
