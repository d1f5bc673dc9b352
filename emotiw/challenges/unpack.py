"""Archives unpacked without trusting the names in them."""

from __future__ import annotations

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from emotiw.core.errors import Problems
from emotiw.core.remote_file import DownloadError

BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError,
    RuntimeError,  # encrypted, or compressed in a way that is not known
)  # fmt: skip
SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


class DamagedArchive(DownloadError):
    """The bytes are no whole archive, as when a page to log in was saved in its place."""


def is_archive(path: Path) -> bool:
    """Return whether a file is unpacked after its download, by its name."""
    return path.name.lower().endswith(SUFFIXES)


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
                return _write_all(_zip_members(opened, archive), folder)
        with tarfile.open(archive) as tar:
            return _write_all(_tar_members(tar, archive), folder)
    except (*BROKEN, OSError) as error:
        is_disk = isinstance(error, OSError) and error.errno is not None
        kind = DownloadError if is_disk else DamagedArchive
        raise kind(f"{archive}: can't be unpacked ({error})") from error


def _zip_members(archive: zipfile.ZipFile, path: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    problems = Problems(str(path))
    files = [info for info in archive.infolist() if not info.is_dir()]
    for info in files:
        if stat.S_ISLNK(info.external_attr >> 16):
            problems.add(f"{info.filename!r} is a link")
        _check_name(info.orig_filename, problems)
    problems.raise_if_any(DownloadError)
    for info in files:
        with archive.open(info) as source:
            yield info.filename, info.file_size, source


def _tar_members(archive: tarfile.TarFile, path: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    problems = Problems(str(path))
    members = [member for member in archive.getmembers() if not member.isdir()]
    for member in members:
        if not member.isfile():
            problems.add(f"{member.name!r} is a link or a device")
        _check_name(member.name, problems)
    problems.raise_if_any(DownloadError)
    for member in members:
        source = archive.extractfile(member)
        assert source is not None
        with source:
            yield member.name, member.size, source


def _check_name(name: str, problems: Problems) -> None:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in name or "\0" in name:
        problems.add(f"{name!r} leads out of the folder")


def _write_all(members: Iterator[tuple[str, int, IO[bytes]]], folder: Path) -> int:
    n_written = 0
    for name, size, source in members:
        target = folder / name
        if target.is_file() and target.stat().st_size == size:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".partial-{target.name}")
        with partial.open("wb") as sink:
            shutil.copyfileobj(source, sink)
        if partial.stat().st_size != size:
            partial.unlink()
            raise OSError(f"{name}: {size} bytes were promised")
        partial.replace(target)
        n_written += 1
    return n_written
