"""How long a recording says that it is, where FFmpeg goes by what is left of the file."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO

EVEN = {1, 3, 6, 7, 0xFFFE}  # formats of a WAV whose bytes all last as long: PCM, float, A-law, …
UNSAID = 0x7FFFF000  # bytes; who can't go back to the header says so many, or more
MOST = 1 << 62  # bytes of a chunk: what claims more is damaged, or doesn't say
COUNTED = (b"Xing", b"Info")  # the first frame of an MP3 counts the others


def declared_sec(path: Path, kinds: Collection[str], duration_sec: float) -> float:
    """Return the seconds of sound that a WAV, W64, CAF or MP3 declares; 0 where it doesn't.

    Args:
        path: the file.
        kinds: of it, as FFmpeg calls them.
        duration_sec: as FFmpeg tells it: of an MP3 whose header counts, what that says.
    """
    with path.open("rb") as file:
        for kind, told_by in (("wav", _sec_of_wav), ("w64", _sec_of_w64), ("caf", _sec_of_caf)):
            if kind in kinds:
                return told_by(file)
        if "mp3" in kinds:
            head = file.read(10)
            if head[:3] == b"ID3":  # four bytes say how long it is, seven bits in each
                file.seek(sum(byte << 7 * (3 - i) for i, byte in enumerate(head[6:])), 1)
            start = file.read(200)
            return duration_sec if any(mark in start for mark in COUNTED) else 0.0
    return 0.0


def _sec_of_wav(file: IO[bytes]) -> float:
    if file.read(12)[:4] != b"RIFF":
        return 0.0
    return _sec_of_waves(file, "<4sI", of_head=0, step=2)


def _sec_of_w64(file: IO[bytes]) -> float:
    file.seek(40)  # names have 16 bytes, which begin with those of a WAV; sizes count the head
    return _sec_of_waves(file, "<16sQ", of_head=24, step=8)


def _sec_of_waves(file: IO[bytes], layout: str, *, of_head: int, step: int) -> float:
    bytes_per_sec = 0
    for name, told in _chunks(file, layout, of_head=of_head, step=step):
        if name == b"data":
            return told / bytes_per_sec if bytes_per_sec and told < UNSAID else 0.0
        if name == b"fmt " and len(body := file.read(16)) == 16:
            form, _, rate, _, block, _ = struct.unpack("<HHIIHH", body)
            bytes_per_sec = rate * block if form in EVEN else 0
    return 0.0


def _sec_of_caf(file: IO[bytes]) -> float:
    file.seek(8)
    bytes_per_sec = 0.0
    for name, told in _chunks(file, ">4sq", of_head=0, step=1):
        if name == b"data":  # four of its bytes count edits
            return (told - 4) / bytes_per_sec if bytes_per_sec > 0 and told > 4 else 0.0
        if name == b"desc" and len(body := file.read(24)) == 24:
            rate, _, _, n_bytes, n_frames = struct.unpack(">d4sIII", body)
            bytes_per_sec = rate * n_bytes / n_frames if n_frames else 0.0
    return 0.0


def _chunks(
    file: IO[bytes], layout: str, *, of_head: int, step: int
) -> Iterator[tuple[bytes, int]]:
    """Yield name and size of each chunk from here on, with the file at what the chunk holds."""
    while len(head := file.read(struct.calcsize(layout))) == struct.calcsize(layout):
        name, told = struct.unpack(layout, head)
        begin, size = file.tell(), told - of_head
        if not 0 <= size < MOST:
            return
        yield name[:4], size
        file.seek(begin + size + -size % step)
