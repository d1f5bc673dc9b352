"""From which probability on an answer can be relied on."""

from __future__ import annotations

import numpy as np
import pytest

from emotiw.core.probabilities import reliable_from, softmax


@pytest.mark.parametrize("wanted", [0.5, 0.7, 0.9])
def test_no_lower_threshold_keeps_enough_right(wanted: float) -> None:
    rng = np.random.default_rng(0)
    scores = softmax(2 * rng.normal(size=(400, 3)))
    targets = np.array([rng.choice(3, p=row) for row in scores])
    best, is_right = scores.max(1), scores.argmax(1) == targets
    below = reliable_from(scores, targets, wanted)
    assert is_right[best >= below].mean() >= wanted
    for lower in best[best < below]:
        assert is_right[best >= lower].mean() < wanted


def test_where_nothing_is_right_nothing_is_reliable() -> None:
    scores = np.array([[0.9, 0.1], [0.4, 0.6]])
    assert reliable_from(scores, np.array([1, 0]), 0.5) == 1.0
