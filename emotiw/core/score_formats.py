"""Tables of scores as other programs keep them: CSV, Parquet, or arrays by column in an npz."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emotiw.core.csv_rows import read_frame, text_frame
from emotiw.core.errors import TableError
from emotiw.core.files import read_file

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".parquet", ".npz")
MATRIX, NAMES = "scores", "labels"


def read_table_file(path: Path) -> pd.DataFrame:
    """Return a table as text, an empty cell the empty text.

    An ``.npz`` has an array per column, ``clip_id`` among them, or the columns ``labels`` together
    as ``scores``, ``(n, n_labels)``; no pickled objects. Whatever else the name ends in is CSV.

    Raises:
        TableError: if it can't be read, or its columns have not the same length.
    """
    if path.suffix not in {".parquet", ".npz"}:
        return read_frame(path)
    try:
        return text_frame(_parquet(path) if path.suffix == ".parquet" else _npz(path))
    except TableError as error:
        raise TableError(f"{path}: {error}") from error


def _parquet(path: Path) -> pd.DataFrame:
    import io

    import pandas as pd

    try:
        return pd.read_parquet(io.BytesIO(read_file(path)))
    except ImportError as error:
        raise TableError("Parquet needs pyarrow: pip install pyarrow") from error
    except (OSError, ValueError) as error:
        raise TableError(f"can't be read as Parquet: {error}") from error


def _npz(path: Path) -> pd.DataFrame:
    import io

    import pandas as pd

    try:
        with np.load(io.BytesIO(read_file(path)), allow_pickle=False) as file:
            arrays: dict[str, Any] = {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise TableError(f"can't be read as npz of plain arrays: {error}") from error
    if MATRIX in arrays and NAMES in arrays:
        matrix, names = arrays.pop(MATRIX), [str(name) for name in arrays.pop(NAMES)]
        if matrix.ndim != 2 or matrix.shape[1] != len(names):
            raise TableError(f"scores of {matrix.shape} for {len(names)} labels")
        arrays |= dict(zip(names, matrix.T, strict=True))
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1 or any(len(s) != 1 for s in shapes.values()):
        told = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise TableError(f"expected one array per column, all of one length, got {told}")
    return pd.DataFrame(arrays)
