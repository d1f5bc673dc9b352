"""Which column of a table says what of the clips, told by its name and by its cells."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from emotiw.challenges.folder_words import split_of_word, words_of
from emotiw.challenges.found_table import FoundTable
from emotiw.core.config import Strict
from emotiw.core.label_names import translated

WORDS: dict[str, frozenset[str]] = {
    role: frozenset(words.split())
    for role, words in {
        "file": "file filename path clip clips clipid video videoid image photo picture audio wav "
        "id name stimulus recording",
        "label": "label labels emotion emotions emo class category expression mood sentiment "
        "affect",
        "target": "target valence arousal dominance engagement intensity rating score level value "
        "cohesion liking",
        "split": "split set partition usage subset",
        "group": "speaker speakers actor subject person participant performer talker patient child "
        "user group source subj spk",
        "fold": "fold",
        "transcript": "text transcript transcription utterance sentence",
    }.items()
}
FEWEST = 0.5  # of the rows that have to name a clip


class TableColumns(Strict):
    """The columns of a table of clips; empty where it has none.

    Attributes:
        file: the clip's file or id.
        label: its label.
        target: its number.
        split: train, val or test.
        group: its speaker or source video.
        fold: the fold that holds it out.
        transcript: what is said in it.
    """

    file: str = ""
    label: str = ""
    target: str = ""
    split: str = ""
    group: str = ""
    fold: str = ""
    transcript: str = ""

    def named(self) -> dict[str, str]:
        """Return the columns that there are, by what they say."""
        return {role: name for role, name in self.model_dump().items() if name}


class ClipFinder:
    """Finds a clip's file by what a table calls it.

    Folders above it, its extension, backslashes, case and the way accents are written may be there
    or not; what is exactly so goes before what is nearly, and where several files are meant all of
    them are returned.

    Examples:
        >>> finder = ClipFinder(Path("d"), [Path("d/a/001.mp4"), Path("d/b/002.mp4")])
        >>> [path.name for path in finder.find("C:\\\\data\\\\a\\\\001.MP4")]
        ['001.mp4']
        >>> finder.find("3"), [path.name for path in finder.find("2")]
        ([], ['002.mp4'])
    """

    def __init__(self, root: Path, paths: Iterable[Path]) -> None:
        self._by_name: dict[str, list[Path]] = {}
        self._by_number: dict[str, list[Path]] = {}
        for path in paths:
            below = PurePosixPath(_plain(path.relative_to(root).as_posix()))
            names = ("/".join(below.parts[i:]) for i in range(len(below.parts)))
            for name in names:
                self._by_name.setdefault(name, []).append(path)
                self._by_name.setdefault(name.removesuffix(below.suffix) + "\0", []).append(path)
            if below.stem.isdecimal():
                self._by_number.setdefault(below.stem.lstrip("0"), []).append(path)

    def find(self, cell: str) -> list[Path]:
        """Return the files that a cell may mean."""
        return self._named(cell) or self._numbered(cell)

    def lost_zeros(self, cell: str) -> bool:
        """Return whether a clip is found only by the number that its name is."""
        return not self._named(cell) and bool(self._numbered(cell))

    def _named(self, cell: str) -> list[Path]:
        parts = [part for part in cell.strip().replace("\\", "/").split("/") if part != "."]
        for i in range(len(parts)):
            written = "/".join(parts[i:])
            name = _plain(written)
            if found := self._by_name.get(name) or self._by_name.get(name + "\0"):
                ends = [(path.as_posix(), path.with_suffix("").as_posix()) for path in found]
                exact = [any(end.endswith(written) for end in both) for both in ends]
                return [path for path, is_so in zip(found, exact, strict=True) if is_so] or found
        return []

    def _numbered(self, cell: str) -> list[Path]:
        return self._by_number.get(cell.strip().lstrip("0"), []) if cell.strip() else []


def _plain(name: str) -> str:
    """Return a name in lower case, and its accents in one of the ways that they can be written."""
    return unicodedata.normalize("NFC", name).lower()


def guessed_columns(
    table: FoundTable,
    finder: ClipFinder | None,
    labels: Sequence[str],
    *,
    given: Mapping[str, str] | None = None,
) -> tuple[TableColumns, dict[str, list[str]]]:
    """Return what the columns seem to say, and the columns that might as well say it.

    Args:
        table: any.
        finder: of the clips; None where there are no media, and ids are told by their name.
        labels: a vocabulary: a column of its words holds labels, whatever its name.
        given: columns that are known, by what they say.

    Returns:
        The columns, the likeliest ones where several fit; and by role all that fit equally well,
        where these are several.
    """
    known = {role: name for role, name in (given or {}).items() if name}
    rivals: dict[str, list[str]] = {}
    for role in ("file", "split", "fold", "label", "target", "group", "transcript"):
        if role in known or (role == "target" and "label" in known):
            continue
        free = [name for name in table.columns if name and name not in known.values()]
        ranked = {name: _fit(role, name, table, finder, labels) for name in free}
        best = max(ranked.values(), default=0.0)
        fitting = [name for name, fit in ranked.items() if fit == best > 0]
        if fitting:
            known[role] = fitting[0]
        if len(fitting) > 1:
            rivals[role] = fitting
    return TableColumns(**known), rivals


def without_names(columns: TableColumns, finder: ClipFinder | None) -> str:
    """Return what is wrong where the first row of a table is that of a clip; else nothing."""
    first = columns.file
    if finder is None or first.lower() in WORDS["file"] or not finder.find(first):
        return ""
    return f"the first row has to name the columns, and names a clip, {first!r}"


def _fit(
    role: str, name: str, table: FoundTable, finder: ClipFinder | None, labels: Sequence[str]
) -> float:
    """Return how well a column fits a role; 0 for not at all."""
    cells = table.values(name)
    is_named = bool(WORDS[role] & set(words_of(name)))
    if not cells:
        return 0.0
    distinct = set(cells)
    if role == "file":
        if finder is None:
            return float(is_named and len(distinct) == len(table.rows))
        share = sum(bool(finder.find(cell)) for cell in cells) / len(table.rows)
        exact = not any(finder.lost_zeros(cell) for cell in cells)
        return share + is_named * exact + 0.5 * exact if share >= FEWEST else 0.0
    if role == "split":  # one that is called so is never left out: the reader refuses odd words
        known = [split_of_word(cell) is not None for cell in distinct]
        return float(all(known)) * (1 + is_named) or 0.5 * (is_named and any(known))
    if role == "fold":
        return float(is_named and all(cell.isdecimal() for cell in distinct))
    numbers = all(is_number(cell) for cell in distinct)
    if role == "label":
        spoken = {translated(cell, labels) for cell in distinct} - {None}
        is_vocabulary = not numbers and 2 * len(spoken) >= len(distinct) and len(spoken) > 1
        repeats = 1 < len(distinct) <= max(2, len(cells) // 2)
        return 2.0 * is_vocabulary + float(is_named and repeats and not _is_measured(distinct))
    if role == "transcript":
        return float(is_named and any(" " in cell for cell in distinct))
    if role == "target":
        return float(numbers and len(distinct) > 1 and is_named)
    return float(is_named)


def is_number(cell: str) -> bool:
    """Return whether a cell is a finite number."""
    try:
        return abs(float(cell)) < float("inf")
    except ValueError:
        return False


def _is_measured(cells: Iterable[str]) -> bool:
    """Return whether cells are numbers that no label would be."""
    return all(is_number(cell) for cell in cells) and not all(
        cell.lstrip("+-").isdecimal() for cell in cells
    )
