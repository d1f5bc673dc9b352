"""Which of the known challenges a folder may be of, by the names of its files and folders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from emotiw.challenges.class_folders import ClassFolders
from emotiw.challenges.file_names import FileNames
from emotiw.challenges.reading import reader_of
from emotiw.challenges.spec import load_spec, spec_names


def is_named_as(challenge: str, names: Sequence[str]) -> list[bool]:
    """Return which files are named as those of a challenge, which has to know its clips by name.

    Args:
        challenge: its spec's name.
        names: paths, without extensions.

    Examples:
        >>> is_named_as("ravdess", ["mine/03-01-05-01-02-01-24", "notes"])
        [True, False]
    """
    reader = reader_of(load_spec(challenge))
    if not isinstance(reader, FileNames):
        return [False] * len(names)
    pattern = re.compile(f"(?:^|/)(?:{reader.pattern})$")
    return [bool(pattern.search(name)) for name in names]


def fitting_names(names: Sequence[str]) -> dict[str, int]:
    """Return the challenges whose files are named like these, and how many of them are.

    Args:
        names: paths below the folder, without extensions.

    Examples:
        >>> fitting_names(["Actor_01/03-01-05-01-02-01-24", "notes"])
        {'ravdess': 1}
    """
    found = {name: sum(is_named_as(name, names)) for name in spec_names()}
    return {name: n_fitting for name, n_fitting in found.items() if n_fitting}


def fitting_folders(root: Path) -> list[str]:
    """Return the challenges whose folders of training and validation clips are called like these.

    Several may be, and so may anybody's clips.
    """
    here = {path.name for path in root.iterdir() if path.is_dir()}
    found = []
    for name in spec_names():
        reader = reader_of(load_spec(name))
        if isinstance(reader, ClassFolders):
            patterns = [reader.splits.get("train", ()), reader.splits.get("val", ())]
            if all(any(fnmatch(each, p) for each in here for p in names) for names in patterns):
                found.append(name)
    return found
