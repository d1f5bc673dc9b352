"""Which artifact of the store belongs to which clip: ``faces.csv``, ``features/….csv``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from emotiw.core.csv_rows import read_records, rows_as_csv
from emotiw.core.errors import MissingStageError, TableError
from emotiw.core.feature_table import FeatureArray
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


def artifacts_as_csv(artifacts: Mapping[str, Artifact]) -> bytes:
    """Return the table as CSV, by clip id."""
    rows = [(c, a.key, a.n_rows, a.n_present) for c, a in sorted(artifacts.items())]
    return rows_as_csv([COLUMNS, *rows])


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
    return dict(read_records(path, COLUMNS, _read_row, TableError))


def _read_row(row: Mapping[str, str]) -> tuple[str, Artifact]:
    try:
        return row["clip_id"], Artifact(row["key"], int(row["n_rows"]), int(row["n_present"]))
    except ValueError:
        raise ValueError("n_rows and n_present must be whole numbers") from None


class StoredArrays(Mapping[str, FeatureArray]):
    """The rows of every clip that has any, read from the store as they are asked for."""

    def __init__(self, store: Store, stage: str, artifacts: Mapping[str, Artifact]) -> None:
        self._store = store
        self._stage = stage
        self._keys = {c: artifact.key for c, artifact in artifacts.items() if artifact.n_present}

    def __getitem__(self, clip_id: str) -> FeatureArray:
        tensors = self._store.read(self._stage, self._keys[clip_id])
        return FeatureArray(tensors["values"], tensors["present"], tensors.get("times"))  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)
