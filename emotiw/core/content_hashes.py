"""The sha256 of clips, remembered between runs by path, size and time of change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from emotiw.core.files import atomic_write, sha256_of
from emotiw.core.outcome import Outcome

WORTH_SPREADING = 1 << 27  # bytes: less is read in a moment
Entry = list[int | str]  # size, time of change, sha256
ReadsFiles = Callable[[Callable[[Path], Entry], Mapping[str, Path]], Iterator[Outcome[Entry]]]
BEGIN, MIDDLE, END = '{"sha256":"', '","files":', "}"  # of a JSON whose text can be checked


class ContentHashes:
    """What the clips of any run are made of, in one file; a damaged one is forgotten.

    Several processes may keep theirs in it: what others have learned stays.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)
        self._learned: dict[str, Entry] = {}
        self._places: dict[Path, Path] = {}

    def of(self, file: Path) -> str:
        """Return the sha256 of a file, reading it only if it is new or has changed."""
        name, stamp = self._name(file), stamp_of(file)
        entry = self._known.get(name)
        if entry is not None and entry[:2] == stamp:
            return str(entry[2])
        return self._learn(file, stamped_sha256(file))

    def read_together(self, files: Iterable[Path], do: ReadsFiles) -> None:
        """Read those files that :meth:`of` would have to read, many at once.

        Args:
            files: any; what can't be read is left to :meth:`of`.
            do: carries jobs out, see :meth:`emotiw.runs.workforce.Workforce.do_reading`.
        """
        sizes: dict[Path, int] = {}
        for file in files:
            with suppress(OSError):
                stamp, entry = stamp_of(file), self._known.get(self._name(file))
                if entry is None or entry[:2] != stamp:
                    sizes[file.absolute()] = stamp[0]
        if sum(sizes.values()) > WORTH_SPREADING:
            for outcome in do(stamped_sha256, {str(file): file for file in sizes}):
                if outcome.value is not None:
                    self._learn(Path(outcome.name), outcome.value)

    def _learn(self, file: Path, entry: Entry) -> str:
        name = self._name(file)
        self._known[name] = self._learned[name] = entry
        return str(entry[2])

    def _name(self, file: Path) -> str:
        folder = self._places.get(file.parent)
        if folder is None:  # two names of one folder are one; a folder has many clips
            folder = self._places[file.parent] = file.parent.resolve()
        return str(folder / file.name)

    def save(self) -> None:
        """Keep what was learned for the next run."""
        if self._learned:
            self._known = _read(self._path) | self._learned
            body = json.dumps(self._known, sort_keys=True)
            digest = hashlib.sha256(body.encode()).hexdigest()
            atomic_write(self._path, f"{BEGIN}{digest}{MIDDLE}{body}{END}".encode())
            self._learned = {}


def stamp_of(file: Path) -> list[int]:
    """Return size and time of change, by which a file is known to be as it was."""
    stat = file.stat()
    return [stat.st_size, stat.st_mtime_ns]


def stamped_sha256(file: Path) -> Entry:
    """Return the stamp of a file, and then the sha256 of its bytes."""
    return [*stamp_of(file), sha256_of(file)]


def _read(path: Path) -> dict[str, Entry]:
    try:
        text = path.read_text(encoding="utf-8")
        known = json.loads(text)
    except (OSError, ValueError):
        return {}
    if isinstance(known, dict) and "files" in known:
        body = text[len(BEGIN) + 64 + len(MIDDLE) : -len(END)]
        if known.get("sha256") != hashlib.sha256(body.encode()).hexdigest():
            return {}
        known = known["files"]  # earlier versions wrote these alone
    entries = known.items() if isinstance(known, dict) else ()
    return {n: e for n, e in entries if isinstance(e, list) and len(e) == 3}
