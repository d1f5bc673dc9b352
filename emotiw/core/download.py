"""One file from the network: resumed, measured, checked, and whole or absent.

The only code that downloads, for weights and corpora alike. A server is a stranger: it may break
off, send another file or a page to log in, promise nonsense, never stop, or point elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPException, HTTPResponse, InvalidURL
from pathlib import Path, PurePosixPath
from ssl import SSLError
from typing import NoReturn
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit

from pydantic import Field

from emotiw.core.config import Strict
from emotiw.core.errors import EmotiwError

CHUNK = 2**20
TIMEOUT_SEC = 60
LIMIT = 64 * 2**30  # bytes of a file whose size nobody has told
Progress = Callable[[str, int, int | None], None]


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


def download(
    file: RemoteFile,
    target: Path,
    *,
    progress: Progress | None = None,
    limit: int = LIMIT,
    attempts: int = 4,
    pause_sec: float = 1.0,
) -> bool:
    """Download a file, going on where an earlier attempt stopped.

    The bytes gather in ``<target>.part``; the file takes its name only once its size and checksum
    are right. A file that is already there is left alone if it is right, and is an error if not.

    Args:
        file: address, size and checksum.
        target: where it goes.
        progress: told the file's name, the bytes so far and, where known, all of them.
        limit: bytes that are taken at most of a file whose size is not known.
        attempts: after which a broken connection is given up.
        pause_sec: before the second attempt; doubled before each further one.

    Returns:
        Whether anything was downloaded.

    Raises:
        DownloadError: if the server refuses or can't be understood, the size or checksum is
            wrong, or the file can't be written.
    """
    if target.exists():
        _verify(file, target, target)
        return False
    part = target.with_name(target.name + ".part")
    for attempt in range(1, attempts + 1):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _receive(file, part, target, progress, limit)
            break
        except (OSError, HTTPException, ValueError) as error:
            if not _is_passing(error):
                raise _failure(file, error) from error
            if attempt == attempts:
                kept = f"; {part} is kept, run it again to go on" if part.exists() else ""
                raise _failure(file, f"{error}{kept}") from error
        time.sleep(pause_sec * 2 ** (attempt - 1))
    try:
        _verify(file, part, target)
        _check_is_no_page(file, part)
    except DownloadError:
        part.unlink(missing_ok=True)
        raise
    part.replace(target)
    return True


def _receive(
    file: RemoteFile, part: Path, target: Path, progress: Progress | None, limit: int
) -> None:
    done = part.stat().st_size if part.exists() else 0
    if file.size is not None and done >= file.size > 0:
        return
    asked = request.Request(file.url, headers={"User-Agent": "emotiw"})
    if asked.type not in {"http", "https"}:
        raise _failure(file, "only http and https addresses are fetched")
    if done:
        asked.add_header("Range", f"bytes={done}-")
    try:
        response = _opener().open(asked, timeout=TIMEOUT_SEC)
    except HTTPError as error:
        if error.code == 416 and done:  # nothing is left, or the file is another one by now
            if error.headers.get("Content-Range") != f"bytes */{done}":
                _start_again(part, "the file on the server has changed")
            return
        raise
    with response:
        if response.status not in ({200, 206} if done else {200}):
            raise _failure(file, f"no file came, but status {response.status}")
        is_resumed = response.status == 206
        if is_resumed:
            if not str(response.headers.get("Content-Range")).startswith(f"bytes {done}-"):
                _start_again(part, "the server sent another part than it was asked for")
        else:
            done = 0
        length = _length(file, response)
        total = file.size if length is None else done + length
        _check_total(file, target, total, limit)
        with part.open("ab" if is_resumed else "wb") as sink:
            while chunk := response.read(CHUNK):
                sink.write(chunk)
                done += len(chunk)
                if done > (limit if file.size is None else file.size):
                    break
                if progress is not None:
                    progress(target.name, done, total)
            sink.flush()
            os.fsync(sink.fileno())
    if file.size is None and done > limit:
        part.unlink()
        raise _failure(file, f"stopped after {limit} bytes: nobody told that it is so large")
    if total is not None and done < total:
        raise ConnectionError(f"the connection broke off after {done} of {total} bytes")


def _is_passing(error: Exception) -> bool:
    """Return whether another attempt may do better: not with a wrong address or a full disk."""
    if isinstance(error, HTTPError):
        return error.code >= 500
    if isinstance(error, URLError):
        return not isinstance(error.reason, str)
    passing = (ConnectionError, TimeoutError, SSLError, HTTPException)
    return isinstance(error, passing) and not isinstance(error, InvalidURL)


def _opener() -> request.OpenerDirector:
    """Return what opens http and https alone, also after a redirection."""
    opener = request.OpenerDirector()
    for handler in (
        *(request.ProxyHandler, request.UnknownHandler, request.HTTPHandler, request.HTTPSHandler),
        *(request.HTTPDefaultErrorHandler, request.HTTPRedirectHandler),
        request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener


def _length(file: RemoteFile, response: HTTPResponse) -> int | None:
    told = response.headers.get("Content-Length")
    if told is None:
        return None
    if not (told.isascii() and told.isdecimal()):
        raise _failure(file, f"the server's header says Content-Length: {told[:40]!r}")
    return int(told)


def _check_total(file: RemoteFile, target: Path, total: int | None, limit: int) -> None:
    """Refuse what would be wrong in the end; a part of the right file is kept."""
    if file.size is not None and total != file.size:
        raise DownloadError(f"{target}: {total} bytes, expected {file.size} from {file.url}")
    if file.size is None and total is not None and total > limit:
        raise _failure(file, f"{total} bytes are offered, at most {limit} are taken")


def _verify(file: RemoteFile, path: Path, target: Path) -> None:
    if not path.is_file():
        raise DownloadError(f"{target}: expected a file, and it is none")
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        raise DownloadError(f"{target}: {size} bytes, expected {file.size} from {file.url}")
    for name, expected in (("md5", file.md5), ("sha256", file.sha256)):
        if expected is None:
            continue
        with path.open("rb") as source:
            digest = hashlib.file_digest(source, partial(hashlib.new, name, usedforsecurity=False))
        found = digest.hexdigest()
        if found != expected.lower():
            raise DownloadError(f"{target}: {name} {found}, expected {expected} from {file.url}")


def _check_is_no_page(file: RemoteFile, part: Path) -> None:
    """Refuse what a server says to a visitor, where no checksum tells it from the file."""
    if file.has_checksum or file.name.lower().endswith((".html", ".htm")):
        return
    with part.open("rb") as source:
        start = source.read(200).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise _failure(file, "a web page came in place of the file; does it want a login?")


def _start_again(part: Path, why: str) -> NoReturn:
    part.unlink()
    raise ConnectionError(why)


def _failure(file: RemoteFile, why: object) -> DownloadError:
    # servers choose some of the words: no line ends, no control codes
    words = "".join(c if c.isprintable() else " " for c in str(why))
    return DownloadError(f"{file.url}: {' '.join(words.split())}")
