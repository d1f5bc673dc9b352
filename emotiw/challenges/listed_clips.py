"""The table that says what the clips beside it are: which one, its columns, whose row is whose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from emotiw.challenges.found_table import FoundTable, read_found_table, tables_in
from emotiw.challenges.manifest_builder import ManifestBuilder
from emotiw.challenges.table_columns import ClipFinder, TableColumns, guessed_columns, without_names
from emotiw.core.errors import ManifestError

NONE = "none"
START = "`emotiw start FOLDER` asks, and writes down what is meant"


@dataclass(frozen=True)
class Said:
    """What a table says of one clip; empty where it says nothing.

    Attributes:
        where: file and line.
        name: what it calls the clip.
        by_role: its cells by what they say, as :class:`TableColumns` names it.
    """

    where: str = ""
    name: str = ""
    by_role: Mapping[str, str] = field(default_factory=dict)

    def get(self, role: str) -> str:
        """Return a cell, or nothing."""
        return self.by_role.get(role, "")


def said_of_clips(
    builder: ManifestBuilder, finder: ClipFinder | None, asked: str | None, given: TableColumns
) -> list[Said]:
    """Return what the table beside the clips says of each; what can't be told is a problem.

    Args:
        builder: of the folder.
        finder: of its clips; None where the table is all there is of them.
        asked: name of the table; the one that lists the clips where None.
        given: its columns, where these are known.
    """
    if asked == NONE:
        return []
    path = None if asked is None else builder.root / asked
    if path is not None and not path.is_file():
        builder.problems.add(f"no table {path.absolute()}")
        return []
    found = []
    for each in [path] if path is not None else tables_in(builder.root, builder.warnings):
        try:
            table = read_found_table(each)
        except ManifestError as error:
            builder.problems.add(
                f"{error}\n    mend it, or say data: {{options: {{table: {NONE}}}}}"
            )
            continue
        columns = _columns(builder, table, finder, given, is_asked=path is not None)
        if columns is not None:
            found.append((table, columns))
    if len(found) > 1:
        names = ", ".join(table.path.name for table, _ in found)
        builder.problems.add(
            f"{len(found)} tables list the clips ({names}): say which one by "
            f"data: {{options: {{table: NAME}}}}, or 'table: {NONE}'"
        )
    if len(found) != 1:
        return []
    ((table, columns),) = found
    roles = columns.named()
    listed = ", ".join(f"{role} from {name!r}" for role, name in roles.items())
    builder.warnings += table.notes
    if columns != given:  # some were told by nothing but their names and cells
        builder.warnings.append(f"{table.path.name}: {listed}")
    return [
        Said(
            f"{table.path.name}:{line}",
            row[columns.file],
            {role: row[name] for role, name in roles.items()},
        )
        for line, row in table.rows
    ]


def said_by_file(
    builder: ManifestBuilder, finder: ClipFinder, rows: list[Said]
) -> dict[Path, Said]:
    """Return the row of each file; a row of several files, or several of one, is a problem."""
    by_file: dict[Path, Said] = {}
    absent = []
    for said in rows:
        files = finder.find(said.name)
        if not files:
            absent.append(said.name)
        elif len(files) > 1:
            names = ", ".join(map(builder.name, files))
            builder.problems.add(f"{said.where}: {said.name!r} may be {len(files)} files: {names}")
        elif files[0] in by_file:
            first = by_file[files[0]].where
            builder.problems.add(f"{said.where}: {said.name!r} again, first in {first}")
        else:
            by_file[files[0]] = said
    if absent:
        builder.warnings.append(f"{len(absent)} rows of the table have no file, e.g. {absent[0]!r}")
    if any(finder.lost_zeros(said.name) for said in rows):
        builder.warnings.append(
            "numbers in the table have lost their zeros, as spreadsheets lose them: matched without"
        )
    return by_file


def _columns(
    builder: ManifestBuilder,
    table: FoundTable,
    finder: ClipFinder | None,
    given: TableColumns,
    *,
    is_asked: bool,
) -> TableColumns | None:
    """Return the columns of a table that is about the clips, or None; note what isn't clear."""
    name, known = table.path.name, given.named()
    for column in sorted(set(known.values()) - set(table.columns)):
        builder.problems.add(f"{name}: no column {column!r} among {list(table.columns)}")
        return None
    columns, rivals = guessed_columns(table, finder, builder.spec.labels, given=known)
    if not columns.file and not is_asked:
        return None  # it is about something else
    if problem := without_names(columns, finder):
        builder.problems.add(f"{name}: {problem}")
        return None
    answer = "label" if builder.spec.task.is_label else "target"
    for role in ("file", answer):
        if getattr(columns, role) and role not in rivals:
            continue
        might = " and ".join(map(repr, rivals.get(role, table.columns)))
        builder.problems.add(
            f"{name}: which column holds the {role} is not clear ({might}): say data: {{options: "
            f"{{columns: {{{role}: NAME}}}}}}, or 'table: {NONE}' to read none; {START}"
        )
        return None
    return columns
