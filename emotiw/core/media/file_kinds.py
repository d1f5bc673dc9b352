"""Which files are media: told by how they begin, since names say little.

Phones, cameras and messengers write dozens of suffixes, and some belong to other things as well
(``.ts`` is MPEG as well as TypeScript).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

Kind = Literal["video", "sound", "image"]
VIDEO = (
    *(".avi", ".mp4", ".mkv", ".mov", ".flv", ".webm", ".mpg", ".mpeg", ".wmv", ".m4v", ".3gp"),
    *(".3g2", ".mts", ".m2ts", ".ts", ".vob", ".asf", ".ogv", ".f4v", ".divx", ".dv", ".mxf"),
    *(".m2v", ".mpv", ".mjpeg", ".nut", ".rm", ".rmvb", ".gif", ".apng", ".qt", ".mp4v", ".insv"),
)
SOUND = (
    *(".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".aac", ".aiff", ".aif", ".aifc", ".amr"),
    *(".wma", ".caf", ".au", ".snd", ".w64", ".ac3", ".eac3", ".mka", ".mp2", ".oga", ".weba"),
    *(".m4b", ".wv", ".ape", ".tta", ".awb", ".spx"),
)
PICTURE = (
    *(".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".heic", ".heif", ".avif"),
    *(".jpe", ".jfif", ".jp2", ".ppm", ".pgm", ".hif"),
)
MEDIA = (*VIDEO, *SOUND, *PICTURE)
AMBIGUOUS = {".ts", ".mts", ".dv", ".rm", ".au", ".snd", ".nut", ".ape", ".qt", ".mpv"}

HEAD = 4096  # bytes that tell
_BOXES = b"ftyp|moov|mdat|wide|pnot|free|skip"
_STILL_BRANDS = b"heic|heix|heim|heis|mif1|avif|avis|msf1|hevc|hevx"
_SIGNS: tuple[tuple[Kind, bytes], ...] = (
    ("image", rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|BM....\0\0\0\0|II\*\0|MM\0\*|RIFF....WEBP"),
    ("image", rb"....ftyp(?:" + _STILL_BRANDS + rb")|\0\0\0\x0cjP  |\xff\x4f\xff\x51|P[2356]\s"),
    ("video", rb"GIF8[79]a|RIFF....(?:AVI |CDXA)|\x1aE\xdf\xa3|FLV\x01|\.RMF|\x06\x0e\x2b\x34"),
    ("sound", rb"....ftyp(?:M4A|M4B)"),
    ("video", rb"....(?:" + _BOXES + rb")|\0\0\x01[\xb3\xba]|nut/multimedia|DVDVIDEO"),
    ("video", rb"G.{187}G.{187}G|.{4}G.{191}G.{191}G|\0\0\0?\x01[\x67\x40\x27\x47]"),
    ("video", rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11|\x1f\x07\0"),
    ("sound", rb"RIFF....WAVE|RF64....WAVE|riff\x2e\x91|fLaC|OggS|ID3|FORM....AIF[FC]|#!AMR"),
    ("sound", rb"caff|\.snd|\x0b\x77|wvpk|MAC |TTA1|\xff[\xf1\xf9\xfb\xfa\xf3\xf2\xfd\xfc]"),
)
_PATTERNS = [(kind, re.compile(signs, re.DOTALL)) for kind, signs in _SIGNS]


def kind_of(path: Path) -> Kind | None:
    """Return what kind of media a file begins like; None for anything else, or if unreadable.

    An Ogg or ASF file may hold images as well as sound; whoever opens it will see.
    """
    from emotiw.core.files import file_problem

    if file_problem(path):
        return None
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return None
    return kind_of_head(head)


def kind_of_head(head: bytes) -> Kind | None:
    """Return what kind of media begins like this.

    Examples:
        >>> kind_of_head(b"fLaC"), kind_of_head(b"import os")
        ('sound', None)
        >>> kind_of_head(bytes(4) + b"ftypheic"), kind_of_head(bytes(4) + b"ftypisom")
        ('image', 'video')
    """
    return next((kind for kind, pattern in _PATTERNS if pattern.match(head)), None)


def is_media(path: Path) -> bool:
    """Return whether a file is meant to be media, by its name or by how it begins."""
    return is_named_media(path.name) or kind_of(path) is not None


def is_named_media(name: str) -> bool:
    """Return whether a file's name alone says that it is meant to be media.

    Examples:
        >>> is_named_media("a.MP4"), is_named_media("a.ts"), is_named_media("a.txt")
        (True, False, False)
    """
    suffix = Path(name).suffix.lower()
    return suffix in MEDIA and suffix not in AMBIGUOUS
