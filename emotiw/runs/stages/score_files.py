"""Score tables as files of a run, and as files of the store that know what they were made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from emotiw.core.errors import TableError
from emotiw.core.files import sha256_of
from emotiw.core.score_table import ScoreTable


def score_files(table: ScoreTable, name: str) -> dict[str, bytes]:
    """Return the table and its card as files of a run, ``<name>.csv`` and ``<name>.json``."""
    return dict(zip((f"{name}.csv", f"{name}.json"), table.to_files(), strict=True))


def write_scores(table: ScoreTable, path: Path, *, key: str, **noted: Any) -> None:
    """Write a table with the key of what it was made from, and whatever else is worth noting."""
    table.write_csv(path, provenance={"key": key, **noted})


def kept_scores(path: Path, key: str) -> ScoreTable | None:
    """Return the table that was written with this key; None where it is not there, or not whole."""
    try:
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        noted = card["provenance"]
        if noted["key"] != key or noted["sha256"] != sha256_of(path):
            return None
        return ScoreTable.read_csv(path)
    except (OSError, ValueError, KeyError, TypeError, TableError):
        return None
