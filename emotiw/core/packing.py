"""Few large files in place of many small ones: loose artifacts and small packs → packs.

What was there goes only once what takes its place has reached the disk, so that a cut, or another
process at the same work, leaves something twice and nothing nowhere.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from emotiw.core.errors import DamagedArtifactError, MachineError
from emotiw.core.files import sync_folder
from emotiw.core.pack_index import BAD, PACK, PackIndex
from emotiw.core.packs import Entry, Pack, open_loose, write_pack

MIN_ENTRIES = 128  # of a pack that ends because of its size
MAX_ENTRIES = 4096
MAX_BYTES = 1 << 28
MAX_SMALL = 8  # packs below the minimum, before they become one
AT_ONCE = 1 << 15  # artifacts whose places are kept in mind, at 4 kB each


def put_together(packs: PackIndex, loose: Iterable[Path]) -> None:
    """Put loose artifacts into packs, and with them what small or damaged packs have.

    Raises:
        FileNotFoundError: if another process has put some of them into a pack meanwhile.
    """
    paths = sorted(loose, key=lambda path: path.name)
    n_batches = -(-len(paths) // AT_ONCE)
    for batch in range(n_batches):
        begin, end = (len(paths) * (batch + more) // n_batches for more in (0, 1))
        _put_together(packs, [file for path in paths[begin:end] if (file := _opened(path))])


def _put_together(packs: PackIndex, files: list[Pack]) -> None:
    if files:
        small = packs.small(MIN_ENTRIES)
        others = {*packs.spoilt(), *(small if len(small) >= MAX_SMALL else ())}
        _replace(packs, [*files, *others], lambda key: True)


def take_out(packs: PackIndex, pack: Pack, keys: set[str]) -> None:
    """Write a pack anew without some of its artifacts, and without those that are damaged."""
    _replace(packs, [pack], lambda key: key not in keys)


def _opened(path: Path) -> Pack | None:
    try:
        return open_loose(path)
    except DamagedArtifactError:
        return None


def _replace(packs: PackIndex, files: Sequence[Pack], is_kept: Callable[[str], bool]) -> None:
    kept: dict[bytes, tuple[Entry, Path]] = {}
    for file in files:
        for row, key in enumerate(file.keys):
            if (
                key not in kept
                and is_kept(key.decode(errors="replace"))
                and (entry := _whole(file, row))
            ):
                kept[key] = (entry, file.path)
    written = set()
    for group in _groups([kept[key] for key in sorted(kept)]):
        entries, sources = [entry for entry, _ in group], {source for _, source in group}
        digest = hashlib.sha256(b"".join(entry.key + entry.check for entry in entries))
        path = packs.folder / f"{len(entries)}-{digest.hexdigest()[:32]}{PACK}"
        newest = max(source.stat().st_mtime_ns for source in sources)
        try:
            write_pack(path, entries, durable=True)
        except MachineError as error:
            if gone := next((source for source in sources if not source.exists()), None):
                raise FileNotFoundError(str(gone)) from error
            raise
        os.utime(path, ns=(newest, newest))  # as old as the youngest that it holds
        sync_folder(packs.folder)
        written.add(path)
        for source in sources:
            if source.parent != packs.folder:  # of a large stage there mayn't be room for it twice
                source.unlink(missing_ok=True)
    for pack in [file for file in files if file.path.parent == packs.folder]:
        if pack.path not in written:
            pack.path.unlink(missing_ok=True)
        for mark in packs.folder.glob(f"{pack.path.stem}.*{BAD}"):
            mark.unlink(missing_ok=True)
    packs.refresh()


def _whole(file: Pack, row: int) -> Entry | None:
    try:
        entry = file.entry(row)
    except DamagedArtifactError:
        return None
    check = entry.computed()
    return replace(entry, check=check) if entry.check in (b"", check) else None


def _groups(entries: Sequence[tuple[Entry, Path]]) -> Iterator[list[tuple[Entry, Path]]]:
    begin, size = 0, 0
    for end, (entry, _) in enumerate(entries):
        is_full = end - begin >= MAX_ENTRIES or (end - begin >= MIN_ENTRIES and size >= MAX_BYTES)
        if is_full and len(entries) - end >= MIN_ENTRIES:  # no small one is left over
            yield list(entries[begin:end])
            begin, size = end, 0
        size += entry.size
    if entries:
        yield list(entries[begin:])
