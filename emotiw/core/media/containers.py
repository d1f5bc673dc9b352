"""FFmpeg's way into one file, and into no other.

What a file is, FFmpeg tells by its content. Some kinds name further files or addresses: playlists,
lists of parts, session descriptions, ``img%d.jpg`` for a row of pictures. A clip that is one of
these would be read from wherever it points, so only kinds that hold all they need are opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

from emotiw.core.clip import escaped
from emotiw.core.errors import MediaError

SELF_CONTAINED = (
    *("avi", "mov", "matroska", "flv", "asf", "mpeg", "mpegts", "ogg", "rm", "mxf", "nut", "dv"),
    *("ivf", "m4v", "mpegvideo", "h264", "hevc", "mjpeg", "gif", "apng", "webp"),
    *("wav", "w64", "aiff", "au", "caf", "flac", "mp3", "aac", "ac3", "eac3", "amr", "ape", "tta"),
    *("wv", "jpeg_pipe", "png_pipe", "bmp_pipe", "webp_pipe", "tiff_pipe"),
)


def open_container(path: Path, part: IO[bytes] | None = None) -> Any:
    """Return a file opened by PyAV.

    Args:
        path: the file.
        part: what to read in its place, which is a part of it.

    Raises:
        MediaError: if it is no video, sound or image, or one that names other files.
    """
    import av

    options = {"format_whitelist": ",".join(SELF_CONTAINED), "protocol_whitelist": "file"}
    try:
        return av.open(part or f"file:{path}", options=options, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        if isinstance(error, av.ArgumentError):
            reason = "damaged, a playlist, or of a kind that is not read"
        raise MediaError(
            f"{escaped(path.name)}: not a video, sound or image file ({reason})"
        ) from error
