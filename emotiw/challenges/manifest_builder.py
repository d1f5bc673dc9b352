"""What a reader has found so far: clips, problems and warnings, all of them kept to the end."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Literal

from emotiw.challenges.spec import ChallengeSpec
from emotiw.core.clip import Clip, Split, escaped, id_problem
from emotiw.core.errors import Problems, suggest
from emotiw.core.media.file_kinds import MEDIA, is_media
from emotiw.core.several import LABEL, Several
from emotiw.core.steps import Steps


@dataclass(frozen=True)
class Refused:
    """A clip that is part of no table, and so of no stage.

    Attributes:
        name: its path below the root, escaped; no clip's id is written like that.
        split: as the challenge has it.
        reason: why.
        status: ``failed`` where it can have no id, ``missing`` where the challenge leaves it out.
    """

    name: str
    split: Split
    reason: str
    status: Literal["failed", "missing"] = "failed"


@dataclass
class ManifestBuilder:
    """Collects the clips of one challenge folder.

    Attributes:
        spec: the challenge.
        root: its folder.
        problems: what stops the reading, in the end.
        warnings: what the user should know.
        clips: so far.
        steps: by clip, where the challenge asks step by step.
        refused: who is no clip: they can have no id, or the challenge leaves them out.
    """

    spec: ChallengeSpec
    root: Path
    problems: Problems
    warnings: list[str] = field(default_factory=list)
    clips: list[Clip] = field(default_factory=list)
    steps: dict[str, Steps] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)

    def name(self, path: Path) -> str:
        """Return a path as messages show it: below the root, and escaped; none where none is."""
        if path == Path():
            return ""
        return escaped(path.relative_to(self.root).as_posix()) if path != self.root else str(path)

    def add(
        self,
        clip_id: str,
        path: Path,
        split: Split,
        *,
        code: str | None = None,
        targets: Mapping[str, str] | None = None,
        group: str | None = None,
        extra: Mapping[str, str] | None = None,
        where: str = "",
        steps: Steps | None = None,
    ) -> None:
        """Note a clip, with its label and targets as the challenge's files write them.

        Args:
            code: of its label; None where there is none.
            targets: text of its numbers, by target.
            group: speaker or source video.
            extra: anything else.
            where: file and line that say so, for messages; the path by default.
            steps: of a challenge that asks step by step; label and targets are theirs.
        """
        place = where or self.name(path)
        label = None
        if code is not None:
            if code in self.spec.ignored_codes:
                self.ignored[code] += 1
                reason = f"left out: labelled {code!r}, which is none of the challenge's labels"
                self.refused.append(Refused(self.name(path), split, reason, "missing"))
                return
            label = self.spec.label_of(code)
            if label is None:
                known = [*self.spec.labels, *self.spec.codes]
                self.problems.add(
                    f"{place}: unknown label {code!r}{suggest(code, known)} "
                    f"(expected one of {', '.join(known)})"
                )
                return
        numbers, task = self._numbers(targets or {}, place), self.spec.task
        found = {LABEL: label, **numbers}
        clip = Clip(clip_id, path, split, group=group, extra=dict(extra or {}))
        if isinstance(task, Several):
            self.clips.append(replace(clip, answers=tuple(map(found.get, task.names))))
        else:
            target = None if task.is_label else numbers.get(task.labels[0])
            self.clips.append(replace(clip, label=label, target=target))
        if steps is not None:
            self.steps[clip_id] = steps

    def refuse_odd_names(self) -> None:
        """Take out the clips whose name can't be an id, or whose path can't stand in a table."""
        kept = []
        for clip in self.clips:
            problem = id_problem(clip.clip_id)
            has_file = clip.path != Path()
            if not problem and has_file and not _is_utf8(clip.path.relative_to(self.root)):
                problem = "a folder above it holds bytes that are not UTF-8"
            if not problem:
                kept.append(clip)
                continue
            self.refuse(clip, f"its name can't be the id of a clip: {problem}; rename it")
        self.clips = kept

    def refuse(self, clip: Clip, reason: str) -> None:
        """Note a clip that can't be one; nothing else is heard of it."""
        lacks = " (a test clip, which a submission now lacks)" if clip.split == "test" else ""
        self.refused.append(Refused(self.name(clip.path), clip.split, reason + lacks))

    def check_sizes(self) -> None:
        """Warn of splits whose size is not the one that the challenge published."""
        counts = Counter(clip.split for clip in self.clips)
        for split, size in self.spec.sizes.items():
            if counts[split] != size:
                self.warnings.append(f"{split}: {counts[split]} clips, {size} were published")
        for code, count in self.ignored.items():
            self.warnings.append(f"{count} clips left out: labelled {code!r}")

    def _numbers(self, targets: Mapping[str, str], place: str) -> dict[str, float]:
        numbers: dict[str, float] = {}
        for target in self.spec.targets:
            text = targets.get(target.name, "")
            if not text:
                continue
            try:
                number = float(text)
            except ValueError:
                self.problems.add(f"{place}: {target.name} {text!r} is not a number")
                continue
            if not target.minimum <= number <= target.maximum:
                self.problems.add(
                    f"{place}: {target.name} {text} is outside "
                    f"{target.minimum:g} to {target.maximum:g}"
                )
            numbers[target.name] = number
        return numbers


def first_folder(parent: Path, names: Iterable[str]) -> Path | None:
    """Return the first folder of these names below ``parent``, with ``*`` as in a shell."""
    found = ([parent] if name in {"", "."} else sorted(parent.glob(name)) for name in names)
    return next(filter(Path.is_dir, chain.from_iterable(found)), None)


def first_file(parent: Path, names: Iterable[str]) -> Path | None:
    """Return the first file of these names below ``parent``, with ``*`` as in a shell."""
    found = (sorted(parent.glob(name)) for name in names)
    return next(filter(Path.is_file, chain.from_iterable(found)), None)


def all_files(parent: Path, names: Iterable[str]) -> list[Path]:
    """Return every file of the first of these names that any has, with ``*`` as in a shell."""
    found = ([p for p in sorted(parent.glob(name)) if p.is_file()] for name in names)
    return next(filter(None, found), [])


def media_files(folder: Path, extensions: Sequence[str], *, deep: bool = True) -> list[Path]:
    """Return the media files of a folder, sorted by path; hidden ones are left out.

    Where all kinds of media are asked for, what begins like one of them is one, whatever its name.

    Links to folders are followed, each folder once. What has the name of a media file and is none
    (a pipe, a link to nothing, a folder without any) is among them, so that somebody tells of it.
    """
    files: list[Path] = []
    named_so: list[Path] = []
    seen: set[str] = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(parent)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        files += [Path(parent, name) for name in names if _is_media(parent, name, extensions)]
        named_so += [Path(parent, name) for name in folders if _is_named(name, extensions)]
        folders[:] = sorted(name for name in folders if not _is_hidden(name)) if deep else []
    holding = {folder for file in files for folder in file.parents} if named_so else set()
    return sorted([*files, *(folder for folder in named_so if folder not in holding)])


def tell_of_others(builder: ManifestBuilder) -> None:
    """Warn of the files below the root that are no clip, by kind and count."""
    taken = {os.path.realpath(clip.path) for clip in builder.clips}
    refused = {odd.name for odd in builder.refused}
    left_out: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for path in media_files(builder.root, ("",)):
        is_known = os.path.realpath(path) in taken or builder.name(path) in refused
        if is_known or path.is_dir():
            continue
        left_out[is_media(path)][path.suffix.lower() or "without a suffix"] += 1
    for are_media, counts in left_out.items():
        if counts:
            n = counts.total()
            what = "media, but no clip of this challenge" if are_media else "no media"
            listed = ", ".join(f"{n} {suffix}" for suffix, n in counts.most_common(8))
            more = f" and {len(counts) - 8} other kinds" if len(counts) > 8 else ""
            files = f"{n} files are" if n > 1 else "1 file is"
            builder.warnings.append(f"{files} {what}: {listed}{more}")


def _is_media(folder: str, name: str, extensions: Sequence[str]) -> bool:
    if tuple(extensions) != MEDIA:
        return _is_named(name, extensions)
    return not _is_hidden(name) and is_media(Path(folder, name))


def _is_named(name: str, extensions: Sequence[str]) -> bool:
    return not _is_hidden(name) and ("" in extensions or Path(name).suffix.lower() in extensions)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _is_utf8(path: Path) -> bool:
    try:
        return bool(str(path).encode())
    except UnicodeEncodeError:
        return False
