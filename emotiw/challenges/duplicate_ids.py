"""Files whose names give the same clip id: copies, and different clips."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from filecmp import cmp
from pathlib import Path
from typing import Literal

from emotiw.challenges.manifest_builder import ManifestBuilder
from emotiw.core.clip import UNLABELLED, Clip
from emotiw.core.files import file_problem

SameId = Literal["refuse", "qualify"]


def resolve_duplicate_ids(builder: ManifestBuilder, policy: SameId) -> None:
    """Make ids unique: copies become one clip, other twins are refused or get longer ids.

    Under ``qualify`` a test clip keeps its id where no other test clip shares it, because
    organisers know it by that name; else its extension is added, or its folders, too.
    """
    by_id: dict[str, list[Clip]] = defaultdict(list)
    for clip in builder.clips:
        by_id[clip.clip_id].append(clip)
    copies: list[str] = []
    twins: list[str] = []
    clips: list[Clip] = []
    for clip_id, all_same in by_id.items():
        same = sorted(all_same, key=lambda clip: clip.split == UNLABELLED)  # a copy has its label
        if len(same) > 1:  # what is there and is no file has no claim to a name
            same = [clip for clip in same if not _is_no_file(clip.path)] or same[:1]
            for clip in (clip for clip in all_same if clip not in same):
                told = f"{file_problem(clip.path)}, and another file is called {clip_id!r} too"
                builder.refuse(clip, told)
        names = ", ".join(builder.name(clip.path) for clip in same)
        if len(same) == 1 or _are_copies(same):
            clips.append(same[0])
            copies += [names] * (len(same) > 1)
        elif policy == "refuse":
            builder.problems.add(f"clip id {clip_id!r} belongs to {len(same)} files: {names}")
        else:
            clips += _qualified(builder, same)
            twins.append(names)
            if sum(clip.split == "test" for clip in same) > 1:
                builder.warnings.append(f"test clips share the id {clip_id!r}: {names}")
    for what, examples in (
        ("clips are there more than once and taken once", copies),
        ("names belong to several clips, whose ids are longer now", twins),
    ):
        if examples:
            builder.warnings.append(f"{len(examples)} {what}, e.g. {examples[0]}")
    builder.clips = clips
    folded: dict[str, str] = {}
    for clip in clips:
        alike = unicodedata.normalize("NFC", clip.clip_id).casefold()
        twin = folded.setdefault(alike, clip.clip_id)
        if twin != clip.clip_id:
            how = "case" if twin.casefold() == clip.clip_id.casefold() else "Unicode normal form"
            builder.warnings.append(f"ids differ by {how} alone: {twin!a} and {clip.clip_id!a}")


def _are_copies(same: list[Clip]) -> bool:
    first, *others = same
    return all(
        (clip.split, clip.label, clip.target)
        in ((first.split, first.label, first.target), (UNLABELLED, clip.label, clip.target))
        and clip.path.is_file()
        and first.path.is_file()
        and cmp(clip.path, first.path, shallow=False)
        for clip in others
    )


def _is_no_file(path: Path) -> bool:
    return not path.is_file() and os.path.lexists(path)


def _qualified(builder: ManifestBuilder, same: list[Clip]) -> Iterator[Clip]:
    tests = Counter(clip.path.name for clip in same if clip.split == "test")
    for clip in same:
        is_test = clip.split == "test"
        if is_test and tests.total() == 1:
            yield clip
        elif is_test and tests[clip.path.name] == 1:
            yield replace(clip, clip_id=clip.path.name)
        else:
            below = clip.path.relative_to(builder.root)
            yield replace(clip, clip_id="-".join(below.parts))
