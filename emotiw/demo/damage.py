"""Ways in which a clip can be broken, as clips of real corpora are."""

from __future__ import annotations

from enum import Enum

TRUNCATED_SHARE = 0.6


class Damage(Enum):
    """What is wrong with a clip on purpose."""

    NONE = "none"
    NO_FACE = "no face: an empty place, with sound"
    NO_AUDIO = "no audio track, with a face"
    SILENT = "an audio track without a sound, with a face"
    TRUNCATED = "cut off: its header promises more frames than it holds"
    ONE_FRAME = "a single frame, with sound"
    UNREADABLE = "not a video at all"


def truncated(data: bytes) -> bytes:
    """Return the first part of a file; its header still speaks of the whole."""
    return data[: int(TRUNCATED_SHARE * len(data))]


def unreadable() -> bytes:
    """Return the bytes of a file that is no media file, whatever its name says."""
    return b"This download failed; the server was not found.\n" * 40
