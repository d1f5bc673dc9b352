"""From a challenge's own folder to a cohort, whatever its layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from re import Pattern

from emotiw.challenges.duplicate_ids import resolve_duplicate_ids
from emotiw.challenges.manifest_builder import (
    ManifestBuilder,
    Refused,
    first_folder,
    tell_of_others,
)
from emotiw.challenges.reader import Reader
from emotiw.challenges.spec import ChallengeSpec, FoldProtocol
from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.config import Document, validated
from emotiw.core.errors import ManifestError, Problems
from emotiw.core.files import shown_in_full
from emotiw.core.registry import Registry

READERS: Registry[type[Reader]] = Registry(
    "layout reader",
    {
        "class_folders": "emotiw.challenges.class_folders:ClassFolders",
        "file_names": "emotiw.challenges.file_names:FileNames",
        "tables": "emotiw.challenges.label_tables:Tables",
        "folder": "emotiw.challenges.folder:Folder",
        "corpora": "emotiw.challenges.corpora:Corpora",
        "frame_lists": "emotiw.challenges.frame_lists:FrameLists",
        "time_tables": "emotiw.challenges.time_tables:TimeTables",
    },
    base="emotiw.challenges.reader:Reader",
)


def read_challenge(spec: ChallengeSpec, root: Path) -> tuple[Cohort, list[str], list[Refused]]:
    """Return the clips of a challenge's folder, what the user should know, and who can't be a clip.

    Args:
        root: the challenge's folder, or the one above it.

    Raises:
        ManifestError: with every unknown label, duplicate and unreadable name, all at once.
        ConfigError: if the options of the layout are wrong.
    """
    reader = reader_of(spec)
    if not root.is_dir():
        raise ManifestError(f"{spec.title}: no folder {shown_in_full(root)}")
    home = first_folder(root, reader.inside) or root
    builder = ManifestBuilder(spec, home, Problems(str(home), most=50))
    reader.read(builder)
    if reader.group_pattern is not None:
        builder.clips = _with_groups(builder, reader.group_pattern)
    builder.refuse_odd_names()
    resolve_duplicate_ids(builder, reader.same_id)
    builder.refuse_odd_names()  # longer ids hold the names of folders
    builder.problems.raise_if_any(ManifestError)
    odd = [one for one in builder.refused if one.status == "failed"]
    if odd:
        told = f"clips that can have no id: {len(odd)}, e.g. {odd[0].name}: {odd[0].reason}"
        builder.warnings.append(told)
    if not builder.clips:
        raise ManifestError(
            f"{home}: no clips of {spec.title} ({reader.expects()})"
            + "".join(f"; {warning}" for warning in builder.warnings)
        )
    builder.check_sizes()
    builder.warnings += _told_of_mixed(builder.clips)
    if reader.tells_of_others:
        tell_of_others(builder)
    clips = _with_folds(builder.clips, reader.protocol_of(spec), builder.warnings)
    kept = {clip.clip_id for clip in clips}
    steps = {clip_id: found for clip_id, found in builder.steps.items() if clip_id in kept}
    cohort = Cohort(clips, task=spec.task, where=str(home), steps=steps)
    return cohort, builder.warnings, builder.refused


def submission_ids(spec: ChallengeSpec, root: Path, cohort: Cohort) -> tuple[str, ...]:
    """Return what a submission must hold an answer for: test clips, or their frames or segments.

    Raises:
        ManifestError: if a list of frames or segments is missing or damaged.
    """
    reader = reader_of(spec)
    home = first_folder(root, reader.inside) or root
    rows = reader.rows(ManifestBuilder(spec, home, Problems(str(home))))
    if rows is not None:
        return tuple(rows)
    return tuple(clip.clip_id for clip in cohort.rows.select("test"))


def reader_of(spec: ChallengeSpec) -> Reader:
    """Return the reader of a challenge's layout with its options checked.

    Raises:
        ConfigError: naming every option that is wrong.
    """
    kind = READERS.resolve(spec.layout.reader)
    options = spec.layout.options
    return validated(kind, options, document=Document(f"layout of {spec.name}", dict(options)))


def _with_groups(builder: ManifestBuilder, pattern: Pattern[str]) -> list[Clip]:
    """Return the clips with the groups that their paths name."""
    clips, without = [], []
    for clip in builder.clips:
        place = builder.name(clip.path) or clip.clip_id
        found = pattern.search(place) if clip.group is None else None
        if found is not None:
            clip = replace(clip, group=found.group(1) if pattern.groups else found.group())
        elif clip.group is None:
            without.append(clip.clip_id)
        clips.append(clip)
    if without:
        builder.warnings.append(
            f"group_pattern {pattern.pattern!r} fits {len(without)} clips not, e.g. {without[0]}: "
            "their speakers are unknown"
        )
    return clips


def _with_folds(
    clips: Sequence[Clip], protocol: FoldProtocol | None, warnings: list[str]
) -> list[Clip]:
    if protocol is None:
        return list(clips)
    by = protocol.by
    values = {clip.clip_id: clip.extra.get(by, clip.group or "") for clip in clips}
    if protocol.splits is not None:
        split_of = {value: name for name, held in protocol.splits.items() for value in held}
        return [replace(clip, split=split_of.get(values[clip.clip_id], "train")) for clip in clips]
    training = [clip for clip in clips if clip.split == "train"]
    present = sorted({values[clip.clip_id] for clip in training})
    folds = protocol.held_out or tuple((value,) for value in present)
    fold_of = {value: index for index, held in enumerate(folds) for value in held}
    if unheld := [value for value in present if value not in fold_of]:
        warnings.append(f"no published fold holds out {by} {', '.join(map(repr, unheld))}")
    return [
        replace(clip, fold=fold_of.get(values[clip.clip_id])) if clip.split == "train" else clip
        for clip in clips
    ]


def _told_of_mixed(clips: Sequence[Clip]) -> list[str]:
    """Return which splits share speakers with the training clips; their figures flatter."""
    seen = {clip.group for clip in clips if clip.split == "train"} - {None}
    told = []
    for split in ("val", "test"):
        own = [clip.group for clip in clips if clip.split == split]
        if n := sum(group in seen for group in own):
            told.append(
                f"{n} of {len(own)} {split} clips are of groups (speakers, sources) of training "
                "clips: what is right there says little of others"
            )
    return told
