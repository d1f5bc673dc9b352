"""A table of clips instead of media: all that features and scores from elsewhere need."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from emotiw.challenges.manifest_builder import ManifestBuilder
from emotiw.challenges.spec import ChallengeSpec
from emotiw.core.clip import COLUMNS
from emotiw.core.cohort import Cohort
from emotiw.core.csv_rows import read_rows
from emotiw.core.errors import ManifestError, Problems


def read_clip_table(spec: ChallengeSpec, path: Path, root: Path) -> tuple[Cohort, list[str]]:
    """Return the clips that a table lists, and what the user should know.

    Its columns are ``clip_id``; ``label``, or ``target`` or a column called as the challenge's
    target; and, if there are any, ``split`` (training clips without it; clips without an answer
    are test clips then), ``group``, ``fold``, ``path`` of the media below the root, and others,
    which the manifest keeps.

    Args:
        spec: the challenge: its labels or targets.
        path: the table.
        root: what paths of media are relative to.

    Raises:
        ManifestError: naming every line that is wrong.
    """
    if not path.is_file():
        raise ManifestError(f"data.clips: no table of clips at {path}")
    builder = ManifestBuilder(spec, root, Problems(str(path), most=50))
    first: dict[str, int] = {}
    targets = [target.name for target in spec.targets]
    for line, row in read_rows(path, ("clip_id",), builder.problems):
        clip_id, where = row["clip_id"], f"line {line}"
        if first.setdefault(clip_id, line) != line:
            builder.problems.add(f"{where}: clip {clip_id!r} again, first on line {first[clip_id]}")
            continue
        answers = {name: row.get(name) or row.get("target", "") for name in targets}
        has_answer = bool(row.get("label")) or any(answers.values())
        split: Any = row.get("split") or ("train" if has_answer else "test")
        n_clips = len(builder.clips)
        builder.add(
            clip_id,
            root / row["path"] if row.get("path") else Path(),
            split,
            code=row.get("label") or None,
            targets=answers,
            group=row.get("group") or None,
            extra={k: v for k, v in row.items() if v and k not in (*COLUMNS, *targets)},
            where=where,
        )
        if row.get("fold") and len(builder.clips) > n_clips:
            builder.clips[-1] = _in_fold(builder, row["fold"], where)
    builder.problems.raise_if_any(ManifestError)
    if not builder.clips:
        raise ManifestError(f"{path}: no clips")
    builder.check_sizes()
    return Cohort(builder.clips, task=spec.task, where=str(path)), builder.warnings


def _in_fold(builder: ManifestBuilder, fold: str, where: str) -> Any:
    clip = builder.clips[-1]
    if not fold.strip().isdecimal():
        builder.problems.add(f"{where}: fold {fold!r} is not a whole number")
        return clip
    return replace(clip, fold=int(fold))
