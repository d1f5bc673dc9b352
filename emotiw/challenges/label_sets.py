"""From words that stand for labels in a folder or a table to the labels of a challenge."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from emotiw.challenges.folder_words import EDGES, label_of_word
from emotiw.core.label_names import SYNONYMS

# a word of each vocabulary that is known: enough for any of its spellings to be found
VOCABULARY = tuple(min(words, key=lambda word: (-len(word), word)) for words in SYNONYMS)


@dataclass(frozen=True)
class LabelSet:
    """The labels of one's own clips.

    Attributes:
        labels: in class order, spelt as most clips have them.
        merged: the spellings of labels that have several.
        strange: labels of no known vocabulary.
    """

    labels: tuple[str, ...]
    merged: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    strange: tuple[str, ...] = ()


def label_set(words: Iterable[str]) -> LabelSet:
    """Return the labels that words stand for, one word per clip.

    Examples:
        >>> label_set(["anger", "ANG", "anger", "tense"])
        LabelSet(labels=('anger', 'tense'), merged={'anger': ('ANG', 'anger')}, strange=('tense',))
        >>> label_set(["10", "9"]).labels
        ('9', '10')
    """
    counts = Counter(words)
    same: dict[str, list[str]] = {}
    for word, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0].isupper(), pair[0])):
        same.setdefault(label_of_word(word, VOCABULARY) or word.lower(), []).append(word)
    plain = {key: EDGES.sub("", spelt[0]) or spelt[0] for key, spelt in same.items()}
    if len(set(plain.values())) < len(plain):  # class_1, class_2
        plain = {key: spelt[0] for key, spelt in same.items()}
    return LabelSet(
        tuple(sorted(plain.values(), key=_order)),
        {plain[key]: tuple(sorted(spelt)) for key, spelt in same.items() if len(spelt) > 1},
        tuple(sorted(plain[key] for key in same if key not in VOCABULARY)),
    )


def _order(label: str) -> tuple[float, str]:
    number = re.fullmatch(r"-?\d+(\.\d+)?", label)
    return (float(label) if number else float("inf"), label.lower())
