"""Fuse score files of any models, with labels from a CSV: nothing else of the toolkit is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from emotiw.core.errors import LeakageError, Problems, TableError, suggest
from emotiw.core.files import atomic_write
from emotiw.core.manifest import SPLITS
from emotiw.core.score_table import Fold, ScoreTable, Task
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions
from fusion.imported_scores import KEYS, ClipFacts, Kind, TrainedOn, import_scores
from fusion.label_names import translated
from fusion.result import FusionResult


@dataclass(frozen=True)
class Answers:
    """What a CSV of labels says.

    Attributes:
        values: label or target by clip id.
        clips: by clip id, split, group and fold.
        labels: in class order, or the name of the target.
        task: classification or regression.
    """

    values: Mapping[str, str | float]
    clips: Mapping[str, ClipFacts]
    labels: tuple[str, ...]
    task: Task


def fuse_files(
    scores: Sequence[Path],
    *,
    labels: Path,
    groups: Path | None = None,
    options: FusionOptions | None = None,
    kind: Kind = "auto",
    trained_on: TrainedOn = "other folds",
    references: Sequence[Path] = (),
    seed: int = 0,
    out: Path | None = None,
) -> FusionResult:
    """Fuse CSVs of scores by clip id, and write the fused scores, the fusion and its figures.

    Args:
        scores: per modality a CSV, or a folder with one CSV per fold; a CSV with the JSON that
            the toolkit writes beside it is taken with its own record of what its models saw.
        labels: a CSV with columns ``clip_id`` and ``label`` (or ``target``); ``group``, ``fold``
            and ``split`` if there are any. Clips without a split are training clips, clips of the
            scores that it lacks are test clips.
        groups: a CSV with columns ``clip_id`` and ``group`` instead of the column. A clip without
            a group stands for itself.
        options: of fusion.
        kind: what the numbers of the scores are.
        trained_on: what their models were trained on, as in
            :func:`~fusion.imported_scores.import_scores`.
        references: scores that the fusion is compared with but never sees.
        seed: of everything random.
        out: folder for ``fused.csv``, ``fusion.yaml`` and ``summary.txt``; None writes nothing.

    Raises:
        LeakageError: where models have seen the clips' groups, or nothing is known of them.
        TableError: naming file and line of everything that is wrong.
    """
    names = _names([*scores, *references])
    answers = read_answers(labels, groups, scores)
    tables = {
        name: _read(path, name, answers, kind, trained_on)
        for path, name in zip([*scores, *references], names, strict=True)
    }
    try:
        result = fuse(
            {name: tables[name] for name in names[: len(scores)]},
            answers=answers.values,
            groups={clip_id: facts.group for clip_id, facts in answers.clips.items()},
            folds={c: f.fold for c, f in answers.clips.items() if f.fold is not None},
            options=options,
            seed=seed,
            references={name: tables[name] for name in names[len(scores) :]},
        )
    except LeakageError as error:
        raise LeakageError(
            f"{error}\nScores can be fitted on if their models were trained on other folds (give "
            f"the folds: a column 'fold' in {labels.name}, or one CSV per fold) or on other data "
            "(say so: trained_on 'other data')"
        ) from error
    if out is not None:
        result.table.write_csv(out / "fused.csv")
        result.fuser.to_yaml(out / "fusion.yaml")
        atomic_write(out / "summary.txt", result.summary().encode())
    return result


def read_answers(labels: Path, groups: Path | None, scores: Sequence[Path]) -> Answers:
    """Read the CSV of labels; the scores' own columns tell the order of classes.

    Raises:
        TableError: naming file and line of everything that is wrong.
    """
    frame = read_text(labels)
    columns = score_columns(scores[0])
    answers = answers_of(frame, columns, where=str(labels), group_of=_group_of(frame, groups))
    group_of = _group_of(frame, groups)
    clips = dict(answers.clips)
    for path in scores:
        for clip_id in _clip_ids(path):
            clips.setdefault(clip_id, ClipFacts("test", group_of.get(clip_id, clip_id)))
    return replace(answers, clips=clips)


def answers_of(
    frame: pd.DataFrame,
    labels: Sequence[str],
    *,
    where: str,
    group_of: Mapping[str, str] | None = None,
) -> Answers:
    """Return what a table of labels says.

    Args:
        frame: with columns ``clip_id`` and ``label`` (or ``target``); ``group``, ``fold`` and
            ``split`` if there are any.
        labels: in class order, or the name of the target.
        where: named in errors.
        group_of: group by clip id, instead of the column.

    Raises:
        TableError: naming every line that is wrong.
    """
    frame = frame.astype("str").where(frame.notna(), "")
    column = "label" if "label" in frame.columns else "target"
    problems = Problems(where)
    for needed in ("clip_id", column):
        if needed not in frame.columns:
            hint = suggest(needed, map(str, frame.columns))
            expected = "clip_id" if needed == "clip_id" else "label or target"
            problems.add(f"line 1: no column {expected}{hint}")
    problems.raise_if_any(TableError)
    for clip_id in frame["clip_id"][frame["clip_id"].duplicated()].unique():
        problems.add(f"clip {clip_id!r} has more than one row")

    values: dict[str, str | float] = {}
    for line, (clip_id, text) in enumerate(zip(frame["clip_id"], frame[column], strict=True), 2):
        if not text:
            continue
        if column == "label":
            label = translated(text, tuple(labels))
            if label is None:
                problems.add(f"line {line}: unknown label {text!r}{suggest(text, labels)}")
            values[clip_id] = label or text
        else:
            try:
                values[clip_id] = float(text)
            except ValueError:
                problems.add(f"line {line}: target {text!r} is not a number")
    group_of = _group_of(frame, None) if group_of is None else group_of
    clips: dict[str, ClipFacts] = {}
    for line, row in enumerate(frame.to_dict("records"), 2):
        split, fold = row.get("split") or "train", row.get("fold") or None
        if split not in SPLITS:
            problems.add(f"line {line}: unknown split {split!r}{suggest(split, SPLITS)}")
        if fold is not None and not fold.isdecimal():
            problems.add(f"line {line}: fold {fold!r} is not a whole number")
            fold = None
        group = group_of.get(row["clip_id"], row["clip_id"])
        clips[row["clip_id"]] = ClipFacts(split, group, None if fold is None else int(fold))
    problems.raise_if_any(TableError)
    task: Task = "classification" if column == "label" else "regression"
    return Answers(values, clips, tuple(labels), task)


def _read(path: Path, name: str, answers: Answers, kind: Kind, trained_on: TrainedOn) -> ScoreTable:
    if path.is_file() and path.with_suffix(".json").is_file():
        return ScoreTable.read_csv(path)
    clips: Mapping[str, tuple[str, str, Fold]] = answers.clips
    return import_scores(
        path,
        name=name,
        labels=answers.labels,
        clips=clips,
        kind=kind,
        trained_on=trained_on,
        task=answers.task,
    )


def _names(paths: Sequence[Path]) -> list[str]:
    names = [path.stem for path in paths]
    problems = Problems("scores")
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.add(f"more than one file is called {name!r}; modalities need names of their own")
    if not names:
        problems.add("no files of scores")
    problems.raise_if_any(TableError)
    return names


def _files(path: Path) -> list[Path]:
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    if not files:
        raise TableError(f"{path}: a folder without CSVs of scores")
    return files


def score_columns(path: Path) -> tuple[str, ...]:
    """Return the labels that a CSV of scores, or the first of a folder, has columns for."""
    frame = read_text(_files(path)[0])
    return tuple(str(column) for column in frame.columns if column not in KEYS)


def _clip_ids(path: Path) -> list[str]:
    frames = [read_text(file) for file in _files(path)]
    return [
        clip_id for frame in frames if "clip_id" in frame for clip_id in frame["clip_id"] if clip_id
    ]


def _group_of(frame: pd.DataFrame, groups: Path | None) -> dict[str, str]:
    if groups is not None:
        frame = read_text(groups)
        for column in ("clip_id", "group"):
            if column not in frame.columns:
                hint = suggest(column, map(str, frame.columns))
                raise TableError(f"{groups}: line 1: no column {column!r}{hint}")
    if "group" not in frame.columns:
        return {}
    return {c: g for c, g in zip(frame["clip_id"], frame["group"], strict=True) if g}


def read_text(path: Path) -> pd.DataFrame:
    """Read a CSV with every cell as text.

    Raises:
        TableError: if it can't be read.
    """
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TableError(f"{path}: can't be read as CSV: {error}") from error
