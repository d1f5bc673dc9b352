"""Which artifacts of a store the runs beside it use: their own tables say."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from emotiw.core.store import STAGES

Used = dict[str, set[tuple[str, str]]]


def used_by_runs(runs: Path, store: Path) -> Used:
    """Return stage and key of what every run uses, by its name; ablations count as their run.

    A table that can't be read names nothing.
    """
    used: Used = defaultdict(set)
    for folder in sorted(path for path in runs.iterdir() if path.is_dir()) if runs.is_dir() else ():
        if folder.resolve() == store.resolve() or not any(folder.glob("*.csv")):
            continue
        used[folder.name].update(_keys_in(folder))
    return dict(used)


def _keys_in(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*.csv"):
        stage = "faces" if path.name == "faces.csv" else path.parent.name
        if stage in STAGES:
            yield from ((stage, key) for key in _keys_of(path))


def _keys_of(table: Path) -> Iterator[str]:
    try:
        if table.parent.name == "scores":
            card = json.loads(table.with_suffix(".json").read_text(encoding="utf-8"))
            yield str(card["provenance"]["key"])
            return
        with table.open(encoding="utf-8-sig", newline="") as file:
            yield from (row["key"] for row in csv.DictReader(file) if row.get("key"))
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return
