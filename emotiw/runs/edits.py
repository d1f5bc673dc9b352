"""What people have changed by hand in a run since its stages wrote it, and what is older than that.

Every file can be changed and read on; nothing of it is hidden: whoever prints a value says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from emotiw.core.errors import EmotiwError
from emotiw.runs.records import Records, hash_of_line, lines_of


@dataclass(frozen=True)
class Edit:
    """A file that was changed by hand since its stage wrote it.

    Attributes:
        stage: that stage.
        name: the file, in the run's folder.
        date: of the change, ISO 8601.
        n_rows: how many rows were changed, added or taken away; none where only line ends were.
    """

    stage: str
    name: str
    date: str
    n_rows: int

    def __str__(self) -> str:
        rows = "1 row" if self.n_rows == 1 else f"{self.n_rows:,} rows"
        return f"{self.name} was changed by hand on {self.date} ({rows})"


def edits_of(records: Records, stage: str | None = None) -> list[Edit]:
    """Return what was changed by hand, in all stages or in one."""
    return [
        _edit(records, made_by, name)
        for made_by, record in records
        if stage in (None, made_by)
        for name, written in record.files.items()
        if records.sha256(name) not in (None, written)
    ]


@contextmanager
def edits_named(records: Records) -> Iterator[None]:
    """Add to an error about a file that was changed by hand how one goes on."""
    try:
        yield
    except EmotiwError as error:
        told, changed = str(error), edits_of(records)
        named = [str(each) for each in changed if str(records.folder / each.name) in told]
        if not named or "--force" in told:
            raise
        advice = "mend it, or remove it, and it is made anew"
        raise type(error)(f"{told}\n{'; '.join(named)}: {advice}") from error


def changed_clips(records: Records, name: str) -> set[str]:
    """Return the ids in rows of a table that aren't as its stage wrote them."""
    written = records.written_rows(name)
    return {
        line.split(b",", 1)[0].decode(errors="replace").strip('"')
        for line in lines_of((records.folder / name).read_bytes())
        if hash_of_line(line) not in written
    }


def outdated(records: Records) -> list[str]:
    """Return which stages were made from files that have changed since, in words."""
    return [
        f"{stage} is out of date: {name} has changed since"
        for stage, record in records
        for name, sha256 in record.inputs.items()
        if records.written(name) is not None and records.sha256(name) != sha256
    ]


def _edit(records: Records, stage: str, name: str) -> Edit:
    path = records.folder / name
    written = records.written_rows(name)
    present = set(map(hash_of_line, lines_of(path.read_bytes())))
    n_rows = max(len(written - present), len(present - written))
    date = datetime.fromtimestamp(path.stat().st_mtime).date().isoformat()
    return Edit(stage, name, date, n_rows)
