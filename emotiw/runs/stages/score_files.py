"""Score tables as files of a run, and as files of the store that know what they were made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emotiw.core.score_table import ScoreTable


def score_files(table: ScoreTable, name: str, **noted: Any) -> dict[str, bytes]:
    """Return the table and its card as files of a run, ``<name>.csv`` and ``<name>.json``."""
    return dict(zip((f"{name}.csv", f"{name}.json"), table.to_files(noted), strict=True))


def write_scores(table: ScoreTable, path: Path, *, key: str, **noted: Any) -> None:
    """Write a table with the key of what it was made from, and whatever else is worth noting."""
    table.write_csv(path, provenance={"key": key, **noted})
