"""How long a recording says that it is, where FFmpeg goes by what is left of the file."""

from __future__ import annotations

import struct
from collections.abc import Collection
from pathlib import Path
from typing import IO

EVEN = {1, 3, 6, 7, 0xFFFE}  # formats of a WAV whose bytes all last as long: PCM, float, A-law, …
UNSAID = 0x7FFFF000  # bytes; who can't go back to the header says so many, or more
COUNTED = (b"Xing", b"Info")  # the first frame of an MP3 counts the others


def declared_sec(path: Path, kinds: Collection[str], duration_sec: float) -> float:
    """Return the seconds of sound that the header of a WAV or MP3 declares; 0 where it doesn't.

    Args:
        path: the file.
        kinds: of it, as FFmpeg calls them.
        duration_sec: as FFmpeg tells it: of an MP3 whose header counts, what that says.
    """
    with path.open("rb") as file:
        if "wav" in kinds:
            return _sec_of_wav(file)
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
    bytes_per_sec = 0
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"data":
            return size / bytes_per_sec if bytes_per_sec and size < UNSAID else 0.0
        body = file.read(16) if name == b"fmt " else b""
        if len(body) == 16:
            form, _, rate, _, block, _ = struct.unpack("<HHIIHH", body)
            bytes_per_sec = rate * block if form in EVEN else 0
        file.seek(size + size % 2 - len(body), 1)
    return 0.0
