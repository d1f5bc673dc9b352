"""Layouts whose labels are in text files beside the clips: VGAF, EAT, engagement, MER, MELD."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from re import Pattern
from string import Formatter
from typing import Any

from pydantic import Field

from emotiw.challenges.manifest_builder import (
    ManifestBuilder,
    all_files,
    first_file,
    first_folder,
    media_files,
)
from emotiw.challenges.reader import Reader
from emotiw.challenges.spec import ChallengeSpec
from emotiw.challenges.split_files import Answers, SplitFiles
from emotiw.challenges.text_table import TableFormat, read_table
from emotiw.core.clip import TRANSCRIPT, Split
from emotiw.core.errors import suggest

Named = dict[str, list[Path]]


class Tables(Reader):
    """One text table per split; or lists of clips and one table of labels or targets.

    Attributes:
        splits: where each split is.
        style: how the tables are written.
        id: template of the clip id, from the columns and ``{split}``; an extension of a clip at
            its end is dropped.
        id_pattern: regular expression whose named groups add fields of the id to the columns.
        patterns: likewise by column, for the template of the id itself.
        file: template of the clip's file below its folder, with or without extension; the id by
            default.
        label: the column with the label.
        targets: column by target.
        shares: pairs of columns, the name of a target and its share; targets that a row doesn't
            name are 0, and one without a share is all of 100.
        group: template of what is kept together in cross-validation.
        extra: template by column of the manifest.
        transcript: the column with what is said, where the tables have it.
        answers: where they are in a table of their own.
        otherwise: options put over these, where none of these tables is there: another way in
            which the same clips are handed out.
    """

    version = "2"

    splits: dict[Split, SplitFiles]
    style: TableFormat = TableFormat()
    id: str
    id_pattern: Pattern[str] | None = None
    patterns: dict[str, Pattern[str]] = Field(default_factory=dict)
    file: str = ""
    label: str = ""
    targets: dict[str, str] = Field(default_factory=dict)
    shares: tuple[tuple[str, str], ...] = ()
    group: str = ""
    extra: dict[str, str] = Field(default_factory=dict)
    transcript: str = ""
    answers: Answers | None = None
    otherwise: dict[str, Any] | None = None

    def read(self, builder: ManifestBuilder) -> None:
        """Note every row of the tables, and the clips of splits that have none."""
        other = self._other_layout()
        if other is not None and not self._is_there(builder) and other._is_there(builder):
            other.read(builder)
            return
        answers = self._read_answers(builder)
        for split, where in self.splits.items():
            folder = first_folder(builder.root, where.clips)
            path = first_file(builder.root, where.table)
            no_folder = f"{split}: no folder {' or '.join(where.clips)}"
            if where.table and path is None:
                if not where.optional:
                    builder.warnings.append(f"{split}: no file {' or '.join(where.table)}")
            elif folder is None and path is not None:
                builder.problems.add(no_folder)
            elif folder is None:
                builder.warnings += [] if where.optional else [no_folder]
            elif path is None:
                for clip in media_files(folder, self.extensions):
                    if where.files is None or where.files.fullmatch(clip.stem):
                        builder.add(clip.stem, clip, split)
            else:
                self._read_split(builder, split, where, path, folder, answers)

    def expects(self) -> str:
        """Say which tables there should be."""
        return "; ".join(
            f"{split}: {' or '.join(where.table or where.clips)}"
            for split, where in self.splits.items()
        )

    def paths(self, spec: ChallengeSpec) -> dict[str, str]:
        """Return the table and the clips of every split, and the answers where they are apart."""
        found: dict[str, list[str]] = {}

        def note(names: Sequence[str], inside: str, told: str) -> None:
            if names:
                others = f" (or {', '.join(names[1:])})" if names[1:] else ""
                found.setdefault(f"{names[0]}{inside}", []).append(told + others)

        for split, where in self.splits.items():
            has_labels = where.labelled and self.answers is None
            note(
                where.table, "", f"{split}: {'labels of the clips' if has_labels else 'the clips'}"
            )
            note(where.clips, f"/{self.a_clip}", f"{split} clips")
        if self.answers is not None:
            note(self.answers.table, "", "labels or targets")
        return {path.removeprefix("./"): "; ".join(told) for path, told in found.items()}

    def _other_layout(self) -> Tables | None:
        if self.otherwise is None:
            return None
        return Tables(**{**self.model_dump(exclude={"otherwise"}), **self.otherwise})

    def _is_there(self, builder: ManifestBuilder) -> bool:
        return any(first_file(builder.root, where.table) for where in self.splits.values())

    def _read_split(
        self,
        builder: ManifestBuilder,
        split: Split,
        where: SplitFiles,
        path: Path,
        folder: Path,
        answers: Mapping[str, dict[str, str]] | None,
    ) -> None:
        inside = answers is None and where.labelled
        wanted = [*_fields(self.id), *_fields(self.file), *_fields(self.group)]
        wanted += [name for template in self.extra.values() for name in _fields(template)]
        wanted += [name for name in (self.label, *self.targets.values()) if name and inside]
        wanted += [name for pair in self.shares for name in pair if where.labelled]
        wanted += [*self.patterns, *where.rows]
        found = [pattern.groupindex for pattern in self.patterns.values()]
        parts = dict(self.id_pattern.groupindex) if self.id_pattern else {}
        parts |= {name: 0 for groups in found for name in groups}
        needed = [name for name in dict.fromkeys(wanted) if name != "split" and name not in parts]
        clips = media_files(folder, self.extensions)
        by_name, by_stem = self._by_name(clips, folder)
        used: set[Path] = set()
        absent: list[str] = []
        unfit: list[str] = []
        lone: list[str] = []
        first_place: dict[tuple[str, str], str] = {}
        paths = all_files(builder.root, where.table) if where.every else [path]
        for place, row in self._rows(builder, paths, where, needed):
            fields: dict[str, str] = {**row, "split": split}
            for column, pattern in self.patterns.items():
                told = pattern.fullmatch(row[column])
                fields |= told.groupdict("") if told else dict.fromkeys(pattern.groupindex, "")
                if told is None:
                    unfit.append(row[column])
            name = self.id.format(**fields)
            clip_id = self._without_extension(name)
            match = self.id_pattern.fullmatch(clip_id) if self.id_pattern else None
            if self.id_pattern and match is None:
                unfit.append(clip_id)
            if self.id_pattern:
                groups = self.id_pattern.groupindex
                fields |= match.groupdict("") if match else dict.fromkeys(groups, "")
            name = self.file.format(**fields) if self.file else name
            stem = self._without_extension(name)
            # of one stem there may be several files, each with a row that names its extension
            files = by_name.get(name) or by_stem.get(stem, [])
            file = files[0] if files else folder / (stem + self.extensions[0])
            first = first_place.setdefault((clip_id, file.name), place)
            if first != place:
                line = first.rpartition(":")[2]
                builder.problems.add(f"{place}: clip {clip_id!r} again, first on line {line}")
                continue
            if not files:
                absent.append(clip_id)
            if len(files) > 1:
                names = ", ".join(map(builder.name, files))
                builder.problems.add(f"{place}: clip {clip_id!r} has {len(files)} files: {names}")
            used.add(file)
            group = self.group.format(**fields)
            if self.group and not group and where.labelled:
                lone.append(clip_id)
            answer = fields if inside else (answers or {}).get(clip_id, {})
            if not answer and where.labelled:
                builder.problems.add(f"{place}: no label or target for clip {clip_id!r}")
                continue
            builder.add(
                clip_id,
                file,
                split,
                code=answer.get(self.label) if self.label else None,
                targets=self._targets(builder, answer, place),
                group=group or None,
                extra={
                    **{name: template.format(**fields) for name, template in self.extra.items()},
                    **({TRANSCRIPT: said} if (said := row.get(self.transcript)) else {}),
                },
                where=place,
            )
        self._report(builder, split, folder, absent, len(first_place), set(clips) - used)
        self._report_unfit(builder, split, unfit, len(first_place))
        if lone and not unfit:
            builder.warnings.append(
                f"{split}: {len(lone)} of {len(first_place)} clips have nothing in {self.group}, "
                f"e.g. {lone[0]}: nobody knows which of these clips belong together"
            )

    def _targets(
        self, builder: ManifestBuilder, answer: Mapping[str, str], place: str
    ) -> dict[str, str]:
        """Return the text of every number that a row tells."""
        told = {t: answer.get(column, "") for t, column in self.targets.items()}
        known = [target.name for target in builder.spec.targets]
        shares = {}
        for name, share in self.shares:
            if named := answer.get(name, ""):
                if named not in known:
                    hint = suggest(named, known)
                    builder.problems.add(f"{place}: {named!r} is none of {', '.join(known)}{hint}")
                shares[named] = answer.get(share, "") or "100"
        return told | (dict.fromkeys(known, "0") | shares if shares else {})

    def _rows(
        self, builder: ManifestBuilder, paths: list[Path], where: SplitFiles, needed: list[str]
    ) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield file and line, and the fields, of every row that belongs to the split."""
        for path in paths:
            for line, row in read_table(path, self.style, needed, builder):
                if all(pattern.fullmatch(row[name]) for name, pattern in where.rows.items()):
                    yield f"{builder.name(path)}:{line}", row

    def _report(
        self,
        builder: ManifestBuilder,
        split: Split,
        folder: Path,
        absent: list[str],
        n_rows: int,
        spare: set[Path],
    ) -> None:
        where = builder.name(folder)
        if absent and len(absent) == n_rows:
            builder.problems.add(
                f"{split}: {where} has none of its {n_rows} clips, e.g. {absent[0]}"
            )
        elif absent:
            builder.warnings.append(
                f"{split}: {len(absent)} clips have no file in {where}, e.g. {absent[0]}"
            )
        known = {clip.path for clip in builder.clips}
        beside = sorted(path for path in spare - known)
        shared = sum(files.clips == self.splits[split].clips for files in self.splits.values()) > 1
        if beside and not shared:
            builder.warnings.append(
                f"{split}: {len(beside)} files of {where} are in no table, e.g. {beside[0].name}"
            )

    def _report_unfit(
        self, builder: ManifestBuilder, split: Split, unfit: list[str], n_rows: int
    ) -> None:
        asked = [self.id_pattern] if self.id_pattern else [*self.patterns.values()]
        pattern = ", ".join(one.pattern for one in asked)
        if unfit:
            builder.warnings.append(
                f"{split}: {len(unfit)} of {n_rows} ids don't fit {pattern}, e.g. "
                f"{unfit[0]}: nobody knows which of these clips belong together"
            )

    def _read_answers(self, builder: ManifestBuilder) -> dict[str, dict[str, str]] | None:
        if self.answers is None:
            return None
        path = first_file(builder.root, self.answers.table)
        if path is None:
            builder.problems.add(f"no file {' or '.join(self.answers.table)}")
            return {}
        columns = [name for name in (self.label, *self.targets.values()) if name]
        needed = [*_fields(self.answers.id), *columns]
        return {
            self._without_extension(self.answers.id.format(**row)): row
            for _, row in read_table(path, self.answers.style, needed, builder)
        }

    def _by_name(self, clips: Sequence[Path], folder: Path) -> tuple[Named, Named]:
        """Return files by name, and those of the best extension by stem; also below the folder."""
        by_name: Named = {}
        by_stem: Named = {}
        for path in sorted(clips, key=self.rank_of):
            below = path.relative_to(folder)
            for name in {path.name, below.as_posix()}:
                by_name.setdefault(name, []).append(path)
            for stem in {path.stem, below.with_suffix("").as_posix()}:
                same = by_stem.setdefault(stem, [])
                if not same or same[0].suffix.lower() == path.suffix.lower():
                    same.append(path)
        return by_name, by_stem

    def _without_extension(self, name: str) -> str:
        path = Path(name)
        return name[: -len(path.suffix)] if path.suffix.lower() in self.extensions else name


def _fields(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name]
