"""Damage in photographs that Pillow doesn't tell of.

A JPEG with some bytes wrong is decoded all the same: the image is grey from there on, or shifted,
or of other colours. libjpeg only warns, which Pillow leaves unsaid; FFmpeg says it.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

from emotiw.core.errors import MediaError
from emotiw.core.media.containers import open_container
from emotiw.core.media.decoder_log import DecoderLog

JPEG = b"\xff\xd8\xff"
# of what it says, that which only wrong data brings about; the rest is of kinds it doesn't read
DAMAGE = re.compile(r"overread|error count|error (?:y|dc)|bad vlc")


def damage_of_jpeg(path: Path) -> dict[str, int]:
    """Return what FFmpeg says of damage in a JPEG; nothing of other images."""
    with path.open("rb") as file:
        if file.read(len(JPEG)) != JPEG:
            return {}
        file.seek(0)
        data = io.BytesIO(file.read())  # without the name, which FFmpeg may take for a pattern
    log = DecoderLog()
    with log:
        _decode(path, data)
    return {message: n for message, n in log.errors.items() if DAMAGE.search(message)}


def _decode(path: Path, data: io.BytesIO) -> None:
    import av

    try:
        with open_container(path, data) as container:
            for packet in container.demux(video=0):
                packet.decode()
    except (MediaError, av.FFmpegError, IndexError):  # Pillow can read it, and that is what counts
        return
