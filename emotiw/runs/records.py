"""What every stage of a run has made, and from what; written so that a stage's files come together.

A stage's files and its record are one commit. The new files are written beside the run's own, then
a journal names them: from then on the commit is decided, and whoever opens the
folder next finishes it. So a run that was killed at any instant is as it was before the stage, or
as it was after it; and a file that isn't as it was written was changed by somebody's hand.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from emotiw.core.errors import TableError
from emotiw.core.files import atomic_file, atomic_write, sha256_of, sweep, sync_folder

PLACE = ".emotiw"
ROW_BYTES = 8


@dataclass(frozen=True)
class Record:
    """One stage as it was made last.

    Attributes:
        settings: what it was made by, by ``key.key``.
        inputs: what it was made from: sha256 of files by name, digests by what they are of.
        files: the sha256 of each file as it was written, by its name in the folder.
        counts: clips by what became of them: ``ok``, ``missing``, ``failed``.
        warnings: what a user should know of it.
    """

    settings: Mapping[str, Any]
    inputs: Mapping[str, str | None]
    files: Mapping[str, str]
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[str] = ()


class Records:
    """The records of one run, in a hidden folder of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / PLACE
        self._path = self.home / "records.json"
        self._journal = self.home / "journal.json"
        self._known: tuple[object, dict[str, Record]] = (None, {})
        self._hashes: dict[str, tuple[object, str]] = {}

    def __iter__(self) -> Iterator[tuple[str, Record]]:
        yield from self._read().items()

    def get(self, stage: str) -> Record | None:
        """Return the record of a stage; None where it was never made."""
        return self._read().get(stage)

    def sha256(self, name: str) -> str | None:
        """Return the sha256 of a file as it is now; None where there is none."""
        path = self.folder / name
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if self._hashes.get(name, (None, ""))[0] != stamp:
                self._hashes[name] = (stamp, sha256_of(path))
            return self._hashes[name][1]
        except FileNotFoundError:
            return None

    def written(self, name: str) -> str | None:
        """Return the sha256 of a file as its stage wrote it; None where none has."""
        return next((r.files[name] for _, r in self if name in r.files), None)

    def written_rows(self, name: str) -> set[bytes]:
        """Return the hashes of a file's lines as its stage wrote them."""
        try:
            told = self._rows(name).read_bytes()
        except FileNotFoundError:
            return set()
        return {told[at : at + ROW_BYTES] for at in range(0, len(told), ROW_BYTES)}

    def commit(self, stage: str, record: Record, files: Mapping[str, bytes]) -> None:
        """Put a stage's new files and its record in place, all of them or none.

        Args:
            stage: the stage.
            record: of it; where it names a file that isn't among the new ones, that one stays.
            files: the new ones by name, and others that belong to no stage in particular.
        """
        self._drop_undecided()
        for name, data in files.items():
            atomic_write(self._new(name), data)
        told = {"stage": stage, "record": asdict(record), "files": list(files)}
        _write_json(self._journal, told)
        self._finish(told)

    def recover(self) -> None:
        """Finish a commit that was decided, forget one that was not, and sweep what kills left."""
        for place in (self.folder, self.home, *self.home.rglob("*/")):
            sweep(place)
        if self._journal.is_file():
            try:
                told = json.loads(self._journal.read_text(encoding="utf-8"))
            except ValueError as error:
                raise TableError(
                    f"{self._journal}: damaged ({error}); remove it, and the stage that was cut is "
                    "made anew"
                ) from error
            self._finish(told)
        self._drop_undecided()

    def needs_recovery(self) -> bool:
        """Whether a commit was cut in the middle, or is being made."""
        return self._journal.is_file()

    def _finish(self, told: Mapping[str, Any]) -> None:
        stage, record = told["stage"], Record(**told["record"])
        for name in told["files"]:
            new, place = self._new(name), self.folder / name
            if not new.is_file():  # it was put in place before the cut
                continue
            if name in record.files and not name.startswith("ledger"):
                rows = b"".join(map(hash_of_line, lines_of(new.read_bytes())))
                with atomic_file(self._rows(name), durable=False) as partial:
                    partial.write_bytes(rows)
            place.parent.mkdir(parents=True, exist_ok=True)
            new.replace(place)
        for folder in {(self.folder / name).parent for name in told["files"]}:
            sync_folder(folder)
        everything = {**self._read(), stage: record}
        _write_json(self._path, {name: asdict(each) for name, each in everything.items()})
        self._journal.unlink()
        self._drop_undecided()

    def _drop_undecided(self) -> None:
        shutil.rmtree(self.home / "new", ignore_errors=True)

    def _new(self, name: str) -> Path:
        return self.home / "new" / name

    def _rows(self, name: str) -> Path:
        return self.home / "rows" / f"{name}.bin"

    def _read(self) -> dict[str, Record]:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return {}
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if self._known[0] != stamp:
            try:
                told = json.loads(self._path.read_text(encoding="utf-8"))
                known = {stage: Record(**record) for stage, record in told.items()}
            except (ValueError, TypeError, AttributeError) as error:
                raise TableError(
                    f"{self._path}: damaged ({error}); remove it, and stages are made anew where "
                    "they differ"
                ) from error
            self._known = (stamp, known)
        return dict(self._known[1])


def lines_of(data: bytes) -> list[bytes]:
    """Return the lines of a text file, whatever their ends."""
    return data.removeprefix(b"\xef\xbb\xbf").splitlines()


def hash_of_line(line: bytes) -> bytes:
    """Return a short hash of a line."""
    return hashlib.blake2b(line, digest_size=ROW_BYTES).digest()


def _write_json(path: Path, value: Any) -> None:
    atomic_write(path, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())
    sync_folder(path.parent)
