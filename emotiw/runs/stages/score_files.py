"""Score tables on disk that know what they were made from, and whether a person changed them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from emotiw.core.errors import TableError
from emotiw.core.files import sha256_of
from emotiw.core.score_table import ScoreTable


def write_scores(table: ScoreTable, path: Path, *, key: str, **noted: Any) -> None:
    """Write a table with the key of what it was made from, and whatever else is worth noting."""
    provenance = {"key": key, **noted}
    table.write_csv(path, provenance=provenance)
    table.write_csv(path, provenance=provenance | {"sha256": sha256_of(path)})


def reusable_scores(path: Path, key: str, *, force: bool = False) -> ScoreTable | None:
    """Return the table at ``path`` if it was made from ``key``, changed by hand or not.

    Args:
        path: the CSV.
        key: of what the table would be made from now.
        force: make it anew whatever is there.

    Raises:
        TableError: if it was changed by hand and would now be overwritten.
    """
    if force or not path.is_file():
        return None
    try:
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        noted = card["provenance"]
        is_edited = noted["sha256"] != sha256_of(path)
        is_current = noted["key"] == key
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if is_current:
        return ScoreTable.read_csv(path)
    if is_edited:
        raise TableError(
            f"{path} was changed by hand, and what it was made from has changed too: "
            "keep a copy and use --force to make it anew"
        )
    return None
