"""What a saved model was made with, as a JSON that a person can read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emotiw.core.errors import ConfigError, TableError
from emotiw.core.feature_table import FeatureSpec
from emotiw.core.files import atomic_write
from emotiw.core.joined_features import JoinedSpec
from emotiw.core.task import Task
from emotiw.core.task_kinds import task_of

CARD = "card.json"


@dataclass(frozen=True)
class Card:
    """The arguments of a model's constructor, and the version of its code.

    Attributes:
        options: the model's options as plain values.
        spec: the feature that it reads.
        task: what it predicts.
        seed: of its random numbers.
        version: of the class that wrote it.
    """

    options: dict[str, Any]
    spec: FeatureSpec
    task: Task
    seed: int
    version: str

    def write(self, folder: Path) -> None:
        """Write the card into the folder of a model."""
        fields = {
            "options": self.options,
            "spec": asdict(self.spec),
            "goal": self.task.to_dict(),
            "seed": self.seed,
            "version": self.version,
        }
        text = json.dumps(fields, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        atomic_write(folder / CARD, text.encode())

    @classmethod
    def read(cls, folder: Path) -> Card:
        """Return the card of a saved model; ConfigError if it can't be read."""
        path = folder / CARD
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                options=fields["options"],
                spec=_spec_of(fields["spec"]),
                task=task_of(fields["goal"]),
                seed=fields["seed"],
                version=fields["version"],
            )
        except (OSError, ValueError, KeyError, TypeError, IndexError, TableError) as error:
            raise ConfigError(f"{path}: not the card of a model ({error})") from error


def _spec_of(told: dict[str, Any]) -> FeatureSpec:
    columns = told["columns"]
    more = {
        "shape": tuple(told["shape"]),
        "columns": tuple(columns) if columns is not None else None,
    }
    if "parts" in told:
        return JoinedSpec(**told | more | {"parts": tuple(map(_spec_of, told["parts"]))})
    return FeatureSpec(**told | more)
