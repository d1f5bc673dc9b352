"""Probable speakers on disk: ``speakers.csv`` in a run's folder, which may be mended by hand."""

from __future__ import annotations

from pathlib import Path

from emotiw.core.config import read_document
from emotiw.core.csv_rows import read_records
from emotiw.core.errors import TableError

SPEAKERS = "speakers.csv"


def read_estimated(folder: Path) -> dict[str, int]:
    """Return the number of the probable speaker of every clip that ``speakers.csv`` knows.

    Raises:
        TableError: naming every line that is wrong.
    """
    path = folder / SPEAKERS
    if not path.is_file():
        return {}
    columns = ("clip_id", "speaker")
    return dict(
        read_records(path, columns, lambda row: (row["clip_id"], int(row["speaker"])), TableError)
    )


def are_groups_estimated(folder: Path) -> bool:
    """Return whether the recipe of a run's folder asks for them, and they are there."""
    recipe = folder / "recipe.yaml"
    if not recipe.is_file() or not (folder / SPEAKERS).is_file():
        return False
    folds = read_document(recipe).data.get("folds")
    return isinstance(folds, dict) and folds.get("groups") == "estimated"
