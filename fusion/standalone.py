"""Fuse score files of any models, with labels from a CSV: nothing else of the toolkit is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotiw.core.cohort import Cohort
from emotiw.core.cohort_table import cohort_of_frame
from emotiw.core.csv_rows import read_frame
from emotiw.core.errors import ConfigError, LeakageError, Problems, TableError, suggest
from emotiw.core.files import atomic_write
from emotiw.core.id_joins import check_join, likely_repair
from emotiw.core.imported_scores import TrainedOn, import_scores, label_columns
from emotiw.core.label_names import translated
from emotiw.core.score_frame import TIME
from emotiw.core.score_kinds import Kind
from emotiw.core.score_table import ScoreTable
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions
from fusion.result import FusionResult

if TYPE_CHECKING:
    import pandas as pd

MORE_THAN_SLIPS = 3  # rows of a label that the scores don't know


def fuse_files(
    scores: Sequence[Path],
    *,
    labels: Path,
    groups: Path | None = None,
    options: FusionOptions | None = None,
    kind: Kind | Mapping[str, Kind] = "auto",
    trained_on: TrainedOn | Mapping[str, TrainedOn] = "other folds",
    references: Sequence[Path] = (),
    seed: int = 0,
    out: Path | None = None,
) -> FusionResult:
    """Fuse CSVs of scores by clip id, and write the fused scores, the fusion and its metrics.

    Args:
        scores: per modality a CSV, or a folder with one CSV per fold; a CSV with the JSON that
            the toolkit writes beside it is taken with its own record of what its models saw.
        labels: a CSV with columns ``clip_id`` and ``label`` (or ``target``, or one per answer);
            ``group``, ``fold`` and ``split`` if there are any. Clips without a split are training
            clips, clips of the scores that it doesn't list are test clips. With a column
            ``time_sec`` it has a row for every step, and unknown answers are empty.
        groups: a CSV with columns ``clip_id`` and ``group`` instead of the column. A clip without
            a group stands for itself.
        options: of fusion.
        kind: what the numbers of the scores are; of all files, or by modality.
        trained_on: what their models were trained on, as in
            :func:`~emotiw.core.imported_scores.import_scores`; likewise.
        references: scores that the fusion is compared with but never sees.
        seed: of everything random.
        out: folder for ``fused.csv``, ``fusion.yaml`` and ``summary.txt``; None writes nothing.

    Raises:
        LeakageError: where models have seen the clips' groups, or nothing is known of them.
        TableError: naming file and line of everything that is wrong.
    """
    paths = [*scores, *references]
    names = _names(paths)
    tables = {n: ScoreTable.read_csv(p) for n, p in zip(names, paths, strict=True) if _has_card(p)}
    cohort = read_cohort(labels, groups, scores, split_of=known_splits(tables.values()))
    for name, path in zip(names, paths, strict=True):
        if name not in tables:
            about: dict[str, Any] = {
                "kind": _of(kind, name, names, "auto"),
                "trained_on": _of(trained_on, name, names, "other folds"),
                "tolerance_sec": None if options is None else options.tolerance_sec,
            }
            tables[name] = import_scores(path, cohort, name=name, **about)
    try:
        result = fuse(
            {name: tables[name] for name in names[: len(scores)]},
            cohort.rows,
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


def read_cohort(
    labels: Path, groups: Path | None, scores: Sequence[Path], *, split_of: Mapping[str, str]
) -> Cohort:
    """Return the clips of a CSV of labels; the scores' own columns tell the order of classes.

    Raises:
        TableError: naming file and line of everything that is wrong.
    """
    frame, columns = read_frame(labels), score_columns(scores[0])
    if TIME not in frame:
        _check_columns(frame, columns, scores[0], labels)
        _check_ids(frame, scores)
    return cohort_of_frame(
        frame,
        columns,
        where=str(labels),
        group_of=None if groups is None else _group_of(groups),
        split_of=split_of,
        unlabelled=[
            clip_id
            for path in scores
            for file in _files(path)
            for clip_id in read_frame(file).get("clip_id", ())
            if clip_id
        ],
    )


def _check_columns(frame: pd.DataFrame, columns: Sequence[str], scores: Path, labels: Path) -> None:
    """Blame the scores where their columns don't name the labels that there are."""
    counts = Counter(label for label in frame.get("label", ()) if label)
    strange = [
        label
        for label, n in counts.items()
        if translated(label, tuple(columns)) is None and n >= max(MORE_THAN_SLIPS, len(frame) // 50)
    ]
    if strange:
        hint = suggest(strange[0], columns)
        raise TableError(
            f"{scores}: no column for label {', '.join(map(repr, sorted(strange)))} of "
            f"{labels.name}{hint}; its columns are {', '.join(columns)}: call them as the labels"
        )


def _check_ids(frame: pd.DataFrame, scores: Sequence[Path]) -> None:
    """Refuse ids that would be labelled clips in another spelling; others are test clips.

    Raises:
        TableError: naming the likely repair.
    """
    labelled = set(frame.get("clip_id", ()))
    for file in (file for path in scores for file in _files(path)):
        ids = [clip_id for clip_id in read_frame(file).get("clip_id", ()) if clip_id]
        unknown = [clip_id for clip_id in ids if clip_id not in labelled]
        if likely_repair(unknown, labelled):
            check_join(ids, labelled, str(file))


def _of(said: str | Mapping[str, str], name: str, names: Sequence[str], default: str) -> str:
    """Return what is said of one modality."""
    if isinstance(said, str):
        return said
    for other in said:
        if other not in names:
            raise ConfigError(
                f"no scores called {other!r}{suggest(other, names)} (there are: {', '.join(names)})"
            )
    return said.get(name, default)


def score_columns(path: Path) -> tuple[str, ...]:
    """Return the labels that a CSV of scores, or the first of a folder, has columns for.

    Raises:
        TableError: if it can't be read.
    """
    return label_columns(map(str, read_frame(_files(path)[0]).columns))


def known_splits(tables: Iterable[ScoreTable]) -> dict[str, str]:
    """Return the split of every clip that tables have with their own record of it."""
    return {
        clip_id: split
        for table in tables
        for clip_id, split in zip(table.owners or table.clip_ids, table.split, strict=True)
    }


def _has_card(path: Path) -> bool:
    return path.is_file() and path.with_suffix(".json").is_file()


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


def _group_of(path: Path) -> dict[str, str]:
    frame = read_frame(path, ("clip_id", "group"))
    return {c: g for c, g in zip(frame["clip_id"], frame["group"], strict=True) if g}
