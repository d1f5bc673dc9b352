"""What may be downloaded, and from where, as data."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field

from emotiw.core.config import Strict
from emotiw.core.remote_file import RemoteFile

PartName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]  # its list is called so


def _below_the_corpus(folder: str) -> str:
    path = PurePosixPath(folder.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in folder:
        raise ValueError(f"expected a folder below the corpus, got {folder!r}")
    return folder


class Listing(Strict):
    """A CSV that names the files to download.

    Attributes:
        url: of the CSV.
        column: with the names.
        template: URL of a file, with ``{name}`` in it.
    """

    url: str
    column: str
    template: str


class Download(Strict):
    """One part of a corpus that may be downloaded by anyone.

    Attributes:
        licence: what the user agrees to.
        files: to download; zip and tar archives are unpacked.
        listing: a list of further files.
        folder: below the corpus, where they go.
        n_files: how many sounds or videos there are once all is unpacked, where published.
    """

    licence: str
    files: tuple[RemoteFile, ...] = ()
    listing: Listing | None = None
    folder: Annotated[str, AfterValidator(_below_the_corpus)] = "."
    n_files: int | None = None
