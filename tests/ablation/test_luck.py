"""A table that marks luck as an effect costs attempts; one that marks nothing costs the work."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from emotiw.analysis.ablation.ablation_table import Description, Row, compared
from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification
from emotiw.core.task_kinds import told_of

TASK = Classification(("Angry", "Happy", "Sad"))
N_GROUPS, PER_GROUP = 11, 12
MODALITIES = ("a", "b", "c")
SUBSETS = [s for size in (1, 2, 3) for s in itertools.combinations(MODALITIES, size)]
TRUTH = np.tile(np.arange(PER_GROUP) % 3, N_GROUPS)
SPEAKER = np.repeat(np.arange(N_GROUPS), PER_GROUP)
IDS = tuple(f"{group}-{n}" for group in range(N_GROUPS) for n in range(PER_GROUP))
COHORT = Cohort(
    Clip(clip_id, Path(clip_id), "val", label=TASK.labels[label], group=f"speaker{speaker}")
    for clip_id, label, speaker in zip(IDS, TRUTH, SPEAKER, strict=True)
)


def table_of(name: str, scores: np.ndarray) -> ScoreTable:  # type: ignore[type-arg]
    return ScoreTable(
        name=name,
        task=TASK,
        clip_ids=IDS,
        scores=scores / scores.sum(axis=1, keepdims=True),
        split=("val",) * len(IDS),
        fold=(None,) * len(IDS),
    )


def significant_rows(seed: int, *, effect: float, metric: str = "uar") -> set[str]:
    """The rows marked in a table of 14: three modalities, of which ``c`` may know something."""
    rng = np.random.default_rng(seed)
    scores = {}
    for name in MODALITIES:
        # what speakers have in common makes single clips bad witnesses
        logits = rng.normal(size=(len(IDS), 3)) + rng.normal(size=(N_GROUPS, 3))[SPEAKER]
        if name == "c":
            logits[np.arange(len(IDS)), TRUTH] += effect
        scores[name] = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    tables, rows = {}, []
    for subset, rule in itertools.product(SUBSETS, ("mean", "geometric")):
        name = f"{'+'.join(subset)}, {rule}"
        stack = np.stack([scores[modality] for modality in subset])
        fused = stack.mean(axis=0) if rule == "mean" else np.exp(np.log(stack).mean(axis=0))
        tables[name] = table_of(name, fused)
        rows.append(Row(name, {"modalities": "+".join(subset), "fusion": rule}, subset, ""))
    axes = {"modalities": ["+".join(s) for s in SUBSETS], "fusion": ["mean", "geometric"]}
    about = ("t", told_of(TASK), metric, "val", seed, "a+b, mean", axes, rows)
    frame = compared(COHORT, Description(*about), tables)
    return set(frame.loc[frame["is_significant"].fillna(value=False), "row"])


def test_pure_noise_is_marked_in_at_most_one_table_of_twenty() -> None:
    n_tables = 200
    alarms = [seed for seed in range(n_tables) if significant_rows(seed, effect=0.0)]
    # 5 % of 200 are 10; more than 18 would come up by chance in less than 1 % of such tests
    assert len(alarms) <= 18, alarms


def test_a_planted_effect_is_found_and_nothing_else() -> None:
    n_tables, found, beside = 20, 0, 0
    with_c = {f"{'+'.join(s)}, {r}" for s in SUBSETS if "c" in s for r in ("mean", "geometric")}
    for seed in range(n_tables):
        marked = significant_rows(1000 + seed, effect=2.5)
        found += {"c, mean", "a+c, mean", "b+c, geometric"} <= marked
        beside += bool(marked - with_c)
    assert found >= 19
    assert beside <= 3  # each with a chance of at most 5 %: more than 3 in 20 comes up in 1.6 %
