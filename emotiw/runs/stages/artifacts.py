"""Which artifact of the store belongs to which clip: ``faces.csv``, ``features/….csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from emotiw.core.errors import MissingStageError, Problems, TableError, suggest
from emotiw.core.feature_table import FeatureArray
from emotiw.core.files import atomic_write
from emotiw.core.store import Store

COLUMNS = ("clip_id", "key", "n_rows", "n_present")


@dataclass(frozen=True)
class Artifact:
    """One clip's artifact.

    Attributes:
        key: its name in the store.
        n_rows: rows that it holds: frames, snippets, or faces.
        n_present: rows that hold data.
    """

    key: str
    n_rows: int
    n_present: int


def write_artifacts(path: Path, artifacts: Mapping[str, Artifact]) -> None:
    """Write the table as CSV, by clip id."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for clip_id in sorted(artifacts):
        artifact = artifacts[clip_id]
        writer.writerow([clip_id, artifact.key, artifact.n_rows, artifact.n_present])
    atomic_write(path, buffer.getvalue().encode())


def read_artifacts(path: Path, *, made_by: str) -> dict[str, Artifact]:
    """Read the table.

    Args:
        path: the CSV.
        made_by: the command that makes it, for the message where it is missing.

    Raises:
        MissingStageError: if that command has not run yet.
        TableError: if the table is damaged.
    """
    if not path.is_file():
        raise MissingStageError(f"{path} is not there yet: run `emotiw {made_by}`")
    problems = Problems(str(path))
    artifacts: dict[str, Artifact] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for column in COLUMNS:
            if column not in (reader.fieldnames or ()):
                hint = suggest(column, reader.fieldnames or ())
                problems.add(f"line 1: no column {column!r}{hint}")
        problems.raise_if_any(TableError)
        for row in reader:
            try:
                artifact = Artifact(row["key"], int(row["n_rows"]), int(row["n_present"]))
            except (TypeError, ValueError):
                problems.add(f"line {reader.line_num}: n_rows and n_present must be whole numbers")
                continue
            artifacts[row["clip_id"]] = artifact
    problems.raise_if_any(TableError)
    return artifacts


class StoredArrays(Mapping[str, FeatureArray]):
    """The rows of every clip that has any, read from the store as they are asked for."""

    def __init__(self, store: Store, stage: str, artifacts: Mapping[str, Artifact]) -> None:
        self._store = store
        self._stage = stage
        self._keys = {c: artifact.key for c, artifact in artifacts.items() if artifact.n_present}

    def __getitem__(self, clip_id: str) -> FeatureArray:
        tensors = self._store.read(self._stage, self._keys[clip_id])
        return FeatureArray(tensors["values"], tensors["present"])  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)
