"""Tables with a time in every row: MuSe's segments, AVEC's recordings, anybody's own traces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from re import Pattern
from string import Formatter

import numpy as np
from pydantic import Field

from emotiw.challenges.manifest_builder import ManifestBuilder, all_files, first_file
from emotiw.challenges.reader import Reader
from emotiw.challenges.step_columns import StepColumns
from emotiw.challenges.text_table import TableFormat, read_table
from emotiw.core.clip import Split
from emotiw.core.config import Strict
from emotiw.core.errors import suggest
from emotiw.core.steps import Steps

ANSWER = "{answer}"  # in the name of a table: each answer has one of its own
WORDS: dict[str, Split] = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
    "dev": "val", "devel": "val", "development": "val", "test": "test",
}  # fmt: skip


class Partition(Strict):
    """A table of what is in which split.

    Attributes:
        table: names that it may have (``*`` as in a shell).
        style: how it is written; it has the columns ``id`` and ``partition``.
        of: template of the ``id`` that it lists.
    """

    table: tuple[str, ...]
    style: TableFormat = TableFormat(columns=("id", "partition"))
    of: str = "{id}"


@dataclass
class Moment:
    """What is asked at one time of a clip: its name, its time, and the cells of every answer."""

    name: str
    time_sec: float
    where: str
    cells: dict[str, str]


class TimeTables(Reader):
    """Tables whose rows have a time and answers; one for all clips, or one or more per clip.

    Templates may name the columns of a row, ``{stem}`` and ``{folder}`` of its table, the groups
    of ``pattern``, and the ``{id}``.

    Attributes:
        tables: names that the tables may have (``*`` as in a shell). Where each answer has tables
            of its own, ``{answer}`` stands for its name: they are joined by clip and time.
        style: how they are written; ARFF and Excel files have their own ways.
        pattern: regular expression of a table's stem, whose named groups templates may use.
        folders: by answer, what stands for ``{answer}``; its own name by default.
        id: template of the clip.
        group: template of what is kept together in cross-validation.
        split: template of the split, in any of the field's words; all clips train without it.
        partition: the table that has the splits, in place of ``split``.
        step: template of a row's name, unique in its clip; by default its time as it is written.
        time: the column with the time of a row; of two, begin and end, the middle is taken.
        unit_sec: seconds that a time of 1 means.
        tolerance_sec: by how much the times of two answers of one row may differ.
        answers: the columns with answers.
    """

    tables: tuple[str, ...]
    style: TableFormat = TableFormat()
    pattern: Pattern[str] | None = None
    folders: dict[str, str] = Field(default_factory=dict)
    id: str = "{clip_id}"
    group: str = ""
    split: str = ""
    partition: Partition | None = None
    step: str = ""
    time: tuple[str, ...] = ("time_sec",)
    unit_sec: float = 1.0
    tolerance_sec: float = 0.0
    answers: StepColumns = StepColumns()

    def read(self, builder: ManifestBuilder) -> None:
        """Note every clip of every table with its rows."""
        columns, splits = self._columns(builder), self._partition(builder)
        is_apart = any(ANSWER in name for name in self.tables)
        parts = {key: {key: name} for key, name in columns.items()} if is_apart else {"": columns}
        found: dict[str, dict[str, list[Moment]]] = defaultdict(lambda: defaultdict(list))
        about: dict[str, tuple[Split, str | None]] = {}
        for answer, own_columns in parts.items():
            for where, row in self._rows(builder, answer, list(own_columns.values())):
                clip_id = row["id"] = self._filled(self.id, row)
                split = self._split(builder, splits, row, where)
                moment = self._moment(builder, own_columns, row, where)
                if split is None or moment is None:
                    continue
                own = (split, self._filled(self.group, row) or None)
                if about.setdefault(clip_id, own) != own:
                    told = f"{about[clip_id]} elsewhere, {own} here"
                    builder.problems.add(f"{where}: split and group of {clip_id!r} are {told}")
                found[clip_id][answer].append(moment)
        files = self.media_by_stem(builder)
        absent = [clip_id for clip_id in found if clip_id not in files]
        if absent:
            builder.warnings.append(f"{len(absent)} clips have no file, e.g. {absent[0]}")
        for clip_id, tables in found.items():
            split, group = about[clip_id]
            moments = self._joined(builder, clip_id, tables)
            path, _ = self.media_of(builder, files, clip_id, clip_id)
            rows = [(moment.where, moment.cells) for moment in moments]
            plain = self.answers.model_copy(update={"targets": {}})
            steps = Steps(
                tuple(moment.name for moment in moments),
                np.array([moment.time_sec for moment in moments]),
                plain.read(builder, rows),
            )
            extra = {"n_rows": str(len(moments))}
            builder.add(clip_id, path, split, group=group, extra=extra, steps=steps)

    def expects(self) -> str:
        """Say which tables there should be."""
        return " or ".join(self.tables)

    def _columns(self, builder: ManifestBuilder) -> dict[str, str]:
        """Return the column of each answer."""
        spec = builder.spec
        keys = [*([self.answers.label] if spec.labels else []), *(t.name for t in spec.targets)]
        return dict(zip(keys, self.answers.names(builder), strict=True))

    def _rows(
        self, builder: ManifestBuilder, answer: str, columns: list[str]
    ) -> Iterator[tuple[str, dict[str, str]]]:
        stands = self.folders.get(answer, answer)
        names = [name.replace(ANSWER, stands) for name in self.tables]
        paths = all_files(builder.root, names)
        if not paths:
            builder.problems.add(f"no file {' or '.join(names)}")
        groups = list(self.pattern.groupindex) if self.pattern else []
        told = {"id", "stem", "folder", *groups}
        templates = (self.id, self.group, self.split, self.step)
        fields = [n for text in templates for _, n, _, _ in Formatter().parse(text) if n]
        needed = [n for n in dict.fromkeys([*fields, *self.time, *columns]) if n not in told]
        for path in paths:
            match = self.pattern.fullmatch(path.stem) if self.pattern else None
            if self.pattern and match is None:
                builder.warnings.append(f"{builder.name(path)}: not called like the other tables")
                continue
            own = {"stem": path.stem, "folder": path.parent.name}
            own |= match.groupdict("") if match else {}
            for line, row in read_table(path, self.style, needed, builder):
                yield f"{builder.name(path)}:{line}", {**row, **own}

    def _filled(self, template: str, row: Mapping[str, str]) -> str:
        return template.format(**row)

    def _partition(self, builder: ManifestBuilder) -> dict[str, str] | None:
        if self.partition is None:
            return None
        path = first_file(builder.root, self.partition.table)
        if path is None:
            builder.problems.add(f"no file {' or '.join(self.partition.table)}")
            return {}
        rows = read_table(path, self.partition.style, ("id", "partition"), builder)
        return {row["id"]: row["partition"] for _, row in rows}

    def _split(
        self,
        builder: ManifestBuilder,
        splits: Mapping[str, str] | None,
        row: Mapping[str, str],
        where: str,
    ) -> Split | None:
        word = self._filled(self.split, row) or "train"
        if splits is not None and self.partition is not None:
            key = self._filled(self.partition.of, row)
            if key not in splits:
                builder.problems.add(f"{where}: {key!r} is in no split{suggest(key, splits)}")
                return None
            word = splits[key]
        if word.lower() not in WORDS:
            builder.problems.add(f"{where}: unknown split {word!r}{suggest(word, WORDS)}")
            return None
        return WORDS[word.lower()]

    def _moment(
        self,
        builder: ManifestBuilder,
        columns: Mapping[str, str],
        row: Mapping[str, str],
        where: str,
    ) -> Moment | None:
        texts = [row[column] for column in self.time]
        try:
            time = sum(map(float, texts)) / len(texts) * self.unit_sec
        except ValueError:
            time = float("nan")
        if not np.isfinite(time):
            builder.problems.add(f"{where}: time {'/'.join(texts)!r} is not a number")
            return None
        name = self._filled(self.step, row) if self.step else "/".join(texts)
        return Moment(name, time, where, {key: row[column] for key, column in columns.items()})

    def _joined(
        self, builder: ManifestBuilder, clip_id: str, tables: Mapping[str, list[Moment]]
    ) -> list[Moment]:
        """Return the moments of a clip in time order, those of all answers joined."""
        first, *others = (sorted(each, key=lambda m: m.time_sec) for each in tables.values())
        joined = first
        n_apart = 0
        for moments in others:
            times = np.array([moment.time_sec for moment in joined])
            taken: set[int] = set()
            alone = []
            for moment in moments:
                nearest = int(np.abs(times - moment.time_sec).argmin())
                gap = abs(times[nearest] - moment.time_sec)
                if gap > self.tolerance_sec + 1e-9 or nearest in taken:
                    alone.append(moment)
                    continue
                taken.add(nearest)
                joined[nearest].cells |= moment.cells
            n_apart += len(alone) + len(joined) - len(taken)
            joined = sorted([*joined, *alone], key=lambda m: m.time_sec)
        if n_apart:
            builder.warnings.append(
                f"{clip_id}: {n_apart} rows have not every answer within {self.tolerance_sec:g} s"
            )
        nothing, names = dict.fromkeys(self._columns(builder), ""), set[str]()
        for moment in joined:
            moment.cells = nothing | moment.cells
            if moment.name in names:
                builder.problems.add(f"{moment.where}: {moment.name!r} of {clip_id!r} again")
            names.add(moment.name)
        return joined
