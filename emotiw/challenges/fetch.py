"""A corpus that anyone may have, by command: downloaded, checked and unpacked."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from emotiw.challenges.download import DownloadError, Progress, download
from emotiw.challenges.downloads import Download, Listing, RemoteFile
from emotiw.challenges.spec import ChallengeSpec
from emotiw.challenges.unpack import is_archive, unpack
from emotiw.core.errors import ConfigError, suggest


@dataclass(frozen=True)
class Fetched:
    """What became of a download.

    Attributes:
        n_files: asked for.
        n_downloaded: of them, in this run; the others were there.
        n_unpacked: files written from archives.
        failures: reasons, by address.
    """

    n_files: int
    n_downloaded: int
    n_unpacked: int
    failures: dict[str, str]


def fetchable(spec: ChallengeSpec, parts: Sequence[str] = ()) -> dict[str, Download]:
    """Return the parts of a corpus that can be downloaded, all or those named.

    Raises:
        ConfigError: if the corpus has to be asked for, or has no such part.
    """
    if not spec.downloads:
        raise ConfigError(
            f"{spec.title} can't be downloaded by command: its organisers hand it out on request"
        )
    for part in parts:
        if part not in spec.downloads:
            known = ", ".join(spec.downloads)
            hint = suggest(part, spec.downloads)
            raise ConfigError(f"{spec.name} has no part {part!r}{hint} (known: {known})")
    return {part: spec.downloads[part] for part in parts or spec.downloads}


def fetch(
    spec: ChallengeSpec,
    folder: Path,
    parts: Sequence[str] = (),
    *,
    progress: Progress | None = None,
    keep_archives: bool = True,
) -> Fetched:
    """Download parts of a corpus into a folder; what is already there is not fetched again.

    A file that fails is noted and the others go on. The caller has asked the user about the
    licence: see :func:`fetchable`.

    Args:
        spec: the corpus.
        folder: where it goes.
        parts: of the corpus; all by default.
        progress: told the name of a file, its bytes so far and all of them.
        keep_archives: leave an archive in ``.archives`` after it was unpacked, so that a repeated
            run has nothing to fetch.

    Raises:
        ConfigError: if the corpus can't be downloaded.
        DownloadError: if a list of files can't be had.
    """
    n_files = n_downloaded = n_unpacked = 0
    failures: dict[str, str] = {}
    for name, part in fetchable(spec, parts).items():
        home = folder / part.folder
        files = [*part.files]
        if part.listing is not None:
            files += _listed(part.listing, folder / ".archives" / f"{name}.csv", progress)
        for file in files:
            n_files += 1
            file_name = PurePosixPath(unquote(urlsplit(file.url).path)).name
            archived = is_archive(Path(file_name))
            target = (folder / ".archives" if archived else home) / file_name
            try:
                n_downloaded += download(file, target, progress=progress)
                if archived:
                    n_unpacked += unpack(target, home)
                    if not keep_archives:
                        target.unlink()
            except DownloadError as error:
                failures[file.url] = str(error)
    return Fetched(n_files, n_downloaded, n_unpacked, failures)


def _listed(listing: Listing, target: Path, progress: Progress | None) -> list[RemoteFile]:
    download(RemoteFile(url=listing.url), target, progress=progress)
    rows = csv.DictReader(io.StringIO(target.read_text(encoding="utf-8-sig")))
    if listing.column not in (rows.fieldnames or []):
        raise DownloadError(f"{listing.url} has no column {listing.column!r}")
    names = sorted({row[listing.column].strip() for row in rows} - {"", listing.column})
    return [
        RemoteFile(url=listing.template.replace("{name}", quote(name, safe=""))) for name in names
    ]
