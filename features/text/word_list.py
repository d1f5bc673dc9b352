"""Values of words out of a list of the user's own: valence and arousal, or categories."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from emotiw.core.csv_rows import read_frame
from emotiw.core.errors import ConfigError, Problems, TableError
from emotiw.core.feature_table import FeatureArray, FeatureSpec
from emotiw.core.files import sha256_of
from emotiw.core.own_modules import folder_in_use
from features.text.text_extractor import SOURCE, TextExtractor, TextOptions
from features.text.tokens import is_punctuation, tokens_of
from features.text.transcript import Transcript, times_of

WORD = ("word", "words", "term", "token", "lemma", "entry")
ANY_END = "*"
FOUND = "share_of_words"
Values = npt.NDArray[np.float64]


class WordListOptions(TextOptions):
    """Options of word lists, and where transcripts come from.

    Attributes:
        path: a table with a column ``word`` and columns of numbers, say ``valence`` and
            ``arousal``; beside the recipe, or where the command is run. A word that ends in ``*``
            stands for all that begin so; one may be several words.
        values: the columns to take; all of them by default.
        rows: a row per ``clip``, or per ``segment`` of its transcript.
    """

    path: Path
    values: tuple[str, ...] | None = None
    rows: Literal["clip", "segment"] = "clip"


class WordList(TextExtractor):
    """Means over the words that are in a list, and the share of words that are.

    The longest entry that fits counts. Punctuation is no word, unless it is in the list. A row
    without any word of the list is not present; nor is one where a column has no value for any of
    its words.
    """

    Options = WordListOptions
    version: ClassVar[str] = "2"
    nothing: ClassVar[str] = "no word that is in the list"
    speed_options: ClassVar[frozenset[str]] = SOURCE | {"path"}  # its bytes are in the fingerprint

    def __init__(self, name: str, options: WordListOptions) -> None:
        super().__init__(name, options)
        self._path = _found(name, options.path)
        self._entries, columns = _read(self._path, options.values)
        self._longest = max((entry.count(" ") + 1 for entry in self._entries), default=1)
        unit: Any = options.rows
        self.spec = FeatureSpec(name, (len(columns) + 1,), unit, columns=(*columns, FOUND))

    @cached_property
    def weights_fingerprint(self) -> str:
        """The sha256 of the list."""
        return sha256_of(self._path)

    def measure(self, said: Transcript) -> FeatureArray:
        """Return one row, or one per segment."""
        if self.options.rows == "clip":
            return FeatureArray.finite(self._row(said.text)[None])
        rows = np.array([self._row(segment.text) for segment in said.segments])
        return FeatureArray.finite(rows, times_of(said, [1] * len(rows), len(rows)))

    def _row(self, text: str) -> Values:
        words = tokens_of(text)
        found: list[Values] = []
        n_found = n_words = at = 0
        while at < len(words):
            n, values = self._entry_at(words, at)
            if values is not None:
                found.append(values)
                n_found += n
            if values is not None or not is_punctuation(words[at]):
                n_words += n
            at += n
        if not found:
            return np.full(self.spec.dim, np.nan)
        rows = np.array(found)
        is_known = ~np.isnan(rows)
        with np.errstate(invalid="ignore"):
            means = np.where(is_known, rows, 0).sum(axis=0) / is_known.sum(axis=0)
        return np.append(means, n_found / n_words)

    def _entry_at(self, words: list[str], at: int) -> tuple[int, Values | None]:
        """Return how many words an entry takes from here on, and its values."""
        for n in range(min(self._longest, len(words) - at), 0, -1):
            text = " ".join(words[at : at + n])
            if text in self._entries:
                return n, self._entries[text]
            for end in range(len(text), text.rfind(" "), -1):  # an entry of as many words
                if (begin := text[:end] + ANY_END) in self._entries:
                    return n, self._entries[begin]
        return 1, None


def _found(name: str, path: Path) -> Path:
    beside = (folder_in_use() or Path()) / path
    found = next((each for each in (beside, path) if each.is_file()), None)
    if found is None:
        raise ConfigError(f"features.{name}.path: no word list {beside.absolute()}")
    return found


def _read(
    path: Path, wanted: tuple[str, ...] | None
) -> tuple[Mapping[str, Values], tuple[str, ...]]:
    """Return the values by entry, NaN where there is none, and the names of the columns."""
    names = list(map(str, read_frame(path).columns))
    word = next((name for name in names if name.strip().lower() in WORD), None)
    if word is None:
        raise TableError(f"{path}: none of the columns {names} is one of {', '.join(WORD)}")
    columns = wanted or tuple(name for name in names if name != word)
    if not columns:
        raise TableError(f"{path}: no column of values beside {word!r}")
    frame = read_frame(path, columns, numbers=columns)
    problems, entries = Problems(str(path)), dict[str, Values]()
    values = frame[list(columns)].to_numpy(np.float64)
    for line, text, own in zip(frame.index, frame[word], values, strict=True):
        plain = text.strip().removesuffix(ANY_END)
        entry = " ".join(tokens_of(plain)) + ANY_END * text.strip().endswith(ANY_END)
        if not plain or np.isinf(own).any():
            problems.add(f"line {line}: expected a word and numbers, got {text!r}, {own.tolist()}")
        elif entry in entries and not np.array_equal(entries[entry], own, equal_nan=True):
            problems.add(f"line {line}: {text!r} again, with other values")
        entries[entry] = own
    problems.raise_if_any(TableError)
    return entries, columns
