"""One video, photograph or recording, as every stage knows it."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from emotiw.core.errors import suggest
from emotiw.core.several import Truth, is_known

Split = Literal["train", "val", "test", "unlabelled"]
UNLABELLED: Literal["unlabelled"] = "unlabelled"  # to learn from; nothing is asked of it
NO_LABEL = frozenset({"test", UNLABELLED})  # whose clips lie in no label's folder
CORPUS = "corpus"  # the column of a manifest that says where a clip comes from
TRANSCRIPT = "transcript"  # that which says what is said in it
SPLITS: tuple[str, ...] = get_args(Split)


@dataclass(frozen=True)
class Clip:
    """One clip of a challenge.

    Attributes:
        clip_id: the challenge's own name for it; never an integer (``000143240`` keeps its zeros).
        path: the file; ``Path()`` where nothing but scores is known of the clip.
        split: ``train``, ``val``, ``test``, or ``unlabelled``: not asked for, judged or handed in.
        label: one of the challenge's labels; None where unknown, and always None in a test clip.
        target: a number instead of a label, in regression tasks.
        answers: what stands for both where several answers are asked for, None where one is
            unknown; see :class:`emotiw.core.several.Several`.
        group: the speaker or source video, kept together in cross-validation;
            None where nobody knows, and then the clip stands for itself.
        fold: the published fold of cross-validation that holds this clip out, if there is one.
        content: the sha256 of its bytes; empty where it has not been read.
        extra: further columns of the manifest, kept as text (``speaker``, ``gender``, …).
    """

    clip_id: str
    path: Path
    split: Split
    label: str | None = None
    target: float | None = None
    group: str | None = None
    fold: int | None = None
    content: str = ""
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    answers: tuple[str | float | None, ...] = ()

    @property
    def truth(self) -> Truth | None:
        """Its label, its target or its answers; None where none is known."""
        if self.answers:
            return self.answers if any(map(is_known, self.answers)) else None
        return self.label if self.label is not None else self.target

    @property
    def corpus(self) -> str:
        """Which of several corpora it comes from; empty where there is one alone."""
        return self.extra.get(CORPUS, "")


def split_counts(splits: Iterable[str]) -> dict[str, int]:
    """Return the number of clips in every split; of unlabelled ones only where there are any."""
    counts = Counter(splits)
    return {split: counts[split] for split in SPLITS if counts[split] or split != UNLABELLED}


def told_of_splits(counts: Mapping[str, int]) -> str:
    """Return how many clips every split has, as every text says it.

    Examples:
        >>> told_of_splits({"train": 1200, "val": 0, "test": 300})
        '1200 train, 0 val, 300 test'
    """
    return ", ".join(f"{n} {split}" for split, n in counts.items())


ODD = {"\n": "a line break", "\t": "a tab", "\\": "a backslash", "/": "a slash"}
KEPT_APART = {"extra", "answers"}  # they have columns of their own
COLUMNS = tuple(each.name for each in fields(Clip) if each.name not in KEPT_APART)  # of any table


def id_problem(clip_id: str) -> str:
    r"""Return why a text can't be a clip's id, which names files and stands in tables.

    Examples:
        >>> id_problem("000143240"), id_problem("a\tb"), id_problem("caf\udce9")
        ('', 'it holds a tab', 'it holds bytes that are not UTF-8')
    """
    if not clip_id or clip_id in {".", ".."}:
        return "it names nothing"
    odd = next((c for c in clip_id if c in "/\\" or not c.isprintable()), None)
    if odd is None:
        return ""
    if unicodedata.category(odd) == "Cs":  # what Python makes of them
        return "it holds bytes that are not UTF-8"
    name = unicodedata.name(odd, "control code")
    return f"it holds {ODD.get(odd) or f'U+{ord(odd):04X} ({name.lower()})'}"


def escaped(name: str) -> str:
    r"""Return a name with what can't be shown, and the backslash, as Python writes them.

    Two names never look alike, and the text is valid UTF-8.

    Examples:
        >>> print(escaped("new\nline"), escaped("caf\udce9"), escaped("日本"))
        new\nline caf\udce9 日本
    """
    return "".join(c if c.isprintable() and c != "\\" else repr(c)[1:-1] for c in name)


def clip_problems(clip: Clip, labels: tuple[str, ...] | None) -> Iterator[str]:
    """Yield what is wrong with one clip: its id, its split, its label."""
    clip_id = clip.clip_id
    if not clip_id:
        yield f"empty clip id ({clip.path})"
    elif clip.path != Path() and (problem := id_problem(clip_id)):
        yield f"clip id {clip_id!r} can't name a file: {problem}"
    if clip.split not in SPLITS:
        yield (
            f"clip {clip_id!r}: unknown split {clip.split!r}{suggest(clip.split, SPLITS)} "
            f"(expected one of {', '.join(SPLITS)})"
        )
    if clip.target is not None and not math.isfinite(clip.target):
        yield f"clip {clip_id!r}: target {clip.target} is not a finite number"
    if labels is not None and clip.label is not None and clip.label not in labels:
        yield (
            f"clip {clip_id!r}: unknown label {clip.label!r}{suggest(clip.label, labels)} "
            f"(expected one of {', '.join(labels)})"
        )
