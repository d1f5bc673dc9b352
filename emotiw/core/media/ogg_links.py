"""Ogg files that were joined end to end, one link after the other.

The format allows it, and recorders and radio streams do it. FFmpeg reads on while the sampling rate
stays, and stops where it changes; so each link is opened as the file of its own that it is.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emotiw.core.media.containers import open_container

PAGE = b"OggS"
FIRST = 2  # the mark of the first page of a stream


def links_of(container: Any, path: Path) -> Iterator[Any]:
    """Yield the open file, or in its place one after the other the links that it is made of."""
    starts = _starts(path) if container.format.name == "ogg" else []
    if len(starts) < 2 or len(container.streams) > 1:
        yield container
        return
    size = path.stat().st_size
    with path.open("rb") as file:
        for begin, end in zip(starts, [*starts[1:], size], strict=True):
            file.seek(begin)
            with open_container(path, io.BytesIO(file.read(end - begin))) as link:
                yield link


def ends_early(container: Any, path: Path) -> bool:
    """Return whether the last page of an Ogg file is not all there, which FFmpeg doesn't tell."""
    if container.format.name != "ogg":
        return False
    *_, (_, _, end) = [(0, False, 0), *_pages(path)]
    return end != path.stat().st_size


def _starts(path: Path) -> list[int]:
    """Return where each link begins: a first page that comes after others."""
    starts: list[int] = []
    was_first = False
    for begin, is_first, _ in _pages(path):
        if is_first and not was_first:
            starts.append(begin)
        was_first = is_first
    return starts


def _pages(path: Path) -> Iterator[tuple[int, bool, int]]:
    """Yield where each page begins, whether it is the first of a stream, and where it ends."""
    with path.open("rb") as file:
        while (head := file.read(27))[:4] == PAGE and len(head) == 27:
            begin = file.tell() - 27
            sizes = file.read(head[26])
            end = file.seek(begin + 27 + head[26] + sum(sizes))
            yield begin, bool(head[5] & FIRST), end
