"""A line where a stage begins and ends, and a sign of life at least once a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from emotiw.core.progress import BEAT_SEC, Lines, Progress, Several, how_far, ticking


class Listener(Progress):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def say(self, line: str) -> None:
        self.heard.append(line)


@pytest.fixture
def heard() -> list[str]:
    return []


def without_times(lines: list[str]) -> list[str]:
    return [line.partition(" in ")[0] for line in lines]


def test_a_stage_has_a_line_at_both_ends(heard: list[str]) -> None:
    told = Lines(heard.append)
    assert list(told.track("abc", stage="faces", total=3)) == ["a", "b", "c"]
    assert list(told.track("", stage="features", total=0)) == []
    with told.stage("fuse"):
        told.say("warning: few clips")
    assert without_times(heard) == [
        "faces: 3 to do",
        "faces: 3 of 3 done",
        "features: nothing to do",
        "fuse: begins",
        "warning: few clips",
        "fuse: done",
    ]


def test_one_item_that_takes_long_still_beats(heard: list[str]) -> None:
    assert BEAT_SEC < 60
    news = threading.Event()

    def write(line: str) -> None:
        heard.append(line)
        if "after" in line or "left" in line or "now" in line:
            news.set()

    def slow() -> Iterator[int]:
        for item in range(2):
            assert news.wait(10)
            news.clear()
            yield item

    told = Lines(write, beat_sec=0.01)
    assert list(told.track(slow(), stage="faces", total=2)) == [0, 1]
    assert heard[0] == "faces: 2 to do"
    assert heard[1].startswith("faces: 0 of 2 after ")
    assert any(line.startswith("faces: 1 of 2, ") and line.endswith(" left") for line in heard)
    news.clear()
    with told.stage("fuse"):
        assert news.wait(10)
    n_lines = len(heard)
    time.sleep(0.05)
    assert len(heard) == n_lines  # nothing beats after the end
    assert heard[-1].startswith("fuse: done in ")


def test_how_far() -> None:
    assert how_far(50, 200, 10.0) == "50 of 200, 5/s, 30 s left"
    assert how_far(7, 5, 10.0) == "7 of 5, 42/min, 0.0 s left"  # a header may promise too few


def test_what_ends_early_says_how_far_it_came(heard: list[str]) -> None:
    told = Lines(heard.append)

    def broken() -> Iterator[int]:
        yield 0
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        list(told.track(broken(), stage="faces", total=3))
    assert without_times(heard) == ["faces: 3 to do", "faces: 1 of 3 done"]
    with pytest.raises(OSError, match="disk full"), told.stage("fuse"):
        raise OSError("disk full")
    assert heard[2:] == ["fuse: begins"]


def test_ticks_count_what_is_done(heard: list[str]) -> None:
    with ticking(Lines(heard.append), "frames", 5) as tick:
        for _ in range(4):
            tick()
    assert without_times(heard) == ["frames: 5 to do", "frames: 4 of 5 done"]


def test_several_hear_the_same() -> None:
    one, two, lines = Listener(), Listener(), list[str]()
    told = Several(one, two, Lines(lines.append))
    told.say("a warning")
    with told.stage("fuse"):
        pass
    with ticking(told, "frames", 2) as tick:
        tick()
    assert one.heard == two.heard == ["a warning"]
    assert without_times(lines)[1:] == [
        "fuse: begins", "fuse: done", "frames: 2 to do", "frames: 1 of 2 done",
    ]  # fmt: skip
