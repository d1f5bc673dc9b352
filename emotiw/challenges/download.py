"""One file from the network: resumed, measured, checked, and whole or absent."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from emotiw.challenges.downloads import RemoteFile
from emotiw.core.errors import EmotiwError

CHUNK = 2**20
TIMEOUT_SEC = 60
Progress = Callable[[str, int, int | None], None]


class DownloadError(EmotiwError):
    """A file could not be downloaded, or is not the one that was expected."""


def download(
    file: RemoteFile,
    target: Path,
    *,
    progress: Progress | None = None,
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
        attempts: after which a broken connection is given up.
        pause_sec: before the second attempt; doubled before each further one.

    Returns:
        Whether anything was downloaded.

    Raises:
        DownloadError: if the server refuses, or the size or checksum is wrong.
    """
    if not file.url.startswith(("https://", "http://")):
        raise DownloadError(f"{file.url}: only http and https addresses are fetched")
    if target.exists():
        _verify(file, target, target)
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    for attempt in range(1, attempts + 1):
        try:
            _receive(file, part, target.name, progress)
            break
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == attempts:
                raise DownloadError(f"{file.url}: {error.code} {error.reason}") from error
        except (OSError, http.client.HTTPException) as error:
            if attempt == attempts:
                raise DownloadError(
                    f"{file.url}: {error}; {part} is kept, run it again to go on"
                ) from error
        time.sleep(pause_sec * 2 ** (attempt - 1))
    try:
        _verify(file, part, target)
    except DownloadError:
        part.unlink()
        raise
    part.replace(target)
    return True


def _receive(file: RemoteFile, part: Path, name: str, progress: Progress | None) -> None:
    done = part.stat().st_size if part.exists() else 0
    if file.size is not None and done >= file.size:
        return
    request = urllib.request.Request(file.url, headers={"User-Agent": "emotiw"})
    if done:
        request.add_header("Range", f"bytes={done}-")
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_SEC)
    except urllib.error.HTTPError as error:
        if error.code == 416 and done:  # nothing is left, or the file is another one by now
            if error.headers.get("Content-Range") != f"bytes */{done}":
                part.unlink()
                raise OSError("the file on the server has changed") from error
            return
        raise
    with response:
        is_resumed = response.status == 206
        if not is_resumed:
            done = 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length is not None else file.size
        with part.open("ab" if is_resumed else "wb") as sink:
            while chunk := response.read(CHUNK):
                sink.write(chunk)
                done += len(chunk)
                if file.size is not None and done > file.size:
                    break
                if progress is not None:
                    progress(name, done, total)
    if total is not None and done < total:
        raise OSError(f"the connection broke off after {done} of {total} bytes")


def _verify(file: RemoteFile, path: Path, target: Path) -> None:
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        raise DownloadError(f"{target}: {size} bytes, expected {file.size} from {file.url}")
    if file.md5 is not None:
        with path.open("rb") as source:
            digest = hashlib.file_digest(source, lambda: hashlib.md5(usedforsecurity=False))
        if digest.hexdigest() != file.md5:
            raise DownloadError(
                f"{target}: checksum {digest.hexdigest()}, expected {file.md5} from {file.url}"
            )
