"""Archives unpacked without trusting the names in them."""

from __future__ import annotations

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from emotiw.core.errors import Problems
from emotiw.core.remote_file import DownloadError

BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError,
    RuntimeError,  # encrypted, or compressed in a way that is not known
)  # fmt: skip


class DamagedArchive(DownloadError):
    """The bytes are no whole archive, as when a page to log in was saved in its place."""


def unpack(archive: Path, folder: Path) -> int:
    """Unpack a zip or tar below a folder; files that are already there are left alone.

    Nothing is written before every name has been looked at. Each file appears whole or not at
    all, so an interrupted run can be repeated.

    Returns:
        How many files were written.

    Raises:
        DamagedArchive: if it is no archive, or a part of one.
        DownloadError: if it holds a link, a device, or a name that leads out of the folder, or
            nothing can be written there.
    """
    try:
        if archive.name.lower().endswith(".zip"):
            with zipfile.ZipFile(archive) as opened:
                files = [info for info in opened.infolist() if not info.is_dir()]
                links = [i.filename for i in files if stat.S_ISLNK(i.external_attr >> 16)]
                _check_names(archive, [info.orig_filename for info in files], links)
                return sum(_write(opened.open(i), i.filename, i.file_size, folder) for i in files)
        with tarfile.open(archive) as tar:
            members = [member for member in tar.getmembers() if not member.isdir()]
            others = [member.name for member in members if not member.isfile()]
            _check_names(archive, [member.name for member in members], others)
            return sum(_write(tar.extractfile(m), m.name, m.size, folder) for m in members)
    except (*BROKEN, OSError) as error:
        is_disk = isinstance(error, OSError) and error.errno is not None
        kind = DownloadError if is_disk else DamagedArchive
        raise kind(f"{archive}: can't be unpacked ({error})") from error


def _check_names(archive: Path, names: Sequence[str], links: Sequence[str]) -> None:
    problems = Problems(str(archive))
    for name in links:
        problems.add(f"{name!r} is a link or a device")
    for name in names:
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
            problems.add(f"{name!r} leads out of the folder")
    problems.raise_if_any(DownloadError)


def _write(source: IO[bytes] | None, name: str, size: int, folder: Path) -> bool:
    """Write one file, unless it is there; return whether it was written."""
    assert source is not None  # only files come here
    target = folder / name
    with source:
        if target.is_file() and target.stat().st_size == size:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".partial-{target.name}")
        with partial.open("wb") as sink:
            shutil.copyfileobj(source, sink)
    if partial.stat().st_size != size:
        partial.unlink()
        raise OSError(f"{name}: {size} bytes were promised")
    partial.replace(target)
    return True
