from __future__ import annotations

import numpy as np
import pytest

from emotiw.core.errors import ConfigError
from fusion.prior import declared_prior, estimated_prior, shifted


def test_shifting_to_the_same_prior_changes_nothing() -> None:
    scores = np.random.default_rng(0).dirichlet(np.ones(4), size=20)
    prior = np.array([0.1, 0.2, 0.3, 0.4])
    assert np.allclose(shifted(scores, prior, prior), scores)


def test_em_finds_the_frequencies_of_calibrated_scores() -> None:
    rng = np.random.default_rng(0)
    true_prior, even = np.array([0.6, 0.3, 0.1]), np.full(3, 1 / 3)
    truth = rng.choice(3, p=true_prior, size=20_000)
    seen = rng.normal(size=(20_000, 3))
    seen[np.arange(20_000), truth] += 2.0
    scores = np.exp(2.0 * seen)  # the likelihood ratio of unit normals two apart
    scores /= scores.sum(axis=1, keepdims=True)
    assert np.abs(estimated_prior(scores, even) - true_prior).max() < 0.02


def test_no_scores_leave_the_prior_as_it_is() -> None:
    prior = np.array([0.7, 0.3])
    assert estimated_prior(np.full((3, 2), np.nan), prior).tolist() == [0.7, 0.3]


def test_the_square_root_of_the_counts_of_2017() -> None:
    counts = {"Angry": 98, "Disgust": 40, "Neutral": 193}
    prior = declared_prior(counts, ("Angry", "Disgust", "Neutral"), power=0.5)
    assert prior[2] / prior[1] == pytest.approx((193 / 40) ** 0.5)


def test_every_wrong_label_of_a_declared_prior_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        declared_prior({"Angri": 1.0}, ("Angry", "Happy"))
    assert "no label 'Angri'; did you mean 'Angry'?" in str(caught.value)
    assert "label 'Happy' has no weight" in str(caught.value)
