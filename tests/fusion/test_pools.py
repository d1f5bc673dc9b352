from __future__ import annotations

import numpy as np
import pytest

from fusion.pools import RULES, arithmetic_pool, geometric_pool

TWO = np.array([[[0.5, 0.3, 0.2], [0.2, 0.6, 0.2]]])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("mean", [0.35, 0.45, 0.20]),
        ("product", [10 / 32, 18 / 32, 4 / 32]),
        ("geometric", [10**0.5, 18**0.5, 4**0.5]),
        ("max", [0.5, 0.6, 0.2]),
        ("median", [0.35, 0.45, 0.20]),
        ("rank", [2 + 0.5, 1 + 2, 0 + 0.5]),
        ("majority", [1 / 2 + 0.35 / 4, 1 / 2 + 0.45 / 4, 0.20 / 4]),
    ],
)
def test_rules_on_two_opinions(rule: str, expected: list[float]) -> None:
    scaled = np.array(expected) / np.sum(expected)
    assert RULES[rule](TWO)[0] == pytest.approx(scaled)


@pytest.mark.parametrize("rule", RULES)
def test_rules_skip_what_is_missing_and_leave_nobody_empty(rule: str) -> None:
    scores = np.array([TWO[0], TWO[0], TWO[0]])
    scores[1, 1] = np.nan
    scores[2] = np.nan
    fused = RULES[rule](scores)
    assert np.argmax(fused[1]) == 0
    assert np.isnan(fused[2]).all()
    alone = RULES[rule](scores[1:2, :1])
    if rule != "majority":  # the tie break of a vote counts the modalities there could be
        assert fused[1] == pytest.approx(alone[0])


@pytest.mark.parametrize("pool", [arithmetic_pool, geometric_pool])
def test_weights_are_renormalised_over_what_is_there(pool: object) -> None:
    assert callable(pool)
    three = np.concatenate([TWO, np.full((1, 1, 3), np.nan)], axis=1)
    with_gap = pool(three, np.array([0.1, 0.3, 0.6]))
    assert with_gap == pytest.approx(pool(TWO, np.array([0.25, 0.75])))


@pytest.mark.parametrize("pool", [arithmetic_pool, geometric_pool])
def test_modalities_that_weigh_nothing_still_speak_where_nobody_else_does(pool: object) -> None:
    assert callable(pool)
    only_second = TWO.copy()
    only_second[0, 0] = np.nan
    assert pool(only_second, np.array([1.0, 0.0]))[0] == pytest.approx(TWO[0, 1])
