"""Where the artifacts of a stage are among its packs, of which other processes add and take away.

A pack is called by the number of its artifacts and a hash of them. One that proves damaged stays
where it is, under an empty file ``<pack>.<key>.bad`` beside it that every process sees.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from threading import RLock

from emotiw.core.errors import DamagedArtifactError
from emotiw.core.packs import Pack

PACK, BAD = ".safetensors", ".bad"
CLOCK_NS = 2 * 10**9
Place = tuple[Pack, int]


class PackIndex:
    """The packs in a folder: the newest is looked into first, and each is listed once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unreadable: set[Path] = set()
        self._found: dict[str, Path] = {}
        self._packs: dict[str, Pack] = {}
        self._unread: list[Path] = []  # the newest last
        self._places: dict[bytes, Place] = {}
        self._bad: set[tuple[str, bytes]] = set()
        self._unmarked: set[tuple[str, bytes]] = set()
        self._changed_at = -1
        self._is_racy = False
        self._lock = RLock()

    def find(self, key: str) -> Place | None:
        """Return the pack that holds an artifact, not known to be damaged, and its row there."""
        name = key.encode()
        with self._lock:
            while name not in self._places and self._unread:
                self._read(self._unread.pop())
            return self._places.get(name)

    def knows_as_bad(self, key: str) -> bool:
        """Return whether an artifact of that key was found damaged."""
        return any(key.encode() == name for _, name in self._bad)

    def has_changed(self, *, is_recent: bool = False) -> bool:
        """Look again where the folder has changed since; return whether it may have.

        Args:
            is_recent: a change right after another counts too, which the clock of a file system
                doesn't tell apart.
        """
        with self._lock:
            if self._changed_at == _changed_at(self.folder) and not (is_recent and self._is_racy):
                return False
            self.refresh()
            return True

    def refresh(self) -> None:
        """Look for packs that were added or taken away, and for what was found damaged."""
        with self._lock:
            self._changed_at = _changed_at(self.folder)
            self._is_racy = time.time_ns() - self._changed_at < CLOCK_NS
            found: dict[str, Path] = {}
            marks = set(self._unmarked)
            with suppress(FileNotFoundError):
                for path in self.folder.iterdir():
                    if path.suffix == PACK and not path.name.startswith("."):
                        found[path.stem] = path
                    elif path.suffix == BAD:
                        stem, _, key = path.stem.partition(".")
                        marks.add((stem, key.encode()))
            if (found, marks) == (self._found, self._bad) and not self.unreadable:
                return
            outdated = {stem for stem, _ in marks ^ self._bad}  # it may have been written anew
            kept = found.keys() - outdated
            self._packs = {stem: pack for stem, pack in self._packs.items() if stem in kept}
            self._found, self._bad, self.unreadable = found, marks, set()
            self._places = {}
            self._unread = sorted(found.values(), key=lambda path: (_changed_at(path), path.name))

    def all(self) -> list[Pack]:
        """Return every pack there is now that can be read."""
        with self._lock:
            self.refresh()
            while self._unread:
                self._read(self._unread.pop())
            return list(self._packs.values())

    def small(self, below: int) -> list[Pack]:
        """Return the packs of fewer artifacts than that."""
        return [pack for pack in self.all() if len(pack.keys) < below]

    def drop(self, pack: Pack) -> None:
        """Forget a pack that isn't there any more."""
        with self._lock:
            self._packs.pop(pack.path.stem, None)
            self._found = {}
            self.refresh()

    def mark_bad(self, pack: Pack, key: str) -> None:
        """Let an artifact count as absent from a pack, here and in every process."""
        mark = (pack.path.stem, key.encode())
        try:
            (self.folder / f"{pack.path.stem}.{key}{BAD}").touch()
        except OSError:  # where nobody may write, everybody finds it out for themselves
            self._unmarked.add(mark)
        self.refresh()

    def spoilt(self) -> list[Pack]:
        """Return the packs of which something was found damaged."""
        return [pack for pack in self.all() if pack.path.stem in {stem for stem, _ in self._bad}]

    def _read(self, path: Path) -> None:
        try:
            pack = self._packs.get(path.stem) or Pack(path)
        except FileNotFoundError:
            return
        except DamagedArtifactError:
            self.unreadable.add(path)
            return
        self._packs[path.stem] = pack
        for row, key in enumerate(pack.keys):
            if (path.stem, key) not in self._bad:
                self._places.setdefault(key, (pack, row))


def _changed_at(path: Path) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 (asked for with every read)
    except FileNotFoundError:
        return 0
