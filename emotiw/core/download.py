"""One file from the network: resumed, measured, checked, and whole or absent.

The only code that downloads, for weights and corpora alike. A server is a stranger: it may break
off, send another file or a page to log in, promise nonsense, never stop, or point elsewhere.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse, InvalidURL
from pathlib import Path
from ssl import SSLError
from typing import NoReturn
from urllib import request
from urllib.error import HTTPError, URLError

from emotiw.core.remote_file import DownloadError, RemoteFile

CHUNK = 2**20
TIMEOUT_SEC = 60
LIMIT = 64 * 2**30  # bytes of a file whose size nobody has told
Progress = Callable[[str, int, int | None], None]


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
    are right. A file that is already there is left alone if it is right, and is an error if not; a
    page or a message that an earlier run took for the file is replaced.

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
        file.check(target, target)
        if not file.what_came(target):
            return False
        target.unlink()  # it never was the file
    part = target.with_name(target.name + ".part")
    for attempt in range(1, attempts + 1):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _receive(file, part, target, progress, limit)
            break
        except (OSError, HTTPException, ValueError) as error:
            if not _is_passing(error):
                raise file.failure(_reason(error)) from error
            if attempt == attempts:
                kept = f"; {part} is kept, run it again to go on" if part.exists() else ""
                raise file.failure(f"{_reason(error)}{kept}") from error
        time.sleep(pause_sec * 2 ** (attempt - 1))
    try:
        file.check(part, target)
        if came := file.what_came(part):
            kind = "archive" if file.is_archive else "file"
            raise file.failure(f"{came} came in place of the {kind}; the next run asks again")
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
        raise file.failure("only http and https addresses are fetched")
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
            raise file.failure(f"no file came, but status {response.status}")
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
        raise file.failure(f"stopped after {limit} bytes: nobody told that it is so large")
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


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"{error.code} {error.reason}"
    if isinstance(error, URLError):
        return str(error.reason)
    if isinstance(error, HTTPException) and not isinstance(error, ConnectionError):
        return f"the answer can't be understood ({error!r})"
    return str(error)


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
        raise file.failure(f"the server's header says Content-Length: {told[:40]!r}")
    return int(told)


def _check_total(file: RemoteFile, target: Path, total: int | None, limit: int) -> None:
    """Refuse what would be wrong in the end; a part of the right file is kept."""
    if file.size is not None and total != file.size:
        raise DownloadError(f"{target}: {total} bytes, expected {file.size} from {file.url}")
    if file.size is None and total is not None and total > limit:
        raise file.failure(f"{total} bytes are offered, at most {limit} are taken")


def _start_again(part: Path, why: str) -> NoReturn:
    part.unlink()
    raise ConnectionError(why)
