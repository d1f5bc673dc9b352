"""Made-up modalities whose right answers are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotiw.core.score_table import ScoreTable

LABELS = ("Angry", "Happy", "Sad")


@dataclass(frozen=True)
class Corpus:
    """Clips of several speakers, in folds by speaker, with the scores of some modalities."""

    tables: dict[str, ScoreTable]
    answers: dict[str, str]
    groups: dict[str, str]
    folds: dict[str, int]


def out_of_fold(
    name: str,
    scores: npt.NDArray[np.float64],
    clip_ids: tuple[str, ...],
    groups: Mapping[str, str],
    folds: Mapping[str, int],
    labels: tuple[str, ...] = LABELS,
) -> ScoreTable:
    """Return training scores of models that have seen all groups but those of their fold."""
    everyone = {groups[clip_id] for clip_id in clip_ids}
    held_out: dict[int, set[str]] = {}
    for clip_id in clip_ids:
        held_out.setdefault(folds[clip_id], set()).add(groups[clip_id])
    return ScoreTable(
        name=name,
        labels=labels,
        clip_ids=clip_ids,
        scores=scores,
        split=("train",) * len(clip_ids),
        fold=tuple(folds[clip_id] for clip_id in clip_ids),
        seen_groups={fold: frozenset(everyone - own) for fold, own in held_out.items()},
    )


def made_up_corpus(
    strengths: Mapping[str, float], *, n_speakers: int = 10, per_speaker: int = 30, seed: int = 0
) -> Corpus:
    """Return a corpus whose modalities know the answer as well as their strength says."""
    rng = np.random.default_rng(seed)
    n_clips = n_speakers * per_speaker
    clip_ids = tuple(f"clip{number:04d}" for number in rng.permutation(n_clips))
    speakers = np.arange(n_clips) % n_speakers
    groups = {c: f"speaker{s}" for c, s in zip(clip_ids, speakers, strict=True)}
    folds = {c: int(s) % 5 for c, s in zip(clip_ids, speakers, strict=True)}
    truth = rng.integers(len(LABELS), size=n_clips)
    tables = {}
    for name, strength in strengths.items():
        logits = rng.normal(size=(n_clips, len(LABELS)))
        logits[np.arange(n_clips), truth] += strength
        scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        tables[name] = out_of_fold(name, scores, clip_ids, groups, folds)
    answers = {c: LABELS[t] for c, t in zip(clip_ids, truth, strict=True)}
    return Corpus(tables, answers, groups, folds)
