"""Where the labels or numbers of a folder's clips seem to stand: a table, or names of folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emotiw.challenges.folder_words import label_of_word, split_folders, words_of
from emotiw.challenges.found_table import FoundTable, read_found_table, tables_in
from emotiw.challenges.label_sets import VOCABULARY, LabelSet, label_set
from emotiw.challenges.speaker_patterns import NAMED
from emotiw.challenges.start_choices import Choices, Question
from emotiw.challenges.table_columns import (
    WORDS,
    ClipFinder,
    TableColumns,
    guessed_columns,
    is_number,
    without_names,
)
from emotiw.core.errors import ConfigError, ManifestError

MOST_LABELS = 20  # of folders that nobody called labels


@dataclass
class Answers:
    """The labels or numbers of a folder's clips, and where they are.

    Attributes:
        labels: in class order; none where numbers are asked, or nothing is known.
        target: the column with the numbers.
        limits: their smallest and largest.
        options: of the reader that finds them again.
        words: as the labels are written, in names.
        ids: what the table calls the clips.
        has_groups: whether it says who speaks.
        told: what was understood.
        doubts: what may be wrong.
        questions: what only a person can say.
    """

    labels: tuple[str, ...] = ()
    target: str = ""
    limits: tuple[float, float] = (0.0, 1.0)
    options: dict[str, Any] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    has_groups: bool = False
    told: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    @property
    def are_known(self) -> bool:
        """Whether there is anything to learn from."""
        return bool(self.labels or self.target)


def answers_of(root: Path, paths: Sequence[Path], choices: Choices) -> Answers:
    """Return where the labels or numbers of a folder's clips seem to stand.

    Args:
        root: the folder.
        paths: its media files; none where features are from elsewhere.
        choices: what a person has said of it.

    Raises:
        ConfigError: if a choice names a table or column that isn't there.
        ManifestError: if a table that is asked for can't be read.
    """
    found = Answers()
    finder = ClipFinder(root, paths) if paths else None
    if choices.table != "none" and choices.labels != "folders":
        tables = _tables(root, finder, choices, found)
        if len(tables) > 1:
            options = {t.path.name: ", ".join(t.columns) for t, _, _ in tables}
            text = "several tables list the clips: which one holds the labels?"
            found.questions.append(Question("table", text, {**options, "none": "none of them"}))
            return found
        if tables:
            _from_table(found, *tables[0], choices)
            return found
    if paths and choices.labels not in {None, "folders", "none"}:
        raise ConfigError(f"labels: no table of the clips has a column {choices.labels!r}")
    if paths and choices.labels != "none":
        _from_folders(found, root, paths, choices)
    return found


def _tables(
    root: Path, finder: ClipFinder | None, choices: Choices, found: Answers
) -> list[tuple[FoundTable, TableColumns, Mapping[str, list[str]]]]:
    if choices.table is not None and not (root / choices.table).is_file():
        raise ConfigError(f"no table {(root / choices.table).absolute()}")
    usable: list[tuple[FoundTable, TableColumns, Mapping[str, list[str]]]] = []
    unclear: list[FoundTable] = []
    for path in [root / choices.table] if choices.table else tables_in(root, found.doubts):
        try:
            table = read_found_table(path)
        except ManifestError as error:
            if choices.table:
                raise
            found.doubts.append(f"{path.name} is not understood: {str(error).splitlines()[-1]}")
            continue
        given = {} if choices.labels is None else {"label": choices.labels}
        if choices.labels is not None and choices.labels not in table.columns:
            continue
        columns, rivals = guessed_columns(table, finder, VOCABULARY, given=given)
        if problem := without_names(columns, finder):
            raise ManifestError(f"{path}: {problem}")
        if columns.file and (columns.label or columns.target):
            usable.append((table, columns, rivals))
        elif columns.file and finder is not None:
            unclear.append(table)
        elif finder is not None and (columns.label or columns.target):
            found.doubts.append(f"{path.name} is not used: none of its columns names the clips")
    if not usable:
        for table in unclear:
            found.doubts.append(
                f"{table.path.name} lists the clips, but no column seems to hold labels: "
                f"--labels COLUMN ({', '.join(table.columns)})"
            )
            found.options["table"] = "none"
    return usable


def _from_table(
    found: Answers,
    table: FoundTable,
    columns: TableColumns,
    rivals: Mapping[str, list[str]],
    choices: Choices,
) -> None:
    name = table.path.name
    role = "label" if columns.label else "target"
    if role in rivals:
        text = f"{name}: several columns might be what is asked: which one is?"
        options = {column: _some(table, column) for column in rivals[role]}
        found.questions.append(Question("labels", text, options, default=rivals[role][0]))
        return
    answer = columns.label or columns.target
    cells = table.values(answer)
    are_numbers = all(map(is_number, cells))
    is_scale = role == "target" or not all(cell.lstrip("+-").isdecimal() for cell in cells)
    if role == "label" and are_numbers and not is_scale and choices.task is None:
        roles = {"labels": "label", "numbers": "target"}
        named = [task for task, r in roles.items() if WORDS[r] & set(words_of(answer))]
        default = named[0] if len(named) == 1 else None
        options = {"labels": "labels that have numbers for names", "numbers": "levels of a scale"}
        text = f"{name}: what are the numbers in {answer!r} ({_some(table, answer)})?"
        found.questions.append(Question("task", text, options, default=default))
        return
    is_target = choices.task == "numbers" or (choices.task is None and are_numbers and is_scale)
    if is_target and not are_numbers:
        raise ConfigError(f"{name}: column {answer!r} holds no numbers: {_some(table, answer)}")
    used = columns.model_dump() | {"label": "", "target": ""}
    used["target" if is_target else "label"] = answer
    found.options |= {"table": name, "columns": {r: column for r, column in used.items() if column}}
    found.ids = tuple(table.values(columns.file))
    found.has_groups = bool(columns.group)
    found.doubts += table.notes
    said = ", ".join(f"{r} from {column!r}" for r, column in used.items() if column)
    found.told.append(f"{name}: {said}")
    if "group" in rivals:
        others = " or ".join(rivals["group"][1:])
        found.doubts.append(f"{name}: speakers are {columns.group!r}; might be {others} as well")
    if unused := [c for c in table.columns if c and c not in used.values()]:
        shown = ", ".join(unused[:8]) + (", …" if len(unused) > 8 else "")
        found.doubts.append(f"{name}: not used: {shown}")
    if is_target:
        numbers = [float(cell) for cell in cells]
        found.target, found.limits = answer, (min(numbers), max(numbers))
        found.told.append(f"{answer}: from {min(numbers):g} to {max(numbers):g}")
    else:
        _take_labels(found, label_set(cells))


def _from_folders(found: Answers, root: Path, paths: Sequence[Path], choices: Choices) -> None:
    folders = [path.parent.relative_to(root).parts for path in paths]
    split_of, _ = split_folders(name for parts in folders for name in parts)
    above = [[part for part in parts if part not in split_of] for parts in folders]
    spoken = Counter(
        depth
        for parts in above
        for depth, part in enumerate(parts)
        if label_of_word(part, VOCABULARY)
    )
    if spoken:
        depth = spoken.most_common(1)[0][0]
    elif choices.labels == "folders":
        depth = max((len(parts) for parts in above), default=0) - 1
    else:
        names = {parts[-1] for parts in above if parts}
        names = {name for name in names if not NAMED.search(name)}
        if 2 <= len(names) <= MOST_LABELS:
            _ask_of_folders(found, names)
        return
    words = [parts[depth] for parts in above if len(parts) > depth >= 0]
    if not words:
        return
    known = label_set(words)
    if choices.labels is None and 2 * len(known.strange) > len(known.labels):
        _ask_of_folders(found, set(words))  # Joy may be a name, as those beside it are
        return
    found.told.append(f"labels from the names of folders: {', '.join(known.labels)}")
    if known.strange and len(known.strange) < len(known.labels):
        found.doubts.append(
            f"folders beside them are taken for labels too: {', '.join(known.strange)}"
        )
    _take_labels(found, known)


def _ask_of_folders(found: Answers, names: Collection[str]) -> None:
    some = ", ".join(sorted(names)[:5]) + (", …" if len(names) > 5 else "")
    text = f"the folders {some} might be labels, or speakers, or sessions: what are they?"
    options = {"folders": "labels", "none": "no labels"}
    found.questions.append(Question("labels", text, options))


def _take_labels(found: Answers, known: LabelSet) -> None:
    if len(known.labels) < 2:
        found.doubts.append(f"only one label, {', '.join(known.labels)}: nothing can be learnt")
        return
    found.labels = known.labels
    found.words = (*known.labels, *(word for words in known.merged.values() for word in words))
    for label, spelt in known.merged.items():
        found.doubts.append(f"{' and '.join(spelt)} are taken for one label, {label}")


def _some(table: FoundTable, column: str) -> str:
    values = list(dict.fromkeys(table.values(column)))
    return ", ".join(values[:4]) + (", …" if len(values) > 4 else "")
