"""Where the names of clips may say who speaks: patterns, and how many clips each explains."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

TITLES = (
    *("speaker", "spkr", "spk", "actress", "actor", "subject", "subj", "sub", "participant"),
    *("person", "patient", "performer", "talker", "child", "user"),
)
NAMED = re.compile(rf"(?i)(?<![a-z])({'|'.join(TITLES)})([-_ ]?)\d+(?!\d)")
MARKS = r"_. -"  # between the parts of a name
MOST_GROUPS = 0.5  # of the clips


@dataclass(frozen=True)
class SpeakerPattern:
    """A pattern that may find the speaker in a clip's path.

    Attributes:
        pattern: regular expression, as ``group_pattern`` takes it.
        n_clips: that it fits.
        groups: that it finds.
        is_named: whether the names say themselves that it is a speaker (``spk03``, ``Actor_12``).
    """

    pattern: str
    n_clips: int
    groups: tuple[str, ...]
    is_named: bool

    def told(self, n_clips: int) -> str:
        """Return it in words, of so many clips."""
        some = ", ".join(self.groups[:3]) + (", …" if len(self.groups) > 3 else "")
        return f"{self.n_clips} of {n_clips} clips, {len(self.groups)} ({some})"


def speaker_patterns(
    names: Sequence[str], known: Collection[str] = frozenset()
) -> list[SpeakerPattern]:
    r"""Return the patterns that fit names of clips, the likeliest first.

    Args:
        names: paths below the root, without extensions.
        known: parts of names that mean something else: labels and splits, in lower case.

    Examples:
        >>> names = ["happy/spk01_a", "sad/spk01_b", "happy/spk02_a", "sad/spk02_b"]
        >>> found = speaker_patterns(names, {"happy", "sad"})
        >>> found[0].pattern, found[0].groups, found[0].is_named
        ('(?i)(?<![a-z])(spk\\d+)', ('spk01', 'spk02'), True)
        >>> [found.groups for found in speaker_patterns(["anna_1", "anna_2", "ben_1", "ben_2"])]
        [('anna', 'ben'), ('1', '2')]
    """
    titles = Counter(
        (match[1].lower(), match[2]) for name in names for match in NAMED.finditer(name)
    )
    found = []
    for (title, mark), _ in titles.most_common(3):
        found.append(_fitted(rf"(?i)(?<![a-z])({title}{re.escape(mark)}\d+)", names, True))
    n_parts = max((len(re.split(rf"[{MARKS}]+", _stem(name))) for name in names), default=0)
    for place in range(min(n_parts, 8)):
        part, mark = rf"[^/{MARKS}]+", rf"[{MARKS}]+"
        skipped = rf"(?:{part}{mark}){{{place}}}" if place else ""
        found.append(_fitted(rf"(?:^|/){skipped}({part})[^/]*$", names, False))
    depth = min((name.count("/") for name in names), default=0)
    for place in range(depth):
        skipped = rf"(?:[^/]+/){{{place}}}" if place else ""
        found.append(_fitted(rf"^{skipped}([^/]+)/", names, False))
    usable = [one for one in found if _is_usable(one, known)]
    usable.sort(key=lambda one: -one.n_clips if one.is_named else 0)  # named ones are before
    once: dict[tuple[str, ...], SpeakerPattern] = {}
    for one in usable:
        once.setdefault(one.groups, one)  # the same people by two patterns
    return list(once.values())


def _fitted(pattern: str, names: Sequence[str], is_named: bool) -> SpeakerPattern:
    matches = [match for match in (re.search(pattern, name) for name in names) if match]
    counts = Counter(match[1] for match in matches)
    groups = tuple(sorted(counts)) if min(counts.values(), default=0) > 1 or is_named else ()
    return SpeakerPattern(pattern, len(matches), groups, is_named)


def _is_usable(one: SpeakerPattern, known: Collection[str]) -> bool:
    few_enough = 2 <= len(one.groups) <= max(2, MOST_GROUPS * one.n_clips)
    return few_enough and not any(group.lower() in known for group in one.groups)


def _stem(name: str) -> str:
    return name.rpartition("/")[2]
