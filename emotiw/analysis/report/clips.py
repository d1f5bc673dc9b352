"""Every clip with its scores, in the form that the clip browser of the page reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from emotiw.analysis.report.quality import notes_of_clips
from emotiw.analysis.report.snapshot import RunSnapshot
from emotiw.runs.run import FUSED

MOST_CLIPS = 20_000
MOST_NUMBERS = 400_000  # about 1.6 MB of scores


@dataclass(frozen=True)
class Browsed:
    """The clips of the browser.

    Attributes:
        data: what the page's script reads; JSON can hold it.
        worth: the same clips, those most worth looking at first.
        left_out: how many clips there was no room for.
    """

    data: dict[str, Any]
    worth: tuple[str, ...]
    left_out: int


def browsed(facts: RunSnapshot, *, most: int = MOST_CLIPS) -> Browsed:
    """Return the clips with truth, scores and gaps; in a very large run those of most worth.

    Scores are whole thousandths in classification, and numbers of four digits otherwise. Answers
    step by step are shown over time instead, and no clip here.
    """
    names = list(facts.tables)
    ids = () if facts.cohort.owners else facts.cohort.clip_ids
    scores = {name: table.aligned_to(ids) for name, table in facts.tables.items()}
    ranks = _ranks(facts, ids, scores)
    worth = [ids[row] for row in np.lexsort((np.arange(len(ids)), ranks))]
    per_clip = max(1, len(facts.run.task.labels) * len(names))
    room = min(most, MOST_CLIPS, MOST_NUMBERS // per_clip)
    kept = set(worth[:room])
    is_label, is_several = facts.run.task.is_label, len(facts.run.task.answers) > 1
    truth = _truth(facts)
    notes = notes_of_clips(facts)
    clips = []
    for row, clip_id in enumerate(ids):
        clip = facts.cohort[clip_id]
        if clip_id not in kept:
            continue
        given = [_packed(scores[name][row], is_label) for name in names]
        entry: dict[str, Any] = {"id": clip.clip_id, "split": clip.split, "s": given}
        entry["y"] = None if is_several else truth.get(clip.clip_id)
        if clip.group is not None:
            entry["g"] = clip.group
        if clip.clip_id in notes:
            entry["note"] = notes[clip.clip_id]
        clips.append(entry)
    data = {
        "task": facts.run.task.kind,
        "labels": list(facts.run.task.labels),
        "models": names,
        "judged": "" if facts.sample is None else facts.sample.split,
        "clips": clips,
    }
    return Browsed(data, tuple(worth[:room]), len(ids) - len(clips))


def _ranks(
    facts: RunSnapshot, ids: Sequence[str], scores: Mapping[str, Any]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return per clip how little worth looking at it is: mistakes first, sure ones before others.

    Wrong and disagreed on, wrong, disagreed on, without some modality, all others.
    """
    ranks = np.full(len(ids), 4.0)
    if not scores or not ids:
        return ranks
    alone = [name for name in scores if name != FUSED]
    last, task, known = list(scores)[-1], facts.run.task, _truth(facts)
    given = {name: task.decide(each) for name, each in scores.items()}
    unknown = np.full(given[last].shape[1:], np.nan)
    truth = np.array([known.get(clip_id, unknown) for clip_id in ids])
    if not task.is_label:
        off = np.abs(given[last] - truth).reshape(len(ids), -1)
        error = np.where(np.isnan(off).all(axis=1), np.nan, np.nansum(off, axis=1))
        top = np.nanmax(error, initial=1e-12)
        return np.where(np.isnan(error), 2.0, 1 - error / top)
    is_wrong = ~np.isnan(truth) & (given[last] != truth)
    columns = np.array([given[name] for name in alone or [last]])  # (models, clips)
    there = np.ma.masked_where(~task.is_decided(columns), columns)
    differ = np.asarray((there.max(axis=0) != there.min(axis=0)).filled(False))
    ranks[~task.is_decided(columns).all(axis=0)] = 3
    ranks[differ] = 2
    ranks[is_wrong] = 1
    ranks[is_wrong & differ] = 0
    sureness = np.nan_to_num(scores[last]).max(axis=1)
    return ranks + np.where(is_wrong, 0.9 * (1 - sureness), 0)


def _truth(facts: RunSnapshot) -> dict[str, Any]:
    """Return the class index, or the target, of every clip that has one."""
    encoded = facts.run.task.encode(facts.answers).tolist()
    return dict(zip(facts.answers, encoded, strict=True))


def _packed(row: Any, is_label: bool) -> Any:
    if np.isnan(row).any():
        return None
    if is_label:
        return [round(1000 * value) for value in row.tolist()]
    return [float(f"{value:.4g}") for value in row.tolist()]
