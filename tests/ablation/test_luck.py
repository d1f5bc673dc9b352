"""A table that marks luck as an effect costs attempts; one that marks nothing costs the work."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from emotiw.analysis.ablation.ablation_table import Description, Row, compared
from emotiw.core.errors import ConfigError, TableError
from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.judging import COLUMNS, Judge

LABELS = ("Angry", "Happy", "Sad")
N_GROUPS, PER_GROUP = 11, 12
MODALITIES = ("a", "b", "c")
SUBSETS = [s for size in (1, 2, 3) for s in itertools.combinations(MODALITIES, size)]
CLIPS = pd.DataFrame(
    [
        (f"{group}-{n}", "val", f"speaker{group}", LABELS[n % len(LABELS)])
        for group in range(N_GROUPS)
        for n in range(PER_GROUP)
    ],
    columns=COLUMNS,
)


def table_of(name: str, scores: np.ndarray) -> ScoreTable:  # type: ignore[type-arg]
    return ScoreTable(
        name=name,
        labels=LABELS,
        clip_ids=tuple(CLIPS["clip_id"]),
        scores=scores / scores.sum(axis=1, keepdims=True),
        split=("val",) * len(CLIPS),
        fold=(None,) * len(CLIPS),
    )


def significant_rows(seed: int, *, effect: float, metric: str = "uar") -> set[str]:
    """The rows marked in a table of 14: three modalities, of which ``c`` may know something."""
    rng = np.random.default_rng(seed)
    truth = np.array([LABELS.index(answer) for answer in CLIPS["answer"]])
    speaker = np.repeat(np.arange(N_GROUPS), PER_GROUP)
    scores = {}
    for name in MODALITIES:
        # what speakers have in common makes single clips bad witnesses
        logits = rng.normal(size=(len(CLIPS), 3)) + rng.normal(size=(N_GROUPS, 3))[speaker]
        if name == "c":
            logits[np.arange(len(CLIPS)), truth] += effect
        scores[name] = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    tables, rows = {}, []
    for subset, rule in itertools.product(SUBSETS, ("mean", "geometric")):
        name = f"{'+'.join(subset)}, {rule}"
        stack = np.stack([scores[modality] for modality in subset])
        fused = stack.mean(axis=0) if rule == "mean" else np.exp(np.log(stack).mean(axis=0))
        tables[name] = table_of(name, fused)
        rows.append(Row(name, {"modalities": "+".join(subset), "fusion": rule}, subset, ""))
    axes = {"modalities": ["+".join(s) for s in SUBSETS], "fusion": ["mean", "geometric"]}
    about = ("t", "classification", LABELS, metric, "val", seed, "a+b, mean", axes, rows)
    judge = Judge(CLIPS, LABELS, "classification", metric, "val", seed, n_resamples=20)
    frame = compared(judge, Description(*about), tables)
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


def test_luck_of_single_clips_is_told_from_that_of_speakers() -> None:
    """Two speakers' worth of difference is no evidence, however many clips they have."""
    truth = np.zeros(40, dtype=int)
    clips = CLIPS.iloc[:40].assign(group=["x"] * 20 + ["y"] * 20, answer="Angry")
    judge = Judge(clips, LABELS, "classification", "accuracy", "val")
    assert judge.difference(truth, truth + 1).p == 0.5
    alone = Judge(clips.assign(group=clips["clip_id"]), LABELS, "classification", "accuracy", "val")
    assert alone.difference(truth, truth + 1).p == pytest.approx(1e-4)


def test_clips_without_scores_count_as_wrong() -> None:
    right = np.eye(3)[[LABELS.index(answer) for answer in CLIPS["answer"]]]
    holes = right.copy()
    holes[::2] = np.nan
    judge = Judge(CLIPS, LABELS, "classification", "accuracy", "val", n_resamples=20)
    verdict = judge.verdict(judge.decided(table_of("half", holes)))
    assert (verdict.value, verdict.n, verdict.n_scored) == (0.5, 132, 66)
    assert verdict.n_groups == 11


def test_numbers_are_judged_where_both_have_them() -> None:
    clips = CLIPS.iloc[:8].assign(
        answer=[str(x) for x in np.linspace(0, 1, 8)], group=list("abcdefgh")
    )
    judge = Judge(clips, ("valence",), "regression", "rmse", "val", n_resamples=20)
    exact = np.linspace(0, 1, 8)
    holed = exact + 0.5
    holed[0] = np.nan
    verdict = judge.verdict(holed)
    assert (verdict.value, verdict.n, verdict.n_scored) == (pytest.approx(0.5), 8, 7)
    assert judge.difference(holed, exact).value == pytest.approx(0.5)
    assert judge.difference(holed, exact).p == 2 / 2**7


def test_scores_of_models_that_have_seen_the_clip_are_none() -> None:
    clips = CLIPS.iloc[:4].assign(split="train")
    judge = Judge(clips, LABELS, "classification", "accuracy", "train")
    fields = {
        "name": "m",
        "labels": LABELS,
        "clip_ids": tuple(clips["clip_id"]),
        "scores": np.full((4, 3), 1 / 3),
        "split": ("train",) * 4,
    }
    table = ScoreTable(
        **fields,
        fold=(0, 0, None, 7),
        seen_groups={0: frozenset({"other"}), None: frozenset({"speaker0"})},
    )
    assert judge.is_scored(judge.decided(table)).tolist() == [True, True, False, False]
    in_sample = ScoreTable(**fields, fold=(None,) * 4, seen_groups={None: frozenset({"speaker0"})})
    with pytest.raises(ConfigError, match="has not seen its group"):
        judge.decided(in_sample)
    with pytest.raises(TableError, match="expected"):
        Judge(clips, ("x",), "classification", "accuracy", "train").decided(table)
