"""A file that lies elsewhere: its address, and what tells its bytes from any other."""

from __future__ import annotations

import hashlib
import lzma
import tarfile
import zipfile
import zlib
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from pydantic import Field

from emotiw.core.config import Strict
from emotiw.core.errors import EmotiwError

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
# how answers begin that are no files, what they are, and the files that may begin so
ANSWERS: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"<!doctype html", "an HTML page (a login page?)", (".html", ".htm")),
    (b"<html", "an HTML page (a login page?)", (".html", ".htm")),
    (b"<?xml", "an XML document (an error message?)", (".xml", ".svg", ".html", ".htm")),
    (b"{", "JSON (an error message?)", (".json", ".jsonl", ".txt", ".csv", ".ipynb")),
    (b"version https://git-lfs", "a pointer of Git LFS", ()),
)


class DownloadError(EmotiwError):
    """A file could not be downloaded, or is not the one that was expected."""


class RemoteFile(Strict):
    """One file to download.

    Attributes:
        url: where it is.
        size: bytes, where known.
        md5: its checksum as the publisher gives it, where known.
        sha256: likewise.
    """

    url: str
    size: int | None = Field(default=None, ge=0)
    md5: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{32}$")
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{64}$")

    @property
    def has_checksum(self) -> bool:
        """Whether a file can be told from any other."""
        return self.md5 is not None or self.sha256 is not None

    @property
    def is_archive(self) -> bool:
        """Whether it is unpacked after its download, by its name."""
        return self.name.lower().endswith(ARCHIVES)

    @property
    def name(self) -> str:
        """What the file is called; empty where its address names nothing that a folder can hold.

        Examples:
            >>> RemoteFile(url="https://x.org/a/two%20words.zip?download=1").name
            'two words.zip'
            >>> RemoteFile(url="https://x.org/%2e%2e").name
            ''
        """
        try:
            name = PurePosixPath(unquote(urlsplit(self.url).path)).name
        except ValueError:
            return ""
        return name if name.isprintable() and "\\" not in name and name.strip(".") else ""

    def check(self, path: Path, target: Path) -> None:
        """Compare bytes with what is known of the file.

        Args:
            path: where they are now.
            target: what messages call them.

        Raises:
            DownloadError: if they are another file's.
        """
        if not path.is_file():
            raise DownloadError(f"{target}: expected a file, and it is none")
        size = path.stat().st_size
        if self.size is not None and size != self.size:
            raise DownloadError(f"{target}: {size} bytes, expected {self.size} from {self.url}")
        for name, expected in (("md5", self.md5), ("sha256", self.sha256)):
            if expected is None:
                continue
            with path.open("rb") as file:
                digest = hashlib.file_digest(
                    file, partial(hashlib.new, name, usedforsecurity=False)
                )
            found = digest.hexdigest()
            if found != expected.lower():
                told = f"{name} {found}, expected {expected} from {self.url}"
                raise DownloadError(f"{target}: {told}")

    def what_came(self, path: Path) -> str:
        """Return what bytes are in place of the file, where no checksum tells; empty if they fit.

        Servers answer with a page to log in, a message of their own or a pointer, and say that all
        is well. An archive has to be one; any other file may not begin like one of these.
        """
        if self.has_checksum:
            return ""
        name = self.name.lower()
        with path.open("rb") as file:
            start = file.read(200).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        nothing: tuple[str, tuple[str, ...]] = ("", ())
        known = ((what, own) for begin, what, own in ANSWERS if start.startswith(begin))
        came, may_be = next(known, nothing)
        if self.is_archive:
            is_one = zipfile.is_zipfile if name.endswith(".zip") else _is_tar
            return "" if is_one(path) else came or "something else, or a part of it"
        return "" if name.endswith(may_be) else came

    def failure(self, why: str) -> DownloadError:
        """Return an error on one line; servers choose some of its words."""
        words = "".join(c if c.isprintable() else " " for c in why)
        return DownloadError(f"{self.url}: {' '.join(words.split())}")


def _is_tar(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError):  # cut off, or damaged
        return False
