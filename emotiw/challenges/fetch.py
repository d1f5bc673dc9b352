"""A corpus that anyone may have, by command: downloaded, checked and unpacked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from emotiw.challenges.certainty import unproved
from emotiw.challenges.downloads import Download, Listing
from emotiw.challenges.manifest_builder import media_files
from emotiw.challenges.spec import ChallengeSpec
from emotiw.challenges.unpack import DamagedArchive, unpack
from emotiw.core.csv_rows import read_rows
from emotiw.core.download import Progress, download
from emotiw.core.errors import ConfigError, Problems, suggest
from emotiw.core.media.file_kinds import MEDIA
from emotiw.core.remote_file import DownloadError, RemoteFile


@dataclass(frozen=True)
class Fetched:
    """What became of a download.

    Attributes:
        n_files: asked for.
        n_downloaded: of them, in this run; the others were there.
        n_unpacked: files written from archives.
        failures: reasons, by address.
        odd: parts that have more or fewer files than were published, in words.
    """

    n_files: int
    n_downloaded: int
    n_unpacked: int
    failures: dict[str, str]
    odd: tuple[str, ...] = ()


def fetchable(spec: ChallengeSpec, parts: Sequence[str] = ()) -> dict[str, Download]:
    """Return the parts of a corpus that can be downloaded, all or those named.

    Raises:
        ConfigError: if the corpus has to be asked for, or has no such part.
    """
    if not spec.downloads:
        raise ConfigError(how_to_get(spec))
    for part in parts:
        if part not in spec.downloads:
            known = ", ".join(spec.downloads)
            hint = suggest(part, spec.downloads)
            raise ConfigError(f"{spec.name} has no part {part!r}{hint} (known: {known})")
    return {part: spec.downloads[part] for part in parts or spec.downloads}


def how_to_get(spec: ChallengeSpec) -> str:
    """Return whom to ask for a corpus that isn't downloaded, and how its folder has to look."""
    from emotiw.challenges.reading import reader_of  # which reads no corpus, but knows layouts

    reader = reader_of(spec)
    inside = f", below {' or '.join(reader.inside)} or at the top" if reader.inside else ""
    whom = spec.ask or f"its organisers; `emotiw challenges show {spec.name}` has the sources"
    lines = [
        f"{spec.title} can't be downloaded by command: its organisers hand it out on request",
        f"  ask:    {whom}",
        f"  unpack: into a folder of its own, which a recipe names as `data: {{root: …}}`{inside}",
        f"  layout: {reader.expects()}",
    ]
    doubts = unproved(spec, "layout")
    lines += [f"  assumed: {doubt.says}" for doubt in doubts]
    return "\n".join(lines)


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
    odd: list[str] = []
    for name, part in fetchable(spec, parts).items():
        home = folder / part.folder
        files = [*part.files]
        if part.listing is not None:
            files += _listed(part.listing, folder / ".archives" / f"{name}.csv", progress)
        for file in files:
            n_files += 1
            archived = file.is_archive
            target = (folder / ".archives" if archived else home) / file.name
            try:
                if not file.name:
                    raise DownloadError(f"{file.url}: the address names no file")
                n_downloaded += download(file, target, progress=progress)
                if archived:
                    n_unpacked += _unpacked(file, target, home)
                    if not keep_archives:
                        target.unlink()
            except DownloadError as error:
                failures[file.url] = str(error)
        n_found = len(media_files(home, MEDIA)) if home.is_dir() else 0
        if part.n_files is not None and n_found < part.n_files:
            odd.append(f"{name}: {n_found} files of sound or video, {part.n_files} were published")
    return Fetched(n_files, n_downloaded, n_unpacked, failures, tuple(odd))


def _unpacked(file: RemoteFile, archive: Path, home: Path) -> int:
    try:
        return unpack(archive, home)
    except DamagedArchive as error:
        if file.has_checksum:
            raise
        archive.unlink()  # it may never have been the file: the next run asks again
        raise DownloadError(f"{error}; it is removed, so that the next run asks again") from error


def _listed(listing: Listing, target: Path, progress: Progress | None) -> list[RemoteFile]:
    download(RemoteFile(url=listing.url), target, progress=progress)
    problems = Problems(f"{target}, from {listing.url}")
    rows = [row for _, row in read_rows(target, (listing.column,), problems)]
    if problems.lines:
        target.unlink()  # a page to log in, perhaps: the next run asks again
    problems.raise_if_any(DownloadError)
    names = sorted({row[listing.column].strip() for row in rows} - {"", listing.column})
    return [
        RemoteFile(url=listing.template.replace("{name}", quote(name, safe=""))) for name in names
    ]
