"""Made-up modalities of several answers, for clips and step by step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.score_table import ScoreTable
from emotiw.core.several import Presence, Several
from emotiw.core.steps import Steps
from emotiw.core.task import Classification, Regression, Task

Numbers = npt.NDArray[np.float64]
VALENCE = Regression(("valence",), (-1.0, 1.0))
AROUSAL = Regression(("arousal",), (-1.0, 1.0))
TWO = Several((VALENCE, AROUSAL))
MIXED = Several((Classification(("Happy", "Sad")), VALENCE, Presence(("AU12",))))
STEP_SEC = 0.5


def table_of(
    name: str, task: Task, cohort: Cohort, scores: Numbers, ids: Sequence[str] = ()
) -> ScoreTable:
    """Return scores of a model that was trained on nothing of these; rows in the cohort's order."""
    ids = tuple(ids) or cohort.clip_ids
    steps: dict[str, Any] = {}
    if cohort.owners:
        steps = {"owners": tuple(cohort.owners[one] for one in ids)}
        steps["time_sec"] = np.array([cohort.times[one] for one in ids])
    split = tuple(cohort.splits[one] for one in ids)
    about = (ids, scores, split, (None,) * len(ids), {None: frozenset[str]()})
    return ScoreTable(name, task, *about, **steps)


def cohort_of(task: Task, answers: Sequence[Any], *, n_groups: int = 10, n_test: int = 0) -> Cohort:
    """Return clips c000, c001, … with these answers, in turn of each group."""
    fields = "answers" if isinstance(task, Several) else "label" if task.is_label else "target"
    clips = []
    for number, answer in enumerate(answers):
        split: Any = "val" if number < len(answers) - n_test else "test"
        group = f"speaker{number % n_groups}"
        told: dict[str, Any] = {fields: answer}
        about: Any = {"group": group, "content": f"{number:064x}", **told}
        clips.append(Clip(f"c{number:03d}", Path(), split, **about))
    return Cohort(clips, task=task)


def mixed_corpus(n: int = 120, seed: int = 0) -> tuple[dict[str, ScoreTable], Cohort]:
    """Return a label, a number that is not always known, and something that is there or not."""
    rng = np.random.default_rng(seed)
    labels, there = rng.integers(2, size=n), (rng.random(n) < 0.3).astype(float)
    valence = rng.uniform(-1, 1, n)
    is_unknown = np.arange(n) % 7 == 0
    answers = [
        (MIXED.answers[0].labels[label], None if gone else float(v), float(t))
        for label, v, gone, t in zip(labels, valence, is_unknown, there, strict=True)
    ]
    cohort = cohort_of(MIXED, answers, n_test=20)
    tables = {}
    for name, strength in (("face", 1.0), ("voice", 2.0)):
        sad, au = (
            1 / (1 + np.exp(rng.normal(size=n) - (2 * truth - 1) * strength))
            for truth in (labels, there)
        )
        said = (valence + rng.normal(size=n) / strength / 2).clip(-1, 1)
        tables[name] = table_of(name, MIXED, cohort, np.column_stack([1 - sad, sad, said, au]))
    return tables, cohort


def step_corpus(
    *, n_clips: int = 20, n_steps: int = 60, late: int = 0, seed: int = 0, gap: int = 9
) -> tuple[dict[str, ScoreTable], Cohort]:
    """Return traces of valence and arousal, annotated some steps late, and two noisy modalities.

    Every ``gap``-th step is not annotated; the last two clips are test clips.
    """
    rng = np.random.default_rng(seed)
    times = STEP_SEC * np.arange(n_steps)
    names = tuple(f"{number:04d}" for number in range(n_steps))
    steps, clips, states = {}, [], []
    for number in range(n_clips):
        phase, pace = rng.uniform(0, 6, 2), rng.uniform(0.3, 0.6, 2)

        def state(delay: float, phase: Numbers = phase, pace: Numbers = pace) -> Numbers:
            wave: Numbers = 0.8 * np.sin((times - delay)[:, None] * pace + phase)
            return wave

        told = state(late * STEP_SEC)
        told[number % gap :: gap] = np.nan
        clip_id = f"clip{number:03d}"
        steps[clip_id] = Steps(names, times, told)
        split: Any = "test" if number >= n_clips - 2 else "val"
        group, content = f"speaker{number % 9}", f"{number:064x}"
        clips.append(Clip(clip_id, Path(), split, group=group, content=content))
        states.append(state(0.0))
    rows = Cohort(clips, task=TWO, steps=steps).rows
    shown = np.concatenate(states)
    tables = {
        name: table_of(
            name, TWO, rows, (0.5 * shown + rng.normal(size=shown.shape) * noise).clip(-1, 1)
        )
        for name, noise in (("face", 0.4), ("voice", 0.2))
    }
    return tables, rows
