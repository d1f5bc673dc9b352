"""Scores from any model, as CSV, with what its models were trained on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.csv_rows import text_frame
from emotiw.core.errors import ConfigError, Problems, TableError, suggest
from emotiw.core.id_joins import SMALL_SHARE, check_join
from emotiw.core.label_names import translated
from emotiw.core.score_formats import SUFFIXES, read_table_file
from emotiw.core.score_frame import STEP_COLUMNS, TIME
from emotiw.core.score_kinds import Kind, as_scores
from emotiw.core.score_table import Fold, Groups, ScoreTable
from emotiw.core.step_resampling import on_steps
from emotiw.core.task import Task

if TYPE_CHECKING:
    import pandas as pd

TrainedOn = Literal["unknown", "other folds", "train", "other data"]
KEYS = ("clip_id", "split", "fold")


def import_scores(
    path: Path,
    cohort: Cohort,
    *,
    name: str,
    kind: Kind = "auto",
    trained_on: TrainedOn = "other folds",
    tolerance_sec: float | None = None,
) -> ScoreTable:
    """Read the scores of a model from elsewhere.

    Args:
        path: a CSV, Parquet or npz file (:mod:`emotiw.core.score_formats`) with a column
            ``clip_id`` and one per label, in any order and any of the usual vocabularies; or a
            folder with one such file per fold, whose names end in the number of the fold.
        cohort: the clips and what is asked of them; rows of other clips are left out.
        name: of the modality.
        kind: what the numbers are. ``auto`` recognises it, and refuses what it can't; in
            regression they are taken as they are.
        trained_on: what the models behind the scores were trained on.
            ``other folds``: cross-validation; the model of each fold has seen the training groups
            of all other folds, and one that scored clips without a fold all training groups.
            ``train``: one model that has seen all training groups. ``other data``: no group of
            this challenge. ``unknown``: fusion can't be fitted on these scores.
        tolerance_sec: as in :func:`~emotiw.core.step_resampling.on_steps`.

    Where answers are asked for step by step, ``clip_id`` is the id of a step's row; or that of a
    clip, with a column ``time_sec``: then scores are taken to the steps by their times; or that of
    a clip alone, which says the same at every step.

    Returns:
        Scores as probabilities, each row with its fold. Where ``other folds`` is said and no
        fold is known for a training clip, nothing is known of its model.

    Raises:
        TableError: naming file and line of everything that is wrong, and groups in two folds.
        ConfigError: if ``kind`` or ``trained_on`` is unknown.
    """
    _check_choice("trained_on", trained_on, get_args(TrainedOn))
    files = [
        (read_table_file(file), str(file), f) for file, f in _files_with_folds(path, trained_on)
    ]
    return _read(files, cohort, str(path), name, kind, trained_on, tolerance_sec)


def table_from_frame(
    frame: pd.DataFrame,
    cohort: Cohort,
    *,
    name: str,
    kind: Kind = "auto",
    trained_on: TrainedOn = "other folds",
    tolerance_sec: float | None = None,
) -> ScoreTable:
    """Do what :func:`import_scores` does with a table that is already in pandas.

    Args:
        frame: with a column ``clip_id`` (or an index of that name) and one column per label.
        cohort: and the rest: as in :func:`import_scores`.

    Examples:
        >>> import pandas as pd
        >>> from emotiw.core.clip import Clip
        >>> from emotiw.core.task import Classification
        >>> clip = Clip("007", Path(), "train", group="bond", fold=0)
        >>> frame = pd.DataFrame({"clip_id": ["007"], "happiness": [0.9], "anger": [0.1]})
        >>> cohort = Cohort([clip], task=Classification(("Angry", "Happy")))
        >>> table_from_frame(frame, cohort, name="net").predictions()
        {'007': 'Happy'}
    """
    _check_choice("trained_on", trained_on, get_args(TrainedOn))
    where = f"scores of {name!r}"
    try:
        text = text_frame(frame)
    except TableError as error:
        raise TableError(f"{where}: {error}") from error
    files = [(text, where, None)]
    return _read(files, cohort, where, name, kind, trained_on, tolerance_sec)


def label_columns(columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of a table that hold scores: all but its keys."""
    given = tuple(columns)
    keys = (*KEYS, *STEP_COLUMNS) if TIME in given else KEYS
    return tuple(column for column in given if column not in keys)


def _read(
    files: Sequence[tuple[pd.DataFrame, str, Fold]],
    cohort: Cohort,
    where: str,
    name: str,
    kind: Kind,
    trained_on: TrainedOn,
    tolerance_sec: float | None,
) -> ScoreTable:
    found = {clip_id for frame, _, _ in files for clip_id in frame.get("clip_id", ())}
    named, steps = _joined_to(cohort, found)
    checked = [_checked(*file, named, found, may_be_timed=steps is not None) for file in files]
    table = _table(checked, named, where, name, kind, trained_on)
    return table if steps is None else on_steps(table, steps, tolerance_sec)


def _table(
    checked: Sequence[pd.DataFrame],
    cohort: Cohort,
    where: str,
    name: str,
    kind: Kind,
    trained_on: TrainedOn,
) -> ScoreTable:
    import pandas as pd

    _check_choice("kind of scores", kind, get_args(Kind))
    task = _task_of(cohort, where)
    frame = pd.concat(checked, ignore_index=True)
    problems = Problems(where)
    keys = ["clip_id", *({TIME} & set(frame))]
    for clip_id in frame["clip_id"][frame.duplicated(keys)].unique():
        problems.add(f"clip {clip_id!r} has more than one row{' at a time' * (len(keys) - 1)}")
    if frame.empty:
        problems.add("no row is of a clip of this challenge")
    problems.raise_if_any(TableError)

    clip_ids = tuple(frame["clip_id"])
    folds: list[Fold] = [None] * len(clip_ids)
    if trained_on == "other folds":
        folds = [None if np.isnan(fold) else int(fold) for fold in frame["fold"]]
    timed: dict[str, Any] = {}
    row_ids = clip_ids
    if TIME in frame:
        number = frame.groupby("clip_id").cumcount()
        row_ids = tuple(f"{c}/row {n}" for c, n in zip(clip_ids, number, strict=True))
        timed = {"owners": clip_ids, "time_sec": frame[TIME].to_numpy(dtype=np.float64)}
    elif cohort.owners:  # rows by their own ids
        timed = {
            "owners": tuple(cohort.owners[row_id] for row_id in row_ids),
            "time_sec": np.array([cohort.times[row_id] for row_id in row_ids]),
        }
    return ScoreTable(
        name=name,
        task=task,
        clip_ids=row_ids,
        scores=as_scores(frame[list(task.labels)].to_numpy(dtype=np.float64), task, kind, where),
        split=tuple(map(cohort.splits.__getitem__, clip_ids)),
        fold=tuple(folds),
        seen_groups=_seen_groups(
            dict(zip(clip_ids, folds, strict=True)), cohort, trained_on, where
        ),
        **timed,
    )


def _joined_to(cohort: Cohort, ids: Set[str]) -> tuple[Cohort, Cohort | None]:
    """Return what ids of a table name, and the steps to take its rows to.

    Where steps are asked for, ids may be theirs, or those of their clips: then there are none of
    the first kind, and each row is of a time or of the whole clip.
    """
    rows = cohort.rows
    if not rows.owners or any(one in rows for one in ids):
        return rows, rows if rows.owners else None
    whole: dict[str, Clip] = {}
    for row in rows.answered():
        owner = rows.owners[row.clip_id]
        if owner not in whole or (whole[owner].truth is None and row.truth is not None):
            whole[owner] = row
    clips = (replace(row, clip_id=owner) for owner, row in whole.items())
    return Cohort(clips, task=rows.task), rows


def _files_with_folds(path: Path, trained_on: str) -> list[tuple[Path, Fold]]:
    if path.is_file():
        return [(path, None)]
    beside = sorted(path.iterdir()) if path.is_dir() else []
    files = [file for file in beside if file.suffix in SUFFIXES]
    if not files:
        raise TableError(
            f"{path}: neither a table of scores nor a folder with some ({', '.join(SUFFIXES)})"
        )
    if trained_on != "other folds":
        return [(file, None) for file in files]
    numbers = [re.search(r"(\d+)$", file.stem) for file in files]
    problems = Problems(str(path))
    for file, number in zip(files, numbers, strict=True):
        if number is None:
            problems.add(f"{file.name}: its name doesn't end in the number of a fold")
    problems.raise_if_any(TableError)
    return [(file, int(n.group(1))) for file, n in zip(files, numbers, strict=True) if n]


def _checked(
    text: pd.DataFrame,
    where: str,
    number: Fold,
    cohort: Cohort,
    found: Set[str],
    *,
    may_be_timed: bool,
) -> pd.DataFrame:
    """Return clip_id, fold and one column per label, for the clips that are known.

    Of rows that are of a time and not of a step that is asked for, also when.

    Args:
        found: the ids of all files together: where hardly a known clip lacks scores, those of
            other clips do no harm.
    """

    import pandas as pd

    problems = Problems(where)
    columns, labels = [str(column) for column in text.columns], _task_of(cohort, where).labels
    meaning: dict[str, str] = {}
    for column in columns:
        if column in KEYS or (may_be_timed and column in STEP_COLUMNS):
            continue
        label = translated(column, labels)
        if label is None:
            problems.add(f"line 1: column {column!r} is no label{suggest(column, labels)}")
        elif label in meaning.values():
            problems.add(f"line 1: more than one column for label {label!r}")
        else:
            meaning[column] = label
    for column in ["clip_id", *labels]:
        if column not in columns and column not in meaning.values():
            problems.add(f"line 1: no column {column!r}{suggest(column, columns)}")
    problems.raise_if_any(TableError)

    frame = text.rename(columns=meaning)
    for place in frame.index[frame["clip_id"] == ""]:
        problems.add(f"{frame.index.name} {place}: no clip id")
    timed = [TIME] if may_be_timed and TIME in columns and not cohort.owners else []
    for place in frame.index[frame[timed].isin(["", "nan"]).any(axis=1)]:
        problems.add(f"{frame.index.name} {place}: no time_sec")
    for column in [*labels, *timed, *(["fold"] if "fold" in columns else [])]:
        numbers = pd.to_numeric(frame[column].where(frame[column] != ""), errors="coerce")
        for place in frame.index[numbers.isna() & ~frame[column].isin(["", "nan"])]:
            got = frame[column][place]
            problems.add(f"{frame.index.name} {place}: {column} {got!r} is not a number")
        frame[column] = numbers
    problems.raise_if_any(TableError)
    lacking = sum(clip_id not in found for clip_id in cohort.clip_ids)
    most = 1.0 if lacking <= SMALL_SHARE * len(cohort) else SMALL_SHARE
    check_join(frame["clip_id"].tolist(), cohort.clip_ids, where, most=most)
    frame = frame.loc[[clip_id in cohort for clip_id in frame["clip_id"]]]
    frame = frame.assign(fold=_folds(frame, number, cohort, problems))
    problems.raise_if_any(TableError)
    return frame[["clip_id", "fold", *timed, *labels]]


def _folds(frame: pd.DataFrame, number: Fold, cohort: Cohort, problems: Problems) -> list[float]:
    """Return each row's fold: the file's, else the column's, else the cohort's."""
    column = frame["fold"].tolist() if "fold" in frame.columns else [np.nan] * len(frame)
    folds: list[float] = []
    for place, clip_id, written in zip(frame.index, frame["clip_id"], column, strict=True):
        published = cohort.folds.get(clip_id)
        own = number if number is not None else written
        if number is not None and published not in (None, number):
            problems.add(
                f"{frame.index.name} {place}: clip {clip_id!r} belongs to fold {published}, "
                f"not {number}"
            )
        if np.isnan(own):
            own = published
        folds.append(np.nan if own is None else float(own))
    return folds


def _task_of(cohort: Cohort, where: str) -> Task:
    if cohort.task is None:
        raise ConfigError(f"{where}: the cohort doesn't say what is asked, labels or a number")
    return cohort.task


def _seen_groups(
    fold_of: Mapping[str, Fold], cohort: Cohort, trained_on: str, where: str
) -> dict[Fold, Groups]:
    if trained_on == "unknown":
        return {}
    if trained_on == "other data":
        return {None: frozenset()}
    training = [clip.clip_id for clip in cohort.select("train")]
    all_training = frozenset(cohort.groups[clip_id] for clip_id in training)
    if trained_on == "train":
        return {None: all_training}
    held_out: dict[int, set[str]] = {}
    fold_of_group: dict[str, int] = {}
    problems = Problems(where)
    published = [(clip_id, cohort.folds.get(clip_id)) for clip_id in training]
    for clip_id, fold in [*fold_of.items(), *published]:
        if fold is None:
            continue
        group = cohort.groups[clip_id]
        held_out.setdefault(fold, set()).add(group)
        first = fold_of_group.setdefault(group, fold)
        told = f"group {group!r} is in folds {first} and {fold}"
        if first != fold and told not in problems.lines:
            problems.add(told)
    problems.raise_if_any(TableError)
    seen: dict[Fold, Groups] = {fold: all_training - groups for fold, groups in held_out.items()}
    if any(fold is None and cohort[clip_id].split != "train" for clip_id, fold in fold_of.items()):
        seen[None] = all_training
    return seen


def _check_choice(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ConfigError(
            f"unknown {what} {value!r}{suggest(value, known)} (known: {', '.join(known)})"
        )
