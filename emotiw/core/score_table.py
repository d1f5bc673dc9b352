"""The scores of one modality, or of a fusion, with the record of what each scorer has seen."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from emotiw.core.clip import Clip
from emotiw.core.errors import LeakageError, Problems, TableError
from emotiw.core.files import atomic_write
from emotiw.core.notebook_views import AsTable
from emotiw.core.score_frame import CLIP, KEY_COLUMNS, STEP_COLUMNS, TIME, read_score_frame
from emotiw.core.task import Task
from emotiw.core.task_kinds import task_of, told_of

if TYPE_CHECKING:
    import pandas as pd

Fold = int | None  # None: scored by the final model, fitted on all training clips
Groups = frozenset[str]
Provenance = Literal["held out", "seen", "unknown"]  # what a row's model knows of its clip
DECIMALS = 9
JOINS_KEPT = 4
TEST_FREQUENCIES = "the labels that all test clips together seem to have"


@dataclass(frozen=True, repr=False)
class ScoreTable(AsTable):
    """Scores by clip id, each with the fold of the model that gave it.

    Attributes:
        name: the modality or model.
        task: what is asked; its labels are the columns.
        clip_ids: one id per row, no duplicates; the order means nothing.
        scores: ``(n, n_labels)`` float64; in classification the rows sum to 1.
            A row that is not present holds NaN.
        split: ``train``, ``val`` or ``test`` per row.
        fold: per row, the fold of cross-validation that held its clip out;
            None for a row scored by the final model.
        seen_groups: per fold, the groups that its model was trained on. A fold without an entry
            belongs to a model of which nothing is known.
        owners: of a table with a row per step, the clip that each row is of; empty otherwise.
        time_sec: ``(n,)``, when each step is; None otherwise.
        adapted_on: which clips without labels its models were fitted to, in words.
    """

    name: str
    task: Task
    clip_ids: tuple[str, ...]
    scores: npt.NDArray[np.float64]
    split: tuple[str, ...]
    fold: tuple[Fold, ...]
    seen_groups: Mapping[Fold, Groups] = field(default_factory=dict)
    owners: tuple[str, ...] = ()
    time_sec: npt.NDArray[np.float64] | None = None
    adapted_on: tuple[str, ...] = ()

    def adapted_for(self, split: str) -> tuple[str, ...]:
        """Return what scores of a split are adapted on; what changes test clips alone is theirs."""
        return tuple(a for a in self.adapted_on if split == "test" or a != TEST_FREQUENCIES)

    def __post_init__(self) -> None:
        n_rows = len(self.clip_ids)
        problems = Problems(f"scores of {self.name!r}")
        if self.scores.shape != (n_rows, len(self.labels)):
            problems.add(
                f"expected {n_rows} rows of {len(self.labels)} scores, got {self.scores.shape}"
            )
        if len(self.split) != n_rows or len(self.fold) != n_rows:
            problems.add(f"expected {n_rows} splits and folds")
        if self.is_by_step and (len(self.owners), self.times.shape) != (n_rows, (n_rows,)):
            problems.add(f"expected {n_rows} clips and times of steps")
        if len(set(self.labels)) != len(self.labels):
            problems.add(f"duplicate labels in {self.labels}")
        if len(set(self.clip_ids)) != n_rows:
            for clip_id in (c for c, n_rows in Counter(self.clip_ids).items() if n_rows > 1):
                problems.add(f"clip {clip_id!r} has more than one row")
        problems.raise_if_any(TableError)
        holes = np.isnan(self.scores)
        for row in np.flatnonzero(holes.any(axis=1) & ~holes.all(axis=1)):
            problems.add(f"clip {self.clip_ids[row]!r}: some scores are missing and some are not")
        if np.isinf(self.scores).any():
            problems.add("infinite scores")
        self.task.check(self.scores[self.present], problems)
        problems.raise_if_any(TableError)

    def __repr__(self) -> str:
        """Return what it holds in one line."""
        return f"<ScoreTable {self.name}: {len(self)} clips, {', '.join(self.labels)}>"

    def __len__(self) -> int:
        return len(self.clip_ids)

    @property
    def is_by_step(self) -> bool:
        """Whether a row is a step of a clip."""
        return bool(self.owners)

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """``(n,)``: when each step is; zeros where a row is a whole clip."""
        return np.zeros(len(self)) if self.time_sec is None else self.time_sec

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in class order, or the name of the target."""
        return self.task.labels

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """``(n,)``: True where the modality had something to say."""
        return np.asarray(~np.isnan(self.scores).any(axis=1))

    @cached_property
    def _row_of(self) -> Mapping[str, int]:
        return {clip_id: row for row, clip_id in enumerate(self.clip_ids)}

    def rows_of(self, clip_ids: Sequence[str]) -> npt.NDArray[np.intp]:
        """Return ``(len(clip_ids),)`` the row of each clip; -1 where there is none.

        The same tuple is looked up once: many rows are joined many times.
        """
        for asked, rows in self._joins:
            if asked is clip_ids:
                return rows
        found = map(self._row_of.get, clip_ids, repeat(-1))
        rows = np.fromiter(found, dtype=np.intp, count=len(clip_ids))
        rows.flags.writeable = False
        if isinstance(clip_ids, tuple):
            self._joins.append((clip_ids, rows))
        return rows

    @cached_property
    def _joins(self) -> deque[tuple[tuple[str, ...], npt.NDArray[np.intp]]]:
        return deque(maxlen=JOINS_KEPT)

    @cached_property
    def models(self) -> tuple[tuple[Fold, ...], npt.NDArray[np.intp]]:
        """The folds of the models that gave the scores, and ``(n,)`` which of them gave each."""
        distinct = tuple(dict.fromkeys(self.fold))
        code_of = {fold: code for code, fold in enumerate(distinct)}
        codes = np.fromiter(map(code_of.__getitem__, self.fold), dtype=np.intp, count=len(self))
        return distinct, codes

    def predictions(self) -> dict[str, Any]:
        """Return the label, the target or the answers of every clip that has scores."""
        decided = self.task.decide(self.scores)
        return {
            self.clip_ids[row]: self.task.name_of(decided[row])
            for row in np.flatnonzero(self.present)
        }

    def provenance_of(self, fold: Fold, clip: Clip, group: str) -> Provenance:
        """Return whether the model of a fold has seen a clip or its group.

        Of a final model that was trained on anything here nobody knows whether a training clip
        whose group is unknown was part of it: such a clip counts as seen. Other clips are none
        that it was trained on.
        """
        seen = self.seen_groups.get(fold)
        if seen is None:
            return "unknown"
        if clip.split == "train" and (group in seen or (fold is None and seen)):
            return "seen"
        return "held out"

    def aligned_to(self, clip_ids: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return ``(len(clip_ids), n_labels)`` scores in that order; NaN where there are none."""
        rows = self.rows_of(clip_ids)
        aligned = np.full((len(clip_ids), len(self.labels)), np.nan)
        aligned[rows >= 0] = self.scores[rows[rows >= 0]]
        return aligned

    def select(self, clip_ids: Iterable[str]) -> ScoreTable:
        """Return a table of these clips alone, sorted by id; ids that it lacks are left out."""
        row_of = self._row_of
        rows = [row_of[clip_id] for clip_id in sorted(set(clip_ids) & row_of.keys())]
        return replace(
            self,
            clip_ids=tuple(self.clip_ids[row] for row in rows),
            scores=self.scores[rows].reshape(len(rows), len(self.labels)),
            split=tuple(self.split[row] for row in rows),
            fold=tuple(self.fold[row] for row in rows),
            owners=tuple(self.owners[row] for row in rows) if self.owners else (),
            time_sec=None if self.time_sec is None else self.time_sec[rows],
        )

    def require_splits(self, split_of: Mapping[str, str]) -> None:
        """Refuse a table that has clips in other splits than the cohort that it is judged in.

        Args:
            split_of: the split of every clip of the cohort; rows of other clips are not looked at.

        Raises:
            TableError: naming the clips.
        """
        problems = Problems(f"scores of {self.name!r} have clips in other splits")
        told = map(split_of.get, self.clip_ids, self.split)
        for clip_id, split, other in zip(self.clip_ids, self.split, told, strict=True):
            if other != split:
                problems.add(f"clip {clip_id!r} is in {split}, among the clips in {other}")
        problems.raise_if_any(TableError)

    def require_unseen(self, group_of: Mapping[str, str]) -> None:
        """Refuse to be fitted on, where a row's model has seen the group of its clip.

        Args:
            group_of: the group of every clip about to be fitted on; other rows are not looked at.

        Raises:
            LeakageError: naming the rows, also where nothing is known of a row's model.
        """
        kinds: dict[tuple[Fold, str], bool] = {}  # many rows are of one model and group
        rows, leaking = self.rows_of(list(group_of)), []
        for row in np.sort(rows[rows >= 0]).tolist():
            clip_id, fold = self.clip_ids[row], self.fold[row]
            kind = fold, group_of[clip_id]
            if kind not in kinds:
                kinds[kind] = fold not in self.seen_groups or kind[1] in self.seen_groups[fold]
            if kinds[kind]:
                leaking.append((clip_id, fold, self.split[row]))
        where = f"scores of {self.name!r} can't be fitted on"
        if "val" in self.split and all(split == "train" for _, _, split in leaking):
            where += " (those of validation clips can: fusion.fit_on: val)"
        problems = Problems(where)
        for clip_id, fold, _ in leaking:
            if fold not in self.seen_groups:
                problems.add(f"clip {clip_id!r}: nothing says what its model was trained on")
            else:
                problems.add(
                    f"clip {clip_id!r}: its model was trained on its group {group_of[clip_id]!r}"
                )
        problems.raise_if_any(LeakageError)

    def to_frame(self) -> pd.DataFrame:
        """Return the table in pandas: clip_id, split, fold and one column per label, by id.

        A table with a row per step has ``clip`` and ``time_sec`` too, and is in the order of these.
        """

        import pandas as pd

        keys = pd.DataFrame(
            {
                "clip_id": pd.Series(self.clip_ids, dtype="str"),
                "split": pd.Series(self.split, dtype="str"),
                "fold": pd.array(list(self.fold), dtype="Int64"),
            }
        )
        values = pd.DataFrame(self.scores, columns=list(self.labels))
        order = ["clip_id"]
        if self.is_by_step:
            keys[CLIP], keys[TIME] = pd.Series(self.owners, dtype="str"), self.times
            order = [CLIP, TIME, "clip_id"]
        return pd.concat([keys, values], axis=1).sort_values(order, ignore_index=True)

    def write_csv(self, path: Path, *, provenance: Mapping[str, Any] | None = None) -> None:
        """Write the scores as CSV, and beside it a JSON of what its models have seen.

        Args:
            path: the CSV; the JSON has the same name with ``.json``.
            provenance: anything else worth keeping with it.
        """
        table, card = self.to_files(provenance)
        atomic_write(path, table)
        atomic_write(path.with_suffix(".json"), card)

    def to_files(self, provenance: Mapping[str, Any] | None = None) -> tuple[bytes, bytes]:
        """Return the CSV and the JSON that :meth:`write_csv` writes.

        The JSON has the CSV's hash among its provenance.
        """
        buffer = io.StringIO(newline="")
        self.to_frame().to_csv(
            buffer, index=False, float_format=f"%.{DECIMALS}g", lineterminator="\n"
        )
        seen = {
            "final" if fold is None else str(fold): sorted(groups)
            for fold, groups in sorted(self.seen_groups.items(), key=lambda item: str(item[0]))
        }
        table = buffer.getvalue().encode()
        card = {
            "name": self.name,
            **told_of(self.task),
            **({"is_by_step": True} if self.is_by_step else {}),
            **({"adapted_on": list(self.adapted_on)} if self.adapted_on else {}),
            "seen_groups": seen,
            "provenance": {**(provenance or {}), "sha256": hashlib.sha256(table).hexdigest()},
        }
        return table, (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode()

    @classmethod
    def read_csv(cls, path: Path) -> ScoreTable:
        """Read what :meth:`write_csv` wrote (rows renormalised to the last printed digit).

        Raises:
            TableError: if the CSV or its JSON is missing or damaged.
        """
        card_path = path.with_suffix(".json")
        if not path.is_file() or not card_path.is_file():
            raise TableError(f"{path}: both the CSV and its {card_path.name} are needed")
        try:
            card = json.loads(card_path.read_text(encoding="utf-8"))
            labels = tuple(card["labels"])
            seen = {
                None if fold == "final" else int(fold): frozenset(groups)
                for fold, groups in card["seen_groups"].items()
            }
            name, task = card["name"], task_of(card)
            steps = STEP_COLUMNS if card.get("is_by_step") else ()
            adapted_on = tuple(map(str, card.get("adapted_on", ())))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TableError(f"{card_path}: not the card of a score table ({error})") from error
        frame = read_score_frame(path, labels, needed=(*KEY_COLUMNS, *steps))
        scores = task.renormalised(frame[list(labels)].to_numpy(dtype=np.float64))
        try:
            return cls(
                name=name,
                task=task,
                clip_ids=tuple(frame["clip_id"]),
                scores=scores,
                split=tuple(frame["split"]),
                fold=tuple(None if np.isnan(fold) else int(fold) for fold in frame["fold"]),
                seen_groups=seen,
                owners=tuple(frame[CLIP]) if steps else (),
                time_sec=frame[TIME].to_numpy(dtype=np.float64) if steps else None,
                adapted_on=adapted_on,
            )
        except TableError as error:
            raise TableError(f"{path}: {error}") from error
