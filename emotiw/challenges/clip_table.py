"""A table of clips instead of media: all that features and scores from elsewhere need."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from emotiw.challenges.manifest_builder import ManifestBuilder
from emotiw.challenges.spec import ChallengeSpec
from emotiw.challenges.step_columns import StepColumns
from emotiw.core.clip import COLUMNS, Clip
from emotiw.core.cohort import Cohort
from emotiw.core.csv_rows import read_rows
from emotiw.core.errors import ManifestError, Problems
from emotiw.core.files import shown_in_full
from emotiw.core.steps import Steps

TIME = "time_sec"


def read_clip_table(spec: ChallengeSpec, path: Path, root: Path) -> tuple[Cohort, list[str]]:
    """Return the clips that a table lists, and what the user should know.

    Its columns are ``clip_id``; ``label``, or ``target`` or a column called as the challenge's
    target; and, if there are any, ``split`` (training clips without it; clips without an answer
    are test clips then), ``group``, ``fold``, ``path`` of the media below the root, and others,
    which the manifest keeps. Where the challenge asks for answers per frame or segment, a row is
    one of these: ``time_sec`` says when, and ``step`` may name it.

    Args:
        spec: the challenge: its labels or targets.
        path: the table.
        root: what paths of media are relative to.

    Raises:
        ManifestError: naming every line that is wrong.
    """
    if not path.is_file():
        raise ManifestError(f"data.clips: no table of clips at {shown_in_full(path)}")
    builder = ManifestBuilder(spec, root, Problems(str(path), most=50))
    needed = ("clip_id", TIME) if spec.asks_steps else ("clip_id",)
    rows_of: dict[str, list[tuple[int, dict[str, str]]]] = defaultdict(list)
    for line, row in read_rows(path, needed, builder.problems):
        rows_of[row["clip_id"]].append((line, row))
    for clip_id, rows in rows_of.items():
        if spec.asks_steps:
            _add_steps(builder, clip_id, rows)
            continue
        (line, row), *others = rows
        for other, _ in others:
            told = f"clip {clip_id!r} again, first on line {line}"
            builder.problems.add(f"line {other}: {told}")
        targets = [target.name for target in spec.targets]
        answers = {name: row.get(name) or row.get("target", "") for name in targets}
        has_answer = bool(row.get("label")) or any(answers.values())
        extra = {k: v for k, v in row.items() if v and k not in (*COLUMNS, *targets)}
        told_of = {"code": row.get("label") or None, "targets": answers, "extra": extra}
        _add(builder, line, row, has_answer, **told_of)
    builder.problems.raise_if_any(ManifestError)
    if not builder.clips:
        raise ManifestError(f"{path}: no clips")
    builder.check_sizes()
    cohort = Cohort(builder.clips, task=spec.task, where=str(path), steps=builder.steps)
    return cohort, builder.warnings


def _add(
    builder: ManifestBuilder, line: int, row: Mapping[str, str], has_answer: bool, **told: Any
) -> None:
    """Note the clip of a row, with what else is told of it."""
    where, n_clips = f"line {line}", len(builder.clips)
    split: Any = row.get("split") or ("train" if has_answer else "test")
    path = builder.root / row["path"] if row.get("path") else Path()
    group = row.get("group") or None
    builder.add(row["clip_id"], path, split, group=group, where=where, **told)
    if row.get("fold") and len(builder.clips) > n_clips:
        builder.clips[-1] = in_fold(builder, row["fold"], where)


def _add_steps(
    builder: ManifestBuilder, clip_id: str, rows: Sequence[tuple[int, dict[str, str]]]
) -> None:
    """Note a clip whose rows are its steps."""
    (line, first), *others = rows
    for other, row in others:
        for name in ("split", "group", "fold", "path"):
            if row.get(name) != first.get(name):
                told = f"{name} {row.get(name)!r}, and {first.get(name)!r} on line {line}"
                builder.problems.add(f"line {other}: clip {clip_id!r} has {told}")
    answers = StepColumns()
    blank = dict.fromkeys(answers.names(builder), "")
    found = answers.read(builder, [(f"line {number}", blank | row) for number, row in rows])
    times = np.array([_seconds(builder, number, row[TIME]) for number, row in rows])
    order = np.argsort(times, kind="stable")
    names = [row.get("step") or row[TIME] for _, row in rows]
    for name, count in Counter(names).items():
        if count > 1:
            builder.problems.add(f"clip {clip_id!r}: step {name!r} comes {count} times")
    steps = Steps(tuple(names[place] for place in order), times[order], found[order])
    _add(builder, line, first, bool(steps.is_annotated.any()), steps=steps)


def _seconds(builder: ManifestBuilder, line: int, text: str) -> float:
    try:
        time = float(text)
    except ValueError:
        time = float("nan")
    if not np.isfinite(time):
        builder.problems.add(f"line {line}: {TIME} {text!r} is not a number")
    return time


def in_fold(builder: ManifestBuilder, fold: str, where: str) -> Clip:
    """Return the builder's last clip with the fold that a table says."""
    clip = builder.clips[-1]
    if not fold.strip().isdecimal():
        builder.problems.add(f"{where}: fold {fold!r} is not a whole number")
        return clip
    return replace(clip, fold=int(fold))
