"""One stage of a run: what it would be made from now, and whether that is what there is.

Asked before any look at a clip: settings and hashes of a few files say whether a stage is up to
date. What a stage reads was made by other stages; where these would come out differently now, it
refuses, and names the setting or the file.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from emotiw.core.errors import MissingStageError, TableError
from emotiw.core.files import sha256_of
from emotiw.core.ledger import Ledger, LedgerRow
from emotiw.runs.description import description_of
from emotiw.runs.edits import Edit, edits_of
from emotiw.runs.records import Record
from emotiw.runs.run import Run

SHOWN = 3
DIGESTS = {
    "clips": "the clips have changed",
    "cohort": "the clips, their labels, groups or splits have changed",
    "folder": "the folder of the clips has changed",
}


@dataclass(frozen=True)
class Stage:
    """A stage as it would be made now.

    Attributes:
        run: the run.
        name: as the ledger calls it: ``faces``, ``features:voice``, ``train:voice``.
        command: that makes it, without ``emotiw``.
        settings: what it is made by, by ``key.key``; anything that JSON can hold.
        inputs: what it is made from: sha256 of files by name, digests by what they are of. Where
            all of both are as they were, the stage is up to date.
        after: the stages whose files it reads.
    """

    run: Run
    name: str
    command: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, str | None]
    after: Sequence[Stage] = field(default_factory=tuple)

    @cached_property
    def _settings(self) -> dict[str, Any]:
        plain: dict[str, Any] = json.loads(json.dumps(self.settings, default=str))
        return plain

    @property
    def record(self) -> Record | None:
        """The stage as it was made last."""
        return self.run.records.get(self.name)

    @property
    def missing(self) -> list[str]:
        """The files that it has written, and that are gone."""
        files = self.record.files if self.record else {}
        return [name for name in files if self.run.records.sha256(name) is None]

    @property
    def is_current(self) -> bool:
        """Whether all of it is there, made from what it would be made from now."""
        return self.record is not None and not self.differences() and not self.missing

    def is_to_do(self, *, force: bool = False) -> bool:
        """Return whether there is anything to make.

        Args:
            force: whatever is there: what was changed by hand, what failed, and what the store
                has lost, is made anew.

        Raises:
            MissingStageError: if what it reads is out of date.
        """
        self.require_inputs()
        return force or not self.is_current

    def differences(self, *, of_inputs: bool = True) -> list[str]:
        """Return what it would be made from otherwise than it was, in words.

        Args:
            of_inputs: False to look at the settings alone.
        """
        if self.record is None:
            return []
        found = [
            f"{key} was {_shown(self.record.settings, key)}, is {_shown(self._settings, key)}"
            for key in _different(self.record.settings, self._settings)
        ]
        if of_inputs:
            inputs = _different(self.record.inputs, self.inputs)
            found += [DIGESTS.get(name, f"{name} has changed") for name in inputs]
        return found

    @property
    def edits(self) -> list[Edit]:
        """Its files that were changed by hand."""
        return edits_of(self.run.records, self.name)

    def require_inputs(self, *, of_inputs: bool = True) -> None:
        """Refuse files that other stages have made from other settings, clips or files than now.

        A file of which nothing says how it was made is taken as it is.

        Args:
            of_inputs: False to look at the settings alone.

        Raises:
            MissingStageError: naming the difference, and the command that makes them anew.
        """
        for stage in self.after:
            stage.require_current(of_inputs=of_inputs)

    def require_current(self, *, of_inputs: bool = True) -> None:
        """Refuse the stage itself in the same way."""
        self.require_inputs(of_inputs=of_inputs)
        different = self.differences(of_inputs=of_inputs)
        if different:
            more = f" and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
            raise MissingStageError(
                f"{self.run.folder}: {self.name} is out of date: "
                f"{'; '.join(different[:SHOWN])}{more}: run `emotiw {self.command}`"
            )

    def commit(
        self,
        tables: Mapping[str, bytes],
        rows: Sequence[LedgerRow] = (),
        *,
        derived: Mapping[str, bytes] | None = None,
        force: bool = False,
    ) -> None:
        """Put the stage's files, its page of the ledger and the recipe in place together.

        Args:
            tables: files that people may change by hand, by name. One that was changed stays
                where the stage would write what it wrote before.
            rows: what became of every clip.
            derived: files that are always made anew.
            force: overwrite what was changed by hand.

        Raises:
            TableError: if a table was changed by hand and would be overwritten.
        """
        fresh = dict(tables) if force else self._without_edited(tables)
        derived = dict(derived or {})
        if rows:
            derived[self.run.ledger_page(self.name)] = Ledger(
                sorted(rows, key=lambda row: row.clip_id)
            ).to_csv()
        files = {name: _sha256(data) for name, data in {**tables, **derived}.items()}
        counts = Counter(row.status for row in rows)
        warnings = self.run.taken_warnings()
        record = Record(self._settings, self.inputs, files, dict(sorted(counts.items())), warnings)
        shared = {
            name: data
            for name, data in description_of(self.run.recipe).items()
            if self.run.records.sha256(name) != _sha256(data)
        }
        self.run.records.commit(self.name, record, {**fresh, **derived, **shared})

    def _without_edited(self, tables: Mapping[str, bytes]) -> dict[str, bytes]:
        records, fresh = self.run.records, {}
        for name, data in tables.items():
            new, now, written = _sha256(data), records.sha256(name), records.written(name)
            if now in (None, new, written) or (written is None and self._is_own(name, now)):
                fresh[name] = data
            elif new != written:
                edit = next((each for each in edits_of(records) if each.name == name), None)
                who = edit or f"{name} is there, and nothing says that a stage has written it"
                raise TableError(
                    f"{self.run.folder}: {who}; what it would be made from now gives another: "
                    "keep a copy and use --force to make it anew"
                )
        return fresh

    def _is_own(self, name: str, sha256: str | None) -> bool:
        # scores of earlier versions have no record, but a card that knows their hash
        try:
            path = (self.run.folder / name).with_suffix(".json")
            noted = json.loads(path.read_text(encoding="utf-8"))["provenance"]["sha256"]
            return name.endswith(".json") or bool(noted == sha256)
        except (OSError, ValueError, KeyError, TypeError):
            return False


def outside_contents(files: Iterable[Path], root: Path) -> dict[str, str | None]:
    """Return the sha256 of files from elsewhere by their path; None where there is none.

    Args:
        files: any.
        root: the paths of those below it are told from there.
    """
    return {
        file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file): (
            sha256_of(file) if file.is_file() else None
        )
        for file in files
    }


def _different(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    keys = dict.fromkeys([*now, *then])
    return [k for k in keys if k not in then or k not in now or then[k] != now[k]]


def _shown(settings: Mapping[str, Any], key: str) -> str:
    return json.dumps(settings[key]) if key in settings else "not set"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
