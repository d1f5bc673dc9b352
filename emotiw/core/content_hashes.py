"""The sha256 of clips, remembered between runs by path, size and time of change."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from emotiw.core.files import atomic_write, sha256_of

BEGIN, MIDDLE, END = '{"sha256":"', '","files":', "}"  # of a JSON whose text can be checked


class ContentHashes:
    """What the clips of any run are made of, in one file; a damaged one is forgotten.

    Several processes may keep theirs in it: what others have learned stays.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)
        self._learned: dict[str, list[int | str]] = {}
        self._places: dict[Path, Path] = {}

    def of(self, file: Path) -> str:
        """Return the sha256 of a file, reading it only if it is new or has changed."""
        stat = file.stat()
        stamp = [stat.st_size, stat.st_mtime_ns]
        folder = self._places.get(file.parent)
        if folder is None:  # two names of one folder are one; a folder has many clips
            folder = self._places[file.parent] = file.parent.resolve()
        name = str(folder / file.name)
        entry = self._known.get(name)
        if entry is not None and entry[:2] == stamp:
            return str(entry[2])
        digest = sha256_of(file)
        self._known[name] = self._learned[name] = [*stamp, digest]
        return digest

    def save(self) -> None:
        """Keep what was learned for the next run."""
        if self._learned:
            self._known = _read(self._path) | self._learned
            body = json.dumps(self._known, sort_keys=True)
            digest = hashlib.sha256(body.encode()).hexdigest()
            atomic_write(self._path, f"{BEGIN}{digest}{MIDDLE}{body}{END}".encode())
            self._learned = {}


def _read(path: Path) -> dict[str, list[int | str]]:
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
