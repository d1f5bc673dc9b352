"""Made-up modalities whose right answers are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification

LABELS = ("Angry", "Happy", "Sad")


@dataclass(frozen=True)
class Corpus:
    """Clips of several speakers, in folds by speaker, with the scores of some modalities."""

    tables: dict[str, ScoreTable]
    answers: dict[str, str]
    groups: dict[str, str]
    folds: dict[str, int]

    @cached_property
    def cohort(self) -> Cohort:
        """The same clips, in the splits that the first table has them in."""
        table = next(iter(self.tables.values()))
        split_of: dict[str, Any] = dict(zip(table.clip_ids, table.split, strict=True))
        return Cohort(
            Clip(c, Path(), split_of[c], label=answer, group=self.groups[c], fold=self.folds.get(c))
            for c, answer in self.answers.items()
        )

    @cached_property
    def unfolded(self) -> Cohort:
        """The same clips, of which nobody has published folds."""
        return replace(self, folds={}).cohort


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
        task=Classification(labels),
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


def with_other_splits(corpus: Corpus) -> Corpus:
    """Let speakers 8 and 9 be validation and test, scored by models of the other eight."""
    split_of = {
        c: {"speaker8": "val", "speaker9": "test"}.get(g, "train") for c, g in corpus.groups.items()
    }
    training = frozenset(g for c, g in corpus.groups.items() if split_of[c] == "train")
    tables = {
        name: replace(
            table,
            split=tuple(split_of[c] for c in table.clip_ids),
            fold=tuple(
                fold if split_of[c] == "train" else None
                for c, fold in zip(table.clip_ids, table.fold, strict=True)
            ),
            seen_groups={None: training} | {f: s & training for f, s in table.seen_groups.items()},
        )
        for name, table in corpus.tables.items()
    }
    return replace(corpus, tables=tables)
