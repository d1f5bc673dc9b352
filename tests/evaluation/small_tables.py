"""Cohorts and score tables of which a head can say how good they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification, Regression, Task

SMILES = Classification(("Happy", "Sad"))
JOY = Regression(("joy",))


def cohort_of(
    truth: Mapping[str, str | float], *, split: str = "val", **of_clip: Mapping[str, Any]
) -> Cohort:
    """Return clips by id with their label or target; ``of_clip`` are further fields by clip id."""
    clips = []
    for clip_id, answer in truth.items():
        own: dict[str, Any] = {"split": split}
        own |= {field: values[clip_id] for field, values in of_clip.items() if clip_id in values}
        own["label" if isinstance(answer, str) else "target"] = answer
        clips.append(Clip(clip_id, Path(f"{clip_id}.avi"), **own))
    return Cohort(clips)


def table_saying(
    predicted: Mapping[str, str | float | None],
    task: Task = SMILES,
    *,
    name: str = "voice",
    split: str | Mapping[str, str] = "val",
    folds: Mapping[str, int] | None = None,
    seen_groups: Mapping[int | None, frozenset[str]] | None = None,
) -> ScoreTable:
    """Return scores that say what is given of each clip; None for a row without scores.

    ``split`` is of all clips, or of those that are not in ``val``.
    """
    of_clip = dict.fromkeys(predicted, split) if isinstance(split, str) else split
    ids = tuple(predicted)
    return ScoreTable(
        name=name,
        task=task,
        clip_ids=ids,
        scores=np.array([_scores(predicted[clip_id], task) for clip_id in ids]).reshape(
            len(ids), len(task.labels)
        ),
        split=tuple(of_clip.get(clip_id, "val") for clip_id in ids),
        fold=tuple((folds or {}).get(clip_id) for clip_id in ids),
        seen_groups={None: frozenset()} if seen_groups is None else seen_groups,
    )


def _scores(answer: str | float | None, task: Task) -> Sequence[float]:
    if answer is None:
        return [np.nan] * len(task.labels)
    if isinstance(answer, str):
        return [float(label == answer) for label in task.labels]
    return [answer]
