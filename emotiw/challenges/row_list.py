"""Challenges that ask for an answer per frame or segment, and list those in a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from emotiw.challenges.manifest_builder import ManifestBuilder, first_file, media_files
from emotiw.challenges.reader import Reader
from emotiw.challenges.spec import ChallengeSpec
from emotiw.challenges.text_table import TableFormat, read_table


class RowList(Reader):
    """Test videos, and a list of every row that a submission has to hold.

    A row's id is its ``id_columns`` joined by ``/``; the part before the first ``/`` is the clip.

    Attributes:
        list: names that the list may have (``*`` as in a shell).
        style: how it is written.
        id_columns: the columns that name a row.
    """

    list: tuple[str, ...]
    style: TableFormat = TableFormat()
    id_columns: tuple[str, ...]

    def paths(self, spec: ChallengeSpec) -> dict[str, str]:
        """Return the list and the videos."""
        others = f" (or {', '.join(self.list[1:])})" if self.list[1:] else ""
        told = f"every row that a submission has to hold{others}"
        return {self.list[0]: told, **super().paths(spec)}

    def read(self, builder: ManifestBuilder) -> None:
        """Note every video that the list names, with its number of rows."""
        n_rows = Counter(row.partition("/")[0] for row in self.rows(builder))
        files = {path.stem: path for path in media_files(builder.root, self.extensions)}
        absent = [clip_id for clip_id in n_rows if clip_id not in files]
        if absent:
            builder.warnings.append(f"{len(absent)} videos have no file, e.g. {absent[0]}")
        for clip_id, count in n_rows.items():
            path = files.get(clip_id, builder.root / (clip_id + self.extensions[0]))
            builder.add(clip_id, path, "test", extra={"n_rows": str(count)})

    def rows(self, builder: ManifestBuilder) -> Iterable[str]:
        """Return the id of every row, in the order of the list."""
        path = first_file(builder.root, self.list)
        if path is None:
            builder.problems.add(f"no file {' or '.join(self.list)}")
            return []
        rows = [
            "/".join(row[column] for column in self.id_columns)
            for _, row in read_table(path, self.style, self.id_columns, builder)
        ]
        for row, count in Counter(rows).items():
            if count > 1:
                builder.problems.add(f"{builder.name(path)}: row {row!r} comes {count} times")
        return rows
