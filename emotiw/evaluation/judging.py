"""Score tables judged on the same clips, one beside the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from emotiw.core.errors import ConfigError, TableError
from emotiw.core.files import atomic_write
from emotiw.core.manifest import Manifest
from emotiw.core.score_table import Fold, ScoreTable, Task
from emotiw.evaluation.metrics import metric_named
from emotiw.evaluation.paired import Difference, paired_difference
from emotiw.evaluation.significance import bootstrap_interval

JudgedOn = Literal["auto", "val", "train", "both", "test"]
SPLITS = {"val": ("val",), "train": ("train",), "both": ("train", "val"), "test": ("test",)}
COLUMNS = ["clip_id", "split", "group", "answer"]


@dataclass(frozen=True)
class Verdict:
    """How good a score table is.

    Attributes:
        value: the metric.
        low: lower end of its 95 % bootstrap interval over groups; NaN where there is one group.
        high: its upper end.
        n: clips judged.
        n_scored: clips among them that have scores.
        n_groups: groups that they come from.
    """

    value: float
    low: float
    high: float
    n: int
    n_scored: int
    n_groups: int


@dataclass(frozen=True)
class Judge:
    """The clips that tables are judged on, with their answers and groups.

    In classification a clip without scores counts as wrong; in regression it is left out. Scores
    that a training clip has from a model that has seen its group are none.

    Attributes:
        clips: one row per clip, with the columns clip_id, split, group and answer.
        labels: in class order, or the name of the target.
        task: classification or regression.
        metric: by name.
        split: what was asked for: ``val``, ``train``, ``both`` or ``test``.
        seed: of resampling.
        n_resamples: of every interval.
    """

    clips: pd.DataFrame
    labels: tuple[str, ...]
    task: Task
    metric: str
    split: str
    seed: int = 0
    n_resamples: int = 2000

    @property
    def truth(self) -> npt.NDArray[Any]:
        """``(n,)`` class indices, or targets."""
        if self.task == "regression":
            return self.clips["answer"].to_numpy(dtype=np.float64)
        code = {label: index for index, label in enumerate(self.labels)}
        return np.array([code[str(answer)] for answer in self.clips["answer"]], dtype=np.intp)

    @property
    def groups(self) -> npt.NDArray[np.intp]:
        """``(n,)`` group of each clip as a number."""
        return pd.factorize(self.clips["group"])[0].astype(np.intp)

    def decided(self, table: ScoreTable) -> npt.NDArray[Any]:
        """Return ``(n,)`` class indices or targets; one past the last class, or NaN, for none.

        Raises:
            ConfigError: if no clip has scores of a model that has not seen its group.
            TableError: if the labels are others.
        """
        if table.labels != self.labels:
            raise TableError(f"{table.name!r} has labels {table.labels}, expected {self.labels}")
        row_of = {clip_id: row for row, clip_id in enumerate(table.clip_ids)}
        present, is_label = table.present, self.task == "classification"
        decided = np.full(len(self.clips), len(self.labels) if is_label else np.nan)
        keys = zip(self.clips["clip_id"], self.clips["split"], self.clips["group"], strict=True)
        for position, (clip_id, split, group) in enumerate(keys):
            row = row_of.get(clip_id)
            if row is None or not present[row]:
                continue
            if split == "train" and not _is_unseen(table, table.fold[row], group):
                continue
            scores = table.scores[row]
            decided[position] = scores.argmax() if is_label else scores[0]
        if not self.is_scored(decided).any():
            raise ConfigError(
                f"{table.name!r}: no {self.split} clip with an answer has scores of a model that "
                "has not seen its group"
            )
        return decided.astype(np.intp) if is_label else decided

    def is_scored(self, decided: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Return ``(n,)``: which clips have scores."""
        if self.task == "regression":
            return np.asarray(~np.isnan(decided))
        return np.asarray(decided < len(self.labels))

    def verdict(self, decided: npt.NDArray[Any]) -> Verdict:
        """Return how good these decisions are, and how sure that is."""
        there = self.is_scored(decided)
        n_scored = int(there.sum())
        if self.task == "classification":
            there = np.ones_like(there)
        truth, groups, own = self.truth[there], self.groups[there], decided[there]
        n_groups = len(np.unique(groups))
        value = metric_named(self.metric).function(truth, own)
        low = high = float("nan")
        if n_groups > 1:
            draws = {"n_resamples": self.n_resamples, "seed": self.seed}
            low, high = bootstrap_interval(truth, own, groups, self.metric, **draws)
        return Verdict(float(value), low, high, len(there), n_scored, n_groups)

    def difference(self, ours: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> Difference:
        """Return by how much ours are better; in regression on the clips that both have."""
        both = np.ones(len(ours), dtype=bool)
        if self.task == "regression":
            both = self.is_scored(ours) & self.is_scored(theirs)
        return paired_difference(
            self.truth[both],
            ours[both],
            theirs[both],
            self.groups[both],
            self.metric,
            n_resamples=self.n_resamples,
            seed=self.seed,
        )

    def write_csv(self, path: Path) -> None:
        """Write the clips, so that the same judge can be had without the run."""
        text = self.clips[COLUMNS].to_csv(index=False, lineterminator="\n")
        atomic_write(path, text.encode())


def judge_of(
    manifest: Manifest,
    groups: dict[str, str],
    *,
    labels: Sequence[str],
    task: Task,
    metric: str,
    split: JudgedOn = "auto",
    seed: int = 0,
) -> Judge:
    """Return the judge of a manifest's clips.

    Args:
        manifest: the clips with their answers.
        groups: by clip id.
        labels: in class order, or the name of the target.
        task: classification or regression.
        metric: by name.
        split: ``auto`` takes the validation clips, or training clips (out of fold) where there
            are none; test clips only where they are asked for: a table that one chooses from
            would use them up.
        seed: of resampling.

    Raises:
        ConfigError: if no clip of the split has an answer.
    """
    answers = manifest.answer_key()
    splits = {clip.split for clip in manifest if clip.clip_id in answers}
    chosen = ("val" if "val" in splits else "train") if split == "auto" else split
    rows = [
        (clip.clip_id, clip.split, groups[clip.clip_id], answers[clip.clip_id])
        for clip in manifest
        if clip.clip_id in answers and clip.split in SPLITS[chosen]
    ]
    if not rows:
        raise ConfigError(f"no {chosen} clip has an answer: there is nothing to judge on")
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return Judge(frame, tuple(labels), task, metric, chosen, seed)


def read_clips(path: Path) -> pd.DataFrame:
    """Read what :meth:`Judge.write_csv` wrote.

    Raises:
        TableError: if it is missing or damaged.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        return frame[COLUMNS]
    except (OSError, ValueError, KeyError) as error:
        raise TableError(f"{path}: missing or damaged ({error})") from error


def _is_unseen(table: ScoreTable, fold: Fold, group: str) -> bool:
    seen = table.seen_groups.get(fold)
    if seen is None or group in seen:
        return False
    # a final model that was trained on anything here: whose group is unknown may be in it
    return fold is not None or not seen
