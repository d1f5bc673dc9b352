"""What the names of folders and the cells of tables say: splits and labels in any spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from emotiw.core.clip import Split
from emotiw.core.label_names import translated

SPLIT_WORDS: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "devel", "development"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
    **dict.fromkeys(("unlabelled", "unlabeled"), "unlabelled"),
}
BESIDE_A_SPLIT = {
    *("set", "split", "data", "clip", "clips", "video", "videos", "vid", "image", "images"),
    *("photo", "photos", "audio", "wav", "wavs", "files", "samples", "part", "partition", "subset"),
}
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
SHORTEST = 3  # letters: "di" and "su" are labels in tables, but folders of anything


@dataclass(frozen=True)
class Place:
    """What the folders above a clip say of it.

    Attributes:
        splits: named by them; more than one contradict each other.
        labels: likewise.
        others: the folders that say neither.
    """

    splits: tuple[Split, ...] = ()
    labels: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def words_of(text: str) -> list[str]:
    """Return the words in a name, in lower case.

    Examples:
        >>> words_of("EmotionLabel 2"), words_of("test_videos")
        (['emotion', 'label'], ['test', 'videos'])
    """
    return [word.lower() for word in WORD.findall(text)]


def split_of_word(text: str) -> Split | None:
    """Return the split that a name means, or None.

    Examples:
        >>> split_of_word("Validation"), split_of_word("TEST_set"), split_of_word("test_subject_3")
        ('val', 'test', None)
    """
    words = [word for word in words_of(text) if word not in BESIDE_A_SPLIT]
    found = {SPLIT_WORDS.get(word) for word in words}
    return found.pop() if len(found) == 1 else None


def split_folders(names: Iterable[str]) -> tuple[dict[str, Split], list[str]]:
    """Return the split of each folder that means one, and those that might.

    What stands beside ``train`` may be anything, as long as ``val`` or ``test`` stands beside the
    same: one ``test_subject_3`` alone is a subject of a test.

    Examples:
        >>> split_folders(["Train_AFEW", "Val_AFEW", "test", "test_subject_3", "happy"])
        ({'Train_AFEW': 'train', 'Val_AFEW': 'val', 'test': 'test'}, ['test_subject_3'])
    """
    kinds: dict[tuple[str, ...], dict[str, Split]] = {}
    for name in sorted(set(names)):
        words = [word for word in words_of(name) if word not in BESIDE_A_SPLIT]
        found = {SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS}
        if len(found) == 1:
            beside = tuple(word for word in words if word not in SPLIT_WORDS)
            kinds.setdefault(beside, {})[name] = found.pop()
    sure = {beside for beside, split_of in kinds.items() if len(set(split_of.values())) > 1}
    splits, doubtful = dict[str, Split](), list[str]()
    for beside, split_of in kinds.items():
        if not beside or beside in sure:
            splits |= split_of
        else:
            doubtful += split_of
    return splits, doubtful


def label_of_word(text: str, labels: Sequence[str]) -> str | None:
    """Return the label that the name of a folder means, or None; numbers around it don't matter.

    Examples:
        >>> label_of_word("anger", ("Angry", "Sad")), label_of_word("03 - joy", ("Happy", "Sad"))
        ('Angry', 'Happy')
        >>> label_of_word("an", ("Angry", "Happy")) is None
        True
    """
    if text in labels:
        return text
    word = EDGES.sub("", text)
    return translated(word, labels) if len(word) >= SHORTEST else None


def place_of(folders: Sequence[str], labels: Sequence[str], split_of: Mapping[str, Split]) -> Place:
    """Return what the folders between a root and a clip say of it.

    Args:
        folders: their names.
        labels: of the challenge.
        split_of: the split of each that means one.

    Examples:
        >>> place_of(("Train", "anger"), ("Angry", "Happy"), {"Train": "train"})
        Place(splits=('train',), labels=('Angry',), others=())
    """
    splits, found, others = dict[Split, None](), dict[str, None](), []
    for name in folders:
        label = label_of_word(name, labels)
        split = None if label else split_of.get(name)
        if label is not None:
            found[label] = None
        elif split is not None:
            splits[split] = None
        else:
            others.append(name)
    return Place(tuple(splits), tuple(found), tuple(others))
