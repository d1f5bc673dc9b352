"""Features that another tool computed: npz, CSV or Parquet, keyed by clip id."""

from __future__ import annotations

import io
import warnings
import zlib
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import pandas as pd

from emotiw.core.config import Strict
from emotiw.core.csv_rows import read_rows, row_lines, text_of
from emotiw.core.errors import Problems, TableError, suggest
from emotiw.core.feature_table import (
    FeatureArray,
    FeatureSpec,
    FeatureTable,
    LearntOn,
    Times,
    Unit,
)
from emotiw.core.files import shown_in_full
from features.extractor import Extractor

KEY_COLUMNS = ("clip_id", "frame", "time_sec")
MISSING = ("", "NA", "N/A", "NaN", "nan", "-nan", "null", "NULL", "None", "<NA>")


class ImportedOptions(Strict):
    """Options of features from elsewhere.

    Attributes:
        path: a ``.npz`` of one array per clip id, ``(n, dim)`` or ``(dim,)``; or a ``.csv`` or
            ``.parquet`` with a column ``clip_id``, numeric columns, and for several rows per clip
            optionally ``frame`` or ``time_sec`` to order them by; the latter also tells when each
            row is, where answers are asked for step by step.
        ids: for a bare matrix, a ``.npy`` or a ``.npz`` of one array, ``(n_clips, dim)`` or
            ``(n_clips, n, dim)``: the file with the clip ids of its rows, one a line.
        unit: what a row stands for.
        columns: the columns to take; all numeric ones by default.
        trained_on: what the tool that made them was trained on: ``other data``, or ``train``, the
            training clips of this challenge, or ``unknown``. Unless it is other data, models that
            read them have no held-out scores of training clips.
    """

    path: Path
    ids: Path | None = None
    unit: Unit = "clip"
    columns: tuple[str, ...] | None = None
    trained_on: LearntOn = "other data"


class ImportedFeatures(Extractor):
    """Rows that are there already."""

    Options = ImportedOptions
    needs = "table"

    def table(self, root: Path) -> FeatureTable:
        """Return the rows of every clip in the file."""
        return import_features(self.name, self.options, root=root)

    @classmethod
    def outside_files(cls, options: ImportedOptions, root: Path) -> list[Path]:
        """Return the file, and that of its ids."""
        return [root / path for path in (options.path, options.ids) if path is not None]


def import_features(name: str, options: ImportedOptions, *, root: Path = Path()) -> FeatureTable:
    """Read features from elsewhere as a table like any other.

    A row that holds NaN is masked, so a tool's mark for "no face" stays a missing face.

    Args:
        name: what the recipe calls this feature.
        options: where they are.
        root: what a relative path is relative to.

    Raises:
        TableError: if the file can't be read, or clips differ in their number of columns.
    """
    path = root / options.path
    if not path.is_file():
        raise TableError(f"feature {name!r}: no file {shown_in_full(path)}")
    columns: tuple[str, ...] | None = None
    times: dict[str, Times] = {}
    if options.ids is not None:
        arrays = _matrix_arrays(path, root / options.ids)
    elif path.suffix == ".npz":
        if options.columns is not None:
            raise TableError(f"feature {name!r}: the arrays of {path} have no named columns")
        arrays = dict(_npz_arrays(path))
    elif path.suffix in {".csv", ".parquet"}:
        frame = _read_frame(path)
        columns = _value_columns(frame, options.columns, path)
        arrays = dict(_frame_arrays(frame, columns))
        if "time_sec" in frame.columns and options.unit != "clip":
            found = _frame_arrays(frame, ("time_sec", "time_sec"))
            times = {clip_id: at for clip_id, at in found if np.isfinite(at).all()}
    else:
        hint = "; a bare matrix needs the ids of its rows (ids: FILE)" * (path.suffix == ".npy")
        raise TableError(f"feature {name!r}: {path} is neither .npz nor .csv nor .parquet{hint}")
    if not arrays:
        raise TableError(f"feature {name!r}: {path} holds no clip")
    dims = {clip_id: values.shape[1] for clip_id, values in arrays.items()}
    first = next(iter(dims))
    problems = Problems(str(path))
    for clip_id, dim in dims.items():
        if dim != dims[first]:
            problems.add(f"clip {clip_id!r} has {dim} columns, clip {first!r} has {dims[first]}")
        if options.unit == "clip" and len(arrays[clip_id]) != 1:
            problems.add(
                f"clip {clip_id!r} has {len(arrays[clip_id])} rows, and a clip has one; "
                "unit: frame?"
            )
    problems.raise_if_any(TableError)
    spec = FeatureSpec(name, (dims[first],), options.unit, columns=columns)
    masked = {c: FeatureArray.finite(values, times.get(c)) for c, values in arrays.items()}
    return FeatureTable(
        spec,
        {c: array for c, array in masked.items() if array.present.any()},
        trained_on=options.trained_on,
    )


def _npz_arrays(path: Path, *, most_axes: int = 2) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            for clip_id in file.files:
                values = np.asarray(file[clip_id], dtype=np.float64)
                if not 1 <= values.ndim <= most_axes:
                    raise TableError(
                        f"{path}: clip {clip_id!r} has shape {values.shape}; "
                        "expected (n, dim) or (dim,)"
                    )
                yield clip_id, np.atleast_2d(values)
    except (OSError, ValueError, TypeError, EOFError, BadZipFile, zlib.error) as error:
        raise TableError(f"{path}: can't be read as npz of plain arrays: {error}") from error


def _matrix_arrays(path: Path, ids: Path) -> dict[str, npt.NDArray[np.float64]]:
    """Return the rows of a matrix by the ids that a file has for them."""
    problems = Problems(str(ids))
    if path.suffix == ".npy":
        try:
            matrix = np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
        except (OSError, ValueError, TypeError, EOFError) as error:
            raise TableError(f"{path}: can't be read as a plain array: {error}") from error
    else:
        arrays = [np.asarray(array) for _, array in _npz_arrays(path, most_axes=3)]
        if len(arrays) != 1:
            raise TableError(f"{path}: holds {len(arrays)} arrays; with ids it should be one")
        matrix = arrays[0]
    if not ids.is_file():
        raise TableError(f"no file {ids} with the ids of {path.name}")
    names = [line.strip() for line in text_of(ids)[0].splitlines()]
    names = [name for name in names if name]
    if names[:1] == ["clip_id"]:
        del names[0]
    if matrix.ndim not in {2, 3} or len(matrix) != len(names):
        problems.add(f"{len(names)} ids for an array of shape {matrix.shape}")
    for name in sorted(name for name, n in Counter(names).items() if n > 1):
        problems.add(f"clip {name!r} comes more than once")
    problems.raise_if_any(TableError)
    return {name: np.atleast_2d(rows) for name, rows in zip(names, matrix, strict=True)}


def _read_frame(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    except (OSError, ValueError, pd.errors.ParserWarning) as error:
        problems = Problems(str(path))
        if path.suffix == ".csv":  # pandas counts lines in its own way
            deque(read_rows(path, ("clip_id",), problems), maxlen=0)
        problems.raise_if_any(TableError)
        raise TableError(f"{path}: can't be read: {error}") from error
    if "clip_id" not in frame.columns:
        hint = suggest("clip_id", map(str, frame.columns))
        raise TableError(f"{path}: no column 'clip_id'{hint}")
    problems = Problems(str(path))
    ids = frame["clip_id"].tolist()
    wrong = [row for row, i in enumerate(ids) if not isinstance(i, str) or not i]
    for place, row in zip(_places(path, wrong), wrong, strict=True):
        problems.add(f"{place}: clip id {ids[row]!r} is not text")
    for column in frame.columns.intersection(["frame", "time_sec"]):
        if not pd.api.types.is_numeric_dtype(frame[column]):
            why = _first_text(frame, str(column), path)
            problems.add(f"column {column!r} holds something else than numbers to order by{why}")
    problems.raise_if_any(TableError)
    return frame.astype({"clip_id": "str"})


def _read_csv(path: Path) -> pd.DataFrame:
    # ids stay text: 000143240 keeps its zeros, and NA is an id
    text, mark = text_of(path)
    style: Any = {"sep": mark, "decimal": "." if mark == "," else _point_of(text)}
    columns = pd.read_csv(io.StringIO(text), nrows=0, **style).columns
    with warnings.catch_warnings():
        # fields beyond the last column would be dropped
        warnings.simplefilter("error", pd.errors.ParserWarning)
        frame: pd.DataFrame = pd.read_csv(
            io.StringIO(text),
            dtype={"clip_id": str},
            keep_default_na=False,
            na_values={c: MISSING for c in columns if c != "clip_id"},
            index_col=False,
            **style,
        )
        return frame


def _point_of(text: str) -> str:
    """Return what stands for the point in a table whose cells commas are not between."""
    body = text.partition("\n")[2]
    return "," if body.count(",") > body.count(".") else "."


def _places(path: Path, rows: Sequence[int]) -> list[str]:
    """Return where rows are in their file; it is read once more for that, and only then."""
    if path.suffix != ".csv" or not rows:
        return [f"row {row + 1}" for row in rows]
    lines = row_lines(path)
    return [f"line {lines[row]}" for row in rows]


def _first_text(frame: pd.DataFrame, column: str, path: Path) -> str:
    """Return which cell of a column is no number, and where."""
    cells = frame[column]
    rows = np.flatnonzero(pd.to_numeric(cells, errors="coerce").isna() & cells.notna()).tolist()
    return f": {_places(path, rows[:1])[0]}: {cells.iloc[rows[0]]!r}" if rows else ""


def _value_columns(
    frame: pd.DataFrame, wanted: tuple[str, ...] | None, path: Path
) -> tuple[str, ...]:
    problems = Problems(str(path))
    numeric = [str(c) for c in frame.select_dtypes("number").columns if c not in KEY_COLUMNS]
    for column in wanted or ():
        if column not in numeric:
            is_text = column in frame.columns
            why = _first_text(frame, column, path) if is_text else suggest(column, numeric)
            problems.add(f"no numeric column {column!r}{why}")
    if not numeric and not problems.lines:
        problems.add("no numeric columns")
    problems.raise_if_any(TableError)
    return wanted or tuple(numeric)


def _frame_arrays(
    frame: pd.DataFrame, columns: tuple[str, ...]
) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    order = [column for column in KEY_COLUMNS if column in frame.columns]
    ordered = frame.sort_values(order, kind="stable")
    for clip_id, rows in ordered.groupby("clip_id", sort=True):
        yield str(clip_id), rows[list(columns)].to_numpy(np.float64, na_value=np.nan)
