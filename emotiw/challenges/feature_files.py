"""Features from elsewhere that lie in a folder: which files hold rows of the clips of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from zipfile import BadZipFile

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
            import pandas as pd

            n_numbers = pd.read_csv(path, nrows=100).select_dtypes("number").shape[1]
            ids = pd.read_csv(path, usecols=["clip_id"], dtype="str")["clip_id"]
            return [str(name) for name in ids] if n_numbers > 1 else []
    except (OSError, ValueError, KeyError, BadZipFile):
        pass
    return []
