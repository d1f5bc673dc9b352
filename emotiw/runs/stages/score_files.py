"""Score tables as files of a run, and as files of the store that know what they were made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emotiw.core.files import sha256_of
from emotiw.core.score_table import ScoreTable


def score_files(table: ScoreTable, name: str, **noted: Any) -> dict[str, bytes]:
    """Return the table and its card as files of a run, ``<name>.csv`` and ``<name>.json``."""
    return dict(zip((f"{name}.csv", f"{name}.json"), table.to_files(noted), strict=True))


def inner_name(model: str, fold: int) -> str:
    """Return what the inner scores of a model for one fold of the fusion are called in a run."""
    return f"inner/{model}/fold{fold}"


def read_inner(folder: Path, model: str) -> dict[int, tuple[ScoreTable, str]]:
    """Return by fold the inner scores of a model in a run's folder, and the sha256 of their file.

    There are none where the model came from elsewhere, or was fitted when none were asked for.
    """
    paths = sorted((folder / "inner" / model).glob("fold*.csv"))
    return {int(path.stem[4:]): (ScoreTable.read_csv(path), sha256_of(path)) for path in paths}


def write_scores(table: ScoreTable, path: Path, *, key: str, **noted: Any) -> None:
    """Write a table with the key of what it was made from, and whatever else is worth noting."""
    table.write_csv(path, provenance={"key": key, **noted})
