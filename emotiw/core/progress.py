"""How a stage tells a person, or a file, how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from itertools import count
from time import monotonic
from typing import TypeVar

from emotiw.core.notices import as_python_does

T = TypeVar("T")
BEAT_SEC = 50.0  # between two lines of one stage: at least one a minute


class Progress:
    """Hears of the work while it is done; says nothing itself."""

    def track(self, items: Iterable[T], *, stage: str, total: int) -> Iterator[T]:
        """Yield the items, telling how many of ``total`` are done."""
        yield from items

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Hear of a stage that can't tell how far it is, while it lasts."""
        return nullcontext()

    def say(self, line: str) -> None:
        """Tell one line of news."""

    def warn(self, line: str) -> None:
        """Tell what a user should know whether or not they look on: else Python does."""
        as_python_does(line)


Silent = Progress  # for scripts, notebooks and tests


class Quiet(Progress):
    """Says nothing but warnings.

    Args:
        write: takes a line.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def warn(self, line: str) -> None:
        """Write the line."""
        self._write(f"warning: {line}")


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

    def warn(self, line: str) -> None:
        """Print the warning above the bars."""
        self.say(f"warning: {line}")


class Lines(Progress):
    """A line where a stage begins and one where it ends; between them, how far it is.

    Args:
        write: takes a line, also from another thread.
        beat_sec: between two lines of one stage, whether or not anything was done.
    """

    def __init__(self, write: Callable[[str], None], *, beat_sec: float = BEAT_SEC) -> None:
        self._write = write
        self._beat_sec = beat_sec

    def track(self, items: Iterable[T], *, stage: str, total: int) -> Iterator[T]:
        """Yield the items between two lines, and tell count, speed and the time left."""
        if not total:
            self.say(f"{stage}: nothing to do")
            yield from items
            return
        begin, done = monotonic(), 0
        self.say(f"{stage}: {total} to do")
        with self._beating(lambda: f"{stage}: {how_far(done, total, monotonic() - begin)}"):
            try:
                for item in items:
                    yield item
                    done += 1
            finally:
                spent = monotonic() - begin
                self.say(f"{stage}: {done} of {total} done in {as_duration(spent)}")

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Tell when the stage begins, that it goes on, and when it is done."""
        begin = monotonic()
        self.say(f"{name}: begins")
        with self._beating(lambda: f"{name}: for {as_duration(monotonic() - begin)} now"):
            yield
        self.say(f"{name}: done in {as_duration(monotonic() - begin)}")

    def say(self, line: str) -> None:
        """Write the line."""
        self._write(line)

    def warn(self, line: str) -> None:
        """Write the warning."""
        self.say(f"warning: {line}")

    @contextmanager
    def _beating(self, line: Callable[[], str]) -> Iterator[None]:
        is_over = threading.Event()

        def beat() -> None:
            while not is_over.wait(self._beat_sec):
                self.say(line())

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()


class Several(Progress):
    """Tells all of these."""

    def __init__(self, *told: Progress) -> None:
        self._told = told

    def track(self, items: Iterable[T], *, stage: str, total: int) -> Iterator[T]:
        """Yield the items, with everyone listening."""
        for progress in self._told:
            items = progress.track(items, stage=stage, total=total)
        yield from items

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Let everyone hear of the stage."""
        with ExitStack() as stack:
            for progress in self._told:
                stack.enter_context(progress.stage(name))
            yield

    def say(self, line: str) -> None:
        """Tell everyone."""
        for progress in self._told:
            progress.say(line)

    def warn(self, line: str) -> None:
        """Warn everyone."""
        for progress in self._told:
            progress.warn(line)


class Knowing(Several):
    """Tells one of all but those warnings that the user has read already."""

    def __init__(self, told: Progress, known: Collection[str]) -> None:
        super().__init__(told)
        self._known = known

    def warn(self, line: str) -> None:
        """Warn of what is not known."""
        if line not in self._known:
            super().warn(line)


def how_far(done: int, total: int, seconds: float) -> str:
    """Return how far work is that takes as long for one item as for another.

    Examples:
        >>> how_far(30, 120, 60.0), how_far(1, 3, 1800.0), how_far(0, 3, 90.0)
        ('30 of 120, 30/min, 3 min left', '1 of 3, 2/h, 60 min left', '0 of 3 after 90 s')
    """
    if not done or not seconds:
        return f"{done} of {total} after {as_duration(seconds)}"
    left = as_duration(max(total - done, 0) * seconds / done)
    speed, unit = done / seconds, "s"
    for longer in ("min", "h"):
        if speed < 1:
            speed, unit = 60 * speed, longer
    return f"{done} of {total}, {speed:.3g}/{unit}, {left} left"


def as_duration(seconds: float) -> str:
    """Return a time as a person would say it.

    Examples:
        >>> as_duration(0.25), as_duration(99), as_duration(600), as_duration(86400)
        ('0.2 s', '99 s', '10 min', '24.0 h')
    """
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


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
