"""A cohort as a table: the manifest on disk, or any table of labels that people bring."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from emotiw.core.answer_frame import cohort_of_answers, has_answers
from emotiw.core.clip import COLUMNS, Clip, Split, clip_problems
from emotiw.core.cohort import Cohort
from emotiw.core.csv_rows import read_rows, rows_as_csv
from emotiw.core.errors import ManifestError, Problems, TableError, suggest
from emotiw.core.files import atomic_write
from emotiw.core.label_names import translated
from emotiw.core.notices import warn
from emotiw.core.several import Several
from emotiw.core.step_table import read_steps, steps_as_csv
from emotiw.core.task import Classification, Regression, Task

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, str]
STEPS = "steps.csv"  # beside a manifest
ANSWER = "answer_"  # before the name of each of several answers


def write_manifest(cohort: Cohort, path: Path, *, root: Path) -> None:
    """Write the clips as CSV, with the paths of files below ``root`` relative to it."""
    atomic_write(path, manifest_as_csv(cohort, root=root))


def manifest_as_csv(cohort: Cohort, *, root: Path) -> bytes:
    """Return what :func:`write_manifest` writes."""
    names = cohort.task.names if isinstance(cohort.task, Several) else ()
    extras = sorted({column for clip in cohort for column in clip.extra})
    rows = [
        [
            clip.clip_id,
            _relative(clip.path, root),
            clip.split,
            clip.label if clip.label is not None else "",
            repr(float(clip.target)) if clip.target is not None else "",
            clip.group if clip.group is not None else "",
            clip.fold if clip.fold is not None else "",
            clip.content,
            *(_cell(answer) for answer in clip.answers or [None] * len(names)),
            *(clip.extra.get(column, "") for column in extras),
        ]
        for clip in cohort.answered()
    ]
    return rows_as_csv([[*COLUMNS, *(f"{ANSWER}{name}" for name in names), *extras], *rows])


def write_steps(cohort: Cohort, path: Path) -> None:
    """Write the steps of a cohort that has some, for :func:`read_manifest` to find."""
    assert cohort.task is not None
    atomic_write(path, steps_as_csv(cohort.answered_steps, cohort.task))


def read_manifest(path: Path, *, root: Path, task: Task | None = None) -> Cohort:
    """Read a manifest written by :func:`write_manifest`, or by hand.

    Args:
        path: a CSV with at least the columns ``clip_id``, ``path`` and ``split``.
        root: what relative paths in it are relative to.
        task: whose labels are allowed; without one, several answers and steps are left out.

    A table ``steps.csv`` beside the manifest has the answers step by step.

    Raises:
        ManifestError: with file, line and text of everything that is wrong.
    """
    if not path.is_file():
        raise ManifestError(f"no manifest at {path}")
    problems = Problems(str(path))
    labels = task.labels if task is not None and task.is_label else None
    clips: list[Clip] = []
    seen: dict[str, int] = {}
    for line, row in read_rows(path, ("clip_id", "path", "split"), problems):
        found = Problems("")
        clip = _clip_of(row, root, found, task)
        for problem in (*found.lines, *clip_problems(clip, labels)):
            problems.add(f"line {line}: {problem}")
        if clip.clip_id in seen:
            problems.add(
                f"line {line}: duplicate clip id {clip.clip_id!r}, first on line "
                f"{seen[clip.clip_id]}"
            )
        seen.setdefault(clip.clip_id, line)
        clips.append(clip)
    problems.raise_if_any(ManifestError)
    beside = path.with_name(STEPS)
    steps = read_steps(beside, task) if task is not None and beside.is_file() else None
    return Cohort(clips, task=task, where=str(path), steps=steps)


def cohort_of_frame(
    frame: pd.DataFrame,
    labels: Sequence[str],
    *,
    where: str,
    group_of: Mapping[str, str] | None = None,
    split_of: Mapping[str, str] | None = None,
    unlabelled: Iterable[str] = (),
) -> Cohort:
    """Return the cohort of a table of labels, without any files.

    Args:
        frame: text, as :func:`~emotiw.core.csv_rows.read_frame` and ``text_frame`` return it, with
            the columns ``clip_id`` and ``label`` (or ``target``); ``group``, ``fold`` and
            ``split`` if there are any. Several answers have a column each, and a column
            ``time_sec`` makes rows steps, as in :mod:`emotiw.core.answer_frame`.
        labels: in class order, or the name of the target; other vocabularies are translated.
        where: named in errors.
        group_of: group by clip id, instead of the column.
        split_of: split by clip id where the table says none, as score tables know it; else the
            clip is a training clip.
        unlabelled: clips that there are: those that the table doesn't list are test clips, if
            ``split_of`` doesn't know better.

    Raises:
        TableError: naming every line that is wrong.
    """
    if has_answers(frame, labels):
        about: Any = {"group_of": group_of, "split_of": split_of, "unlabelled": unlabelled}
        return cohort_of_answers(frame, labels, where=where, **about)
    problems = Problems(where)
    given = [str(column) for column in frame.columns]
    is_label = "label" in given
    if "clip_id" not in given:
        problems.add(f"line 1: no column clip_id{suggest('clip_id', given)}")
    if not is_label and "target" not in given:
        problems.add(f"line 1: no column label or target{suggest('label', given)}")
    problems.raise_if_any(TableError)
    task: Task = Classification(tuple(labels)) if is_label else Regression(tuple(labels))
    known_splits, clips = split_of or {}, dict[str, Clip]()
    for number, row in zip(frame.index, frame.to_dict("records"), strict=True):
        found = Problems("")
        own = {str(column): str(cell) for column, cell in row.items()}
        if is_label:
            own["label"] = _translated(own["label"], labels, found)
            own.pop("target", None)
        if group_of is not None:
            own["group"] = group_of.get(own["clip_id"], "")
        own["split"] = own.get("split") or known_splits.get(own["clip_id"], "train")
        clip = _clip_of(own, Path(), found)
        if clip.clip_id in clips:
            found.add(f"clip {clip.clip_id!r} has more than one row")
        for problem in (*found.lines, *clip_problems(clip, None)):
            problems.add(f"{frame.index.name} {number}: {problem}")
        clips[clip.clip_id] = clip
    problems.raise_if_any(TableError)
    if is_label:
        _tell_unused(labels, {clip.label for clip in clips.values() if clip.label}, where)
    for clip_id in unlabelled:
        group = (group_of or {}).get(clip_id)
        split: Any = known_splits.get(clip_id, "test")
        clips.setdefault(clip_id, Clip(clip_id, Path(), split, group=group))
    return Cohort(clips.values(), task=task, where=where)


def _tell_unused(labels: Sequence[str], used: Collection[str], where: str) -> None:
    """Tell which labels no clip has: columns of scores that hold something else, maybe."""
    unused = [label for label in labels if label not in used]
    if used and unused:
        told = ", ".join(map(repr, unused))
        warn(f"{where}: no clip is labelled {told}; a column of scores that is no label must go")


def _cell(answer: str | float | None) -> str:
    return "" if answer is None else answer if isinstance(answer, str) else repr(float(answer))


def _answers(row: Row, task: Several, problems: Problems) -> tuple[str | float | None, ...]:
    """Return the answers that a row tells; nothing where it tells none."""
    found: list[str | float | None] = []
    for name, answer in zip(task.names, task.answers, strict=True):
        text = row.get(ANSWER + name, "")
        try:
            found.append((text if answer.is_label else float(text)) if text else None)
        except ValueError:
            problems.add(f"{ANSWER}{name} {text!r} is not a number")
        if answer.is_label and text and text not in answer.labels:
            problems.add(f"unknown label {text!r}{suggest(text, answer.labels)}")
    return tuple(found) if any(one is not None for one in found) else ()


def _clip_of(row: Row, root: Path, problems: Problems, task: Task | None = None) -> Clip:
    target, fold = row.get("target", ""), row.get("fold", "")
    number = fold_index = None
    try:
        number = float(target) if target else None
    except ValueError:
        problems.add(f"target {target!r} is not a number")
    try:
        fold_index = int(float(fold)) if fold and float(fold).is_integer() else None
        if fold and fold_index is None:
            raise ValueError
    except ValueError:
        problems.add(f"fold {fold!r} is not a whole number")
    split: Split = row["split"]  # type: ignore[assignment]  # checked by clip_problems
    return Clip(
        clip_id=row["clip_id"],
        path=root / row["path"] if row.get("path") else Path(),
        split=split,
        label=row.get("label") or None,
        target=number,
        group=row.get("group") or None,
        fold=fold_index,
        content=row.get("content", ""),
        extra=MappingProxyType(
            {k: v for k, v in row.items() if k not in COLUMNS and v and not k.startswith(ANSWER)}
        ),
        answers=_answers(row, task, problems) if isinstance(task, Several) else (),
    )


def _translated(text: str, labels: Sequence[str], problems: Problems) -> str:
    if not text:
        return ""
    label = translated(text, tuple(labels))
    if label is None:
        problems.add(f"unknown label {text!r}{suggest(text, labels)}")
    return label or text


def _relative(path: Path, root: Path) -> str:
    if path == Path():
        return ""
    # as it is written first: a link below the root keeps its own name
    for form in (Path.absolute, Path.resolve):
        if form(path).is_relative_to(form(root)):
            return form(path).relative_to(form(root)).as_posix()
    return path.resolve().as_posix()
