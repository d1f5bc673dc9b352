"""Score tables as files of a run, and as files of the store that know what they were made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emotiw.core.files import sha256_of
from emotiw.core.ledger import LedgerRow
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


def score_rows(stage: str, table: ScoreTable, *, of: str | None = None) -> list[LedgerRow]:
    """Return what became of every clip of a table of scores.

    Args:
        stage: as the ledger calls it.
        table: the scores.
        of: the feature that they were made from; None where they were imported.
    """
    what = of or "the import"
    found: dict[str, list[bool]] = {}
    for clip_id, is_present in zip(table.owners or table.clip_ids, table.present, strict=True):
        found.setdefault(clip_id, []).append(bool(is_present))
    rows = []
    for clip_id, present in found.items():
        if all(present):
            rows.append(LedgerRow(clip_id, stage, "ok"))
        elif any(present):
            told = f"{present.count(False)} of {len(present)} steps without scores: {what} has no"
            rows.append(LedgerRow(clip_id, stage, "partial", f"{told} rows near them"))
        else:
            told = f"no scores: {what} has no rows of this clip"
            rows.append(LedgerRow(clip_id, stage, "missing", told))
    return rows
