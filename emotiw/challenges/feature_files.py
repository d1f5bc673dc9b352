"""Features from elsewhere that lie in a folder: which files hold rows of the clips of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from zipfile import BadZipFile

from emotiw.challenges.found_table import read_found_table
from emotiw.challenges.table_columns import is_number
from emotiw.core.errors import ManifestError

FEWEST = 0.5  # of the clips


def feature_files(folder: Path, ids: Collection[str]) -> dict[str, str]:
    """Return the unit (``clip`` or ``frame``) of every file with features of these clips, by name.

    A file that can't be read, or that has rows of other clips alone, is none.
    """
    found = {}
    for path in sorted(folder.iterdir()):
        rows = Counter(_ids_of(path))
        if sum(clip_id in rows for clip_id in ids) >= max(1, FEWEST * len(ids)):
            found[path.name] = "clip" if max(rows.values()) == 1 else "frame"
    return found


def _ids_of(path: Path) -> list[str]:
    """Return the clip of every row of features in a file; nothing where it has none."""
    try:
        if path.suffix == ".npz":
            import numpy as np

            with np.load(path, allow_pickle=False) as arrays:
                return [
                    name
                    for name in arrays.files
                    for _ in range(len(arrays[name]) if arrays[name].ndim == 2 else 1)
                ]
        if path.suffix == ".parquet":
            import pandas as pd

            return [str(name) for name in pd.read_parquet(path, columns=["clip_id"])["clip_id"]]
        if path.suffix == ".csv":
            table = read_found_table(path)
            numbers = [c for c in table.columns if all(map(is_number, table.values(c)))]
            if "clip_id" in table.columns and len(set(numbers) - {"clip_id"}) > 1:
                return table.values("clip_id")
    except (OSError, ValueError, KeyError, BadZipFile, ManifestError):
        pass
    return []
