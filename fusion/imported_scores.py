"""Scores from any model, as CSV, with what its models were trained on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from emotiw.core.errors import ConfigError, Problems, TableError, suggest
from emotiw.core.probabilities import softmax
from emotiw.core.score_table import Fold, Groups, ScoreTable, Task
from fusion.label_names import translated

Kind = Literal["auto", "probabilities", "log-probabilities", "logits"]
TrainedOn = Literal["unknown", "other folds", "train", "other data"]
KEYS = ("clip_id", "split", "fold")
ROUNDING = 0.02  # how far rows of published, rounded probabilities may be from a sum of 1


class ClipFacts(NamedTuple):
    """What an import needs to know of a clip: its split, group and published fold."""

    split: str
    group: str
    fold: Fold = None


def import_scores(
    path: Path,
    *,
    name: str,
    labels: Sequence[str],
    clips: Mapping[str, tuple[str, str, Fold]],
    kind: Kind = "auto",
    trained_on: TrainedOn = "other folds",
    task: Task = "classification",
) -> ScoreTable:
    """Read the scores of a model from elsewhere.

    Args:
        path: a CSV with a column ``clip_id`` and one per label, in any order and any of the
            usual vocabularies; or a folder with one such CSV per fold, whose names end in the
            number of the fold.
        name: of the modality.
        labels: of the task, in class order; in regression the name of the target.
        clips: by clip id, split, group and published fold (or None); rows of other clips are
            left out.
        kind: what the numbers are. ``auto`` recognises it, and refuses what it can't.
        trained_on: what the models behind the scores were trained on.
            ``other folds``: cross-validation; the model of each fold has seen the training groups
            of all other folds, and one that scored clips without a fold all training groups.
            ``train``: one model that has seen all training groups. ``other data``: no group of
            this challenge. ``unknown``: fusion can't be fitted on these scores.
        task: regression takes the numbers as they are.

    Returns:
        Scores as probabilities, each row with its fold. Where ``other folds`` is said and no
        fold is known for a training clip, nothing is known of its model.

    Raises:
        TableError: naming file and line of everything that is wrong, and groups in two folds.
        ConfigError: if ``kind`` or ``trained_on`` is unknown.
    """
    _check_choice("trained_on", trained_on, get_args(TrainedOn))
    frames = [
        _checked(_read(file), str(file), tuple(labels), number, clips)
        for file, number in _files_with_folds(path, trained_on)
    ]
    everything = pd.concat(frames, ignore_index=True)
    return _table(everything, str(path), name, tuple(labels), clips, kind, trained_on, task)


def table_from_frame(
    frame: pd.DataFrame,
    *,
    name: str,
    labels: Sequence[str],
    clips: Mapping[str, tuple[str, str, Fold]],
    kind: Kind = "auto",
    trained_on: TrainedOn = "other folds",
    task: Task = "classification",
) -> ScoreTable:
    """Do what :func:`import_scores` does with a table that is already in pandas.

    Args:
        frame: with a column ``clip_id`` (or an index of that name) and one column per label.
        name: and the rest: as in :func:`import_scores`.

    Examples:
        >>> frame = pd.DataFrame({"clip_id": ["007"], "happiness": [0.9], "anger": [0.1]})
        >>> table = table_from_frame(frame, name="net", labels=("Angry", "Happy"),
        ...                          clips={"007": ("train", "bond", 0)})
        >>> table.predictions()
        {'007': 'Happy'}
    """
    _check_choice("trained_on", trained_on, get_args(TrainedOn))
    plain = frame.reset_index() if frame.index.name == "clip_id" else frame.reset_index(drop=True)
    plain = plain.rename(columns=str)
    if "clip_id" in plain.columns and not pd.api.types.is_string_dtype(plain["clip_id"]):
        raise TableError(f"scores of {name!r}: clip ids are text (numbers lose their zeros)")
    where = f"scores of {name!r}"
    checked = _checked(plain, where, tuple(labels), None, clips)
    return _table(checked, where, name, tuple(labels), clips, kind, trained_on, task)


def _table(
    frame: pd.DataFrame,
    where: str,
    name: str,
    labels: tuple[str, ...],
    clips: Mapping[str, tuple[str, str, Fold]],
    kind: Kind,
    trained_on: TrainedOn,
    task: Task,
) -> ScoreTable:
    _check_choice("kind of scores", kind, get_args(Kind))
    problems = Problems(where)
    for clip_id in frame["clip_id"][frame["clip_id"].duplicated()].unique():
        problems.add(f"clip {clip_id!r} has more than one row")
    if frame.empty:
        problems.add("no row is of a clip of this challenge")
    problems.raise_if_any(TableError)

    scores = frame[list(labels)].to_numpy(dtype=np.float64)
    if task == "classification":
        scores = to_probabilities(scores, kind, where=where)
    facts = [ClipFacts(*clips[clip_id]) for clip_id in frame["clip_id"]]
    folds: list[Fold] = [None] * len(facts)
    if trained_on == "other folds":
        folds = [None if pd.isna(fold) else int(fold) for fold in frame["fold"]]
    return ScoreTable(
        name=name,
        labels=labels,
        clip_ids=tuple(frame["clip_id"]),
        scores=scores,
        split=tuple(fact.split for fact in facts),
        fold=tuple(folds),
        seen_groups=_seen_groups(facts, folds, clips, trained_on, where),
        task=task,
    )


def to_probabilities(
    scores: npt.NDArray[np.float64], kind: Kind = "auto", *, where: str = "scores"
) -> npt.NDArray[np.float64]:
    """Turn logits or log-probabilities into probabilities; rounded ones get their sum of 1 back.

    Args:
        scores: ``(n, n_labels)``; rows of NaN stay as they are.
        kind: what they are; ``auto`` recognises it.
        where: named in errors.

    Raises:
        TableError: if they are not what was said, or can't be told apart.

    Examples:
        >>> to_probabilities(np.array([[0.0, 0.0]])).tolist()
        Traceback (most recent call last):
        ...
        emotiw.core.errors.TableError: scores: not negative, but rows don't sum to 1; say which \
kind of scores these are (probabilities, log-probabilities, logits)
        >>> to_probabilities(np.array([[0.0, 0.0]]), "logits").tolist()
        [[0.5, 0.5]]
    """
    there = ~np.isnan(scores).any(axis=1)
    present = scores[there]
    if kind == "auto":
        kind = _recognised(present, where)
    result = np.full_like(scores, np.nan)
    if kind == "probabilities":
        if len(present) and (present.min() < 0 or present.sum(axis=1).min() <= 0):
            raise TableError(f"{where}: negative or all 0; these are not probabilities")
        result[there] = present / present.sum(axis=1, keepdims=True)
        return result
    if len(present) and np.isposinf(present).any():
        raise TableError(f"{where}: infinite scores")
    result[there] = softmax(present)
    return result


def _recognised(present: npt.NDArray[np.float64], where: str) -> Kind:
    if not len(present):
        return "probabilities"
    if present.min() >= 0:
        if np.abs(present.sum(axis=1) - 1).max() <= ROUNDING:
            return "probabilities"
        raise TableError(
            f"{where}: not negative, but rows don't sum to 1; say which kind of scores these are "
            "(probabilities, log-probabilities, logits)"
        )
    return "logits"  # softmax does the same for log-probabilities


def _files_with_folds(path: Path, trained_on: str) -> list[tuple[Path, Fold]]:
    if path.is_file():
        return [(path, None)]
    files = sorted(path.glob("*.csv")) if path.is_dir() else []
    if not files:
        raise TableError(f"{path}: neither a CSV nor a folder with CSVs of scores")
    if trained_on != "other folds":
        return [(file, None) for file in files]
    numbers = [re.search(r"(\d+)$", file.stem) for file in files]
    problems = Problems(str(path))
    for file, number in zip(files, numbers, strict=True):
        if number is None:
            problems.add(f"{file.name}: its name doesn't end in the number of a fold")
    problems.raise_if_any(TableError)
    return [(file, int(n.group(1))) for file, n in zip(files, numbers, strict=True) if n]


def _read(file: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(
            file, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8-sig"
        )
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TableError(f"{file}: can't be read as CSV: {error}") from error


def _checked(
    frame: pd.DataFrame,
    where: str,
    labels: tuple[str, ...],
    number: Fold,
    clips: Mapping[str, tuple[str, str, Fold]],
) -> pd.DataFrame:
    """Return clip_id, fold and one column per label, for the clips that are known."""
    problems = Problems(where)
    meaning: dict[str, str] = {}
    for column in map(str, frame.columns):
        if column in KEYS:
            continue
        label = translated(column, labels)
        if label is None:
            problems.add(f"line 1: column {column!r} is no label{suggest(column, labels)}")
        elif label in meaning.values():
            problems.add(f"line 1: more than one column for label {label!r}")
        else:
            meaning[column] = label
    for column in ["clip_id", *labels]:
        if column not in frame.columns and column not in meaning.values():
            problems.add(f"line 1: no column {column!r}{suggest(column, map(str, frame.columns))}")
    problems.raise_if_any(TableError)

    frame = frame.rename(columns=meaning)
    for line in np.flatnonzero(frame["clip_id"].isna().to_numpy()) + 2:
        problems.add(f"line {line}: no clip id")
    for column in [*labels, *(["fold"] if "fold" in frame.columns else [])]:
        numbers = pd.to_numeric(frame[column], errors="coerce")
        for row in np.flatnonzero((numbers.isna() & frame[column].notna()).to_numpy()):
            problems.add(f"line {row + 2}: {column} {frame[column].iloc[row]!r} is not a number")
        frame[column] = numbers
    known = frame["clip_id"].isin(list(clips)).to_numpy()
    if not known.any() and len(frame):
        example = str(frame["clip_id"].iloc[0])
        problems.add(f"no clip of this challenge, e.g. {example!r}{suggest(example, clips)}")
    frame["fold"] = _folds(frame, known, number, clips, problems)
    problems.raise_if_any(TableError)
    return frame.loc[known, ["clip_id", "fold", *labels]]


def _folds(
    frame: pd.DataFrame,
    known: npt.NDArray[np.bool_],
    number: Fold,
    clips: Mapping[str, tuple[str, str, Fold]],
    problems: Problems,
) -> list[float]:
    """Return each row's fold: the file's, else the column's, else the published one."""
    folds: list[float] = []
    column = frame["fold"] if "fold" in frame.columns else pd.Series(np.nan, index=frame.index)
    for row, clip_id in enumerate(frame["clip_id"]):
        published = ClipFacts(*clips[clip_id]).fold if known[row] else None
        own = number if number is not None else column.iloc[row]
        if number is not None and published is not None and number != published:
            problems.add(
                f"line {row + 2}: clip {clip_id!r} belongs to fold {published}, not {number}"
            )
        if pd.isna(own):
            own = published
        folds.append(np.nan if own is None else float(own))
    return folds


def _seen_groups(
    facts: Sequence[ClipFacts],
    folds: Sequence[Fold],
    clips: Mapping[str, tuple[str, str, Fold]],
    trained_on: str,
    where: str,
) -> dict[Fold, Groups]:
    if trained_on == "unknown":
        return {}
    if trained_on == "other data":
        return {None: frozenset()}
    everything = [ClipFacts(*fact) for fact in clips.values()]
    all_training = frozenset(fact.group for fact in everything if fact.split == "train")
    if trained_on == "train":
        return {None: all_training}
    held_out: dict[int, set[str]] = {}
    fold_of_group: dict[str, int] = {}
    problems = Problems(where)
    published = [(fact, fact.fold) for fact in everything if fact.split == "train"]
    for fact, fold in [*zip(facts, folds, strict=True), *published]:
        if fold is None:
            continue
        held_out.setdefault(fold, set()).add(fact.group)
        if fold_of_group.setdefault(fact.group, fold) != fold:
            line = f"group {fact.group!r} is in folds {fold_of_group[fact.group]} and {fold}"
            if line not in problems.lines:
                problems.add(line)
    problems.raise_if_any(TableError)
    seen: dict[Fold, Groups] = {fold: all_training - groups for fold, groups in held_out.items()}
    if any(fact.split != "train" for fact, fold in zip(facts, folds, strict=True) if fold is None):
        seen[None] = all_training
    return seen


def _check_choice(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ConfigError(
            f"unknown {what} {value!r}{suggest(value, known)} (known: {', '.join(known)})"
        )
