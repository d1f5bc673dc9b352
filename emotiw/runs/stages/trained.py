"""Which trained model of the store belongs to which fold of a run: ``models/<name>.csv``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from emotiw.core.csv_rows import read_records, rows_as_csv
from emotiw.core.errors import MissingStageError, TableError
from emotiw.core.score_table import Fold
from emotiw.models.model import Model
from emotiw.models.out_of_fold import MODEL, is_fitted
from emotiw.models.registry import MODELS
from emotiw.runs.recipe import ModelEntry
from emotiw.runs.run import Run

COLUMNS = ("fold", "key")
FINAL = "final"


def model_keys_as_csv(keys: Mapping[Fold, str]) -> bytes:
    """Return the keys of a modality's models, one per fold; the final one is fold ``final``."""
    rows = [[FINAL if fold is None else str(fold), key] for fold, key in keys.items()]
    return rows_as_csv([list(COLUMNS), *rows])


def read_model_keys(run: Run, name: str) -> dict[Fold, str]:
    """Read what :func:`model_keys_as_csv` gave.

    Raises:
        MissingStageError: if the model has not been trained yet.
        TableError: if the table is damaged.
    """
    path = run.models_path(name)
    if not path.is_file():
        raise MissingStageError(f"{path} is not there yet: run `emotiw train` with this recipe")
    return dict(read_records(path, COLUMNS, _read_row, TableError))


def _read_row(row: Mapping[str, str]) -> tuple[Fold, str]:
    if row["fold"] != FINAL and not row["fold"].isdecimal():
        raise ValueError(f"fold {row['fold']!r} is neither a number nor {FINAL!r}")
    return None if row["fold"] == FINAL else int(row["fold"]), row["key"]


def model_folder(run: Run, key: str) -> Path:
    """Return where the store keeps a trained model and its checkpoint."""
    return run.store.root / "models" / key[:2] / key


def load_final_model(run: Run, entry: ModelEntry) -> Model:
    """Return the model that scored the run's test clips.

    Raises:
        MissingStageError: if it has not been trained, or is no longer in the store.
        ConfigError: if its files are damaged.
    """
    key = read_model_keys(run, entry.name).get(None)
    folder = model_folder(run, key or "")
    if key is None or not is_fitted(folder):
        raise MissingStageError(
            f"the trained model {entry.name!r} is not in {run.store.root}: run `emotiw train "
            f"{run.folder} {entry.name} --force`"
        )
    return MODELS.resolve(entry.model).load(folder / MODEL)
