"""Doubted labels: the published rule, as another program finds them."""

from __future__ import annotations

import numpy as np
import pytest

from emotiw.evaluation.label_doubts import label_doubts

# cleanlab 2.9.0: find_label_issues(y_true, scores, filter_by="confident_learning",
# return_indices_ranked_by="normalized_margin") on `made_up(200, seed)`
BY_CLEANLAB = {
    0: [30, 93, 76, 190, 141, 23, 157, 148, 137, 83],
    1: [43, 152, 190, 6, 21, 36, 59, 122, 136, 107],
    2: [55, 183, 67, 195, 126, 147, 82, 25, 145, 141],
}
N_BY_CLEANLAB = {0: 13, 1: 30, 2: 24}


def made_up(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y_true = rng.integers(4, size=n)
    logits = rng.normal(size=(n, 4))
    logits[np.arange(n), y_true] += 1.5
    scores = np.exp(logits)
    return scores / scores.sum(axis=1, keepdims=True), y_true


@pytest.mark.parametrize("seed", list(BY_CLEANLAB))
def test_they_are_those_that_another_program_finds(seed: int) -> None:
    found = label_doubts(*made_up(200, seed))
    assert [doubt.row for doubt in found][:10] == BY_CLEANLAB[seed]
    assert len(found) == N_BY_CLEANLAB[seed]


def test_swapped_labels_are_found_and_what_was_meant() -> None:
    scores, y_true = made_up(400, 5)
    sharp = scores**3 / (scores**3).sum(axis=1, keepdims=True)
    wrong = np.arange(0, 400, 20)
    carried = y_true.copy()
    carried[wrong] = (y_true[wrong] + 1) % 4
    found = label_doubts(sharp, carried)
    hits = {doubt.row for doubt in found} & set(wrong.tolist())
    assert len(hits) >= 12
    meant = [y_true[d.row] == d.suggested for d in found if d.row in hits]
    assert np.mean(meant) > 0.8


def test_clips_without_scores_and_labels_without_clips_are_left_out() -> None:
    scores = np.array([[0.9, 0.1, 0.0], [np.nan] * 3, [0.05, 0.75, 0.2], [0.05, 0.85, 0.1]])
    assert label_doubts(scores, np.array([0, 0, 1, 1])) == []
    scores[0] = [0.1, 0.8, 0.1]
    # 0.8 is the mean score of label 1 among the clips that carry it
    assert [(d.row, d.suggested) for d in label_doubts(scores, np.array([0, 0, 1, 1]))] == [(0, 1)]
