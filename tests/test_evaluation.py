"""Figures of score tables by hand: what counts, what counts as wrong, and how much is covered."""

from __future__ import annotations

import numpy as np
import pytest

from emotiw.core.score_table import ScoreTable
from emotiw.evaluation.figures import Figure, evaluate

ANSWERS = {"a": "Sad", "b": "Sad", "c": "Happy", "d": "Happy", "t": "Sad"}
SPLITS = {"a": "val", "b": "val", "c": "val", "d": "val", "t": "test", "x": "val"}


def table(ids: str, split: str = "val") -> ScoreTable:
    """Scores that say Sad, of these clips alone."""
    scores = np.tile([0.2, 0.8], (len(ids), 1))
    return ScoreTable(
        "voice", ("Happy", "Sad"), tuple(ids), scores, (split,) * len(ids), (None,) * len(ids)
    )


def accuracy(figures: list[Figure]) -> Figure:
    return next(figure for figure in figures if figure.metric == "accuracy")


def test_a_clip_that_the_table_does_not_list_is_wrong() -> None:
    found = accuracy(evaluate(table("ac"), ANSWERS, splits=SPLITS))
    assert (found.value, found.n, found.n_scored) == (1 / 4, 4, 2)
    alone = accuracy(evaluate(table("ac"), ANSWERS))
    assert (alone.value, alone.n, alone.n_scored) == (1 / 2, 2, 2)


def test_an_empty_row_and_no_row_count_the_same() -> None:
    empty = table("abcd")
    empty.scores[1:] = np.nan
    assert evaluate(empty, ANSWERS, splits=SPLITS) == evaluate(table("a"), ANSWERS, splits=SPLITS)


def test_a_split_without_any_score_has_no_figure() -> None:
    assert {f.split for f in evaluate(table("abcd"), ANSWERS, splits=SPLITS)} == {"val"}


def test_a_clip_without_an_answer_is_not_judged() -> None:
    assert accuracy(evaluate(table("abcdx"), ANSWERS, splits=SPLITS)).n == 4


def test_a_regression_leaves_clips_without_scores_out_and_tells() -> None:
    scores = ScoreTable(
        "voice", ("joy",), ("a", "b"), np.array([[1.0], [2.0]]), ("val",) * 2, (None,) * 2,
        task="regression",
    )  # fmt: skip
    found = evaluate(
        scores, {"a": 2.0, "b": 2.0, "c": 9.0}, splits=SPLITS | {"c": "val"}, metrics=["mse"]
    )
    assert [(f.value, f.n, f.n_scored) for f in found] == [(pytest.approx(0.5), 3, 2)]
