"""Figures by fold, and their interval over speakers."""

from __future__ import annotations

import numpy as np
import pytest

from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.metrics import metric_named
from emotiw.evaluation.spread import N_DRAWS, _drawn_recalls, spread_frame, spread_of

LABELS = ("Angry", "Happy")


def scored(
    right: list[list[bool]],
) -> tuple[ScoreTable, dict[str, str], dict[str, str], dict[str, int]]:
    """One row of clips per speaker; a fold of two speakers each."""
    ids, answers, groups, folds, rows = [], {}, {}, {}, []
    for speaker, clips in enumerate(right):
        for clip, is_right in enumerate(clips):
            clip_id = f"{speaker}-{clip}"
            truth = clip % 2
            ids.append(clip_id)
            answers[clip_id] = LABELS[truth]
            groups[clip_id] = f"s{speaker}"
            folds[clip_id] = speaker // 2
            rows.append(np.eye(2)[truth if is_right else 1 - truth])
    table = ScoreTable(
        "voice", LABELS, tuple(ids), np.array(rows), ("train",) * len(ids), tuple(folds.values())
    )
    return table, answers, groups, folds


def test_folds_are_judged_one_by_one() -> None:
    table, answers, groups, folds = scored([[True] * 4, [True] * 4, [False] * 4, [True] * 4])
    spread = spread_of(table, answers, groups=groups, folds=folds, metric="accuracy")
    assert spread is not None
    assert spread.by_fold == {0: 1.0, 1: 0.5}
    assert spread.value == 0.75
    assert spread.n_groups == 4


def test_speakers_who_are_right_or_wrong_as_a_whole_make_a_wide_interval() -> None:
    whole = scored([[True] * 20, [False] * 20] * 5)
    mixed = scored([[True] * 10 + [False] * 10] * 10)
    widths = []
    for table, answers, groups, folds in (whole, mixed):
        spread = spread_of(table, answers, groups=groups, folds=folds, metric="accuracy")
        assert spread is not None
        assert spread.value == 0.5
        assert spread.low <= spread.value <= spread.high
        widths.append(spread.high - spread.low)
    # ten coins thrown: 95 % of the shares of heads lie within about 0.5 ± 0.31
    assert widths[0] == pytest.approx(0.6, abs=0.11)
    assert widths[1] == 0


@pytest.mark.parametrize("metric", ["accuracy", "uar"])
def test_counts_per_group_give_what_the_metric_gives_clip_by_clip(metric: str) -> None:
    rng = np.random.default_rng(0)
    table, answers, groups, _ = scored([list(rng.random(7) > 0.4) for _ in range(6)])
    predicted = table.predictions()
    predicted.pop("0-0")  # a clip without scores is wrong
    members = [[c for c in table.clip_ids if groups[c] == f"s{n}"] for n in range(6)]
    draws = rng.integers(6, size=(20, 6))
    fast = _drawn_recalls(metric, draws, members, answers, predicted)
    for draw, value in zip(draws, fast, strict=True):
        sample = [clip_id for row in draw for clip_id in members[row]]
        truth = [answers[clip_id] for clip_id in sample]
        got = [predicted.get(clip_id, "") for clip_id in sample]
        assert value == pytest.approx(metric_named(metric).function(truth, got))


def test_other_metrics_have_an_interval_too() -> None:
    table, answers, groups, folds = scored([[True, True, True, False]] * 6)
    spread = spread_of(table, answers, groups=groups, folds=folds, metric="weighted_f1")
    assert spread is not None
    assert spread.low == spread.high == pytest.approx(spread.value)


def test_targets_are_judged_where_there_are_any() -> None:
    ids = tuple(f"c{n}" for n in range(8))
    truth = np.linspace(0, 1, 8)
    scores = truth[:, None].copy()
    scores[0] = np.nan
    table = ScoreTable(
        "voice", ("arousal",), ids, scores, ("train",) * 8, (0,) * 8, task="regression"
    )
    spread = spread_of(
        table,
        dict(zip(ids, truth.tolist(), strict=True)),
        groups={c: f"s{n // 2}" for n, c in enumerate(ids)},
        folds=dict.fromkeys(ids, 0),
        metric="ccc",
    )
    assert spread is not None
    assert spread.value == pytest.approx(1.0)


def test_without_folds_there_is_nothing_to_say() -> None:
    table, answers, groups, _ = scored([[True]])
    assert spread_of(table, answers, groups=groups, folds={}, metric="uar") is None


def test_the_frame_has_a_row_per_fold_and_one_for_all() -> None:
    table, answers, groups, folds = scored([[True] * 4, [False] * 4, [True] * 4])
    spread = spread_of(table, answers, groups=groups, folds=folds, metric="uar")
    assert spread is not None
    frame = spread_frame([spread])
    assert frame["fold"].tolist() == ["0", "1", "all"]
    assert frame["value"].tolist() == pytest.approx([0.5, 1.0, 2 / 3])
    assert N_DRAWS >= 200


def test_models_that_see_a_speakers_clips_together_are_named() -> None:
    from emotiw.cli.terminal_tables import standardisation_note
    from emotiw.runs.recipe import load_recipe

    alone = load_recipe("ravdess_audio", ["data.root=clips"])
    assert standardisation_note(alone) == ""
    one = load_recipe(
        "ravdess_audio",
        ["data.root=clips", "models.compare_linear.preparation.standardise=speaker"],
    )
    assert "taken together: compare_linear. Compare" in standardisation_note(one)
