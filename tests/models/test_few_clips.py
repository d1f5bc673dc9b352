"""Models of a few hundred clips: statistics of stretches, ensembles, networks with a start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotiw.checks.small_examples import small_examples
from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec
from emotiw.core.notices import heard_by
from emotiw.core.task import Classification, Regression, Task
from emotiw.models.groups.averaged import Ensemble
from emotiw.models.model import Model
from emotiw.models.registry import MODELS
from emotiw.models.sequence.recurrent import Recurrent
from emotiw.models.sequence.start import statistics_start
from emotiw.models.tabular.pooling import pool, pooled_matrix
from emotiw.models.tabular.preparation import Preparation, PreparationOptions
from emotiw.models.tabular.tabular_model import TabularModel

SPEC = FeatureSpec("posteriors", (4,), "frame")
LABELS = Classification(("Angry", "Happy", "Sad"))
LEVEL = Regression(("level",), target_range=(0.0, 2.0))


def made(name: str, task: Task, **told: Any) -> Model:
    kind = MODELS.resolve(name)
    return kind(kind.Options.model_validate(told), spec=SPEC, task=task, seed=0)


def test_segments_are_means_of_stretches_and_quantiles_five() -> None:
    rows = np.arange(40, dtype=np.float32).reshape(20, 2)
    array = FeatureArray(rows, np.ones(20, dtype=bool))
    segments = pool(array, ("segments",)).reshape(10, 2)
    assert segments[:, 0].tolist() == (1 + 4 * np.arange(10)).tolist()
    assert pool(array, ("mean", "quantiles")).shape == (12,)
    single = FeatureArray(rows[:1], np.ones(1, dtype=bool))
    assert pool(single, ("segments",)).tolist() == [0, 1] * 10


def test_the_pooling_of_a_recipe_reaches_the_model(tmp_path: Path) -> None:
    examples = small_examples(SPEC, LABELS)
    model = made("logistic", LABELS, pooling=("mean", "segments"))
    assert isinstance(model, TabularModel)
    model.fit(examples)
    assert model.vectors_of(examples).shape == (len(examples), 44)
    model.save(tmp_path)
    again = type(model).load(tmp_path)
    assert np.array_equal(again.predict(examples), model.predict(examples))


def test_values_stay_as_they_are_where_nothing_is_standardised() -> None:
    vectors = np.array([[1, 7], [3, 9]], dtype=np.float32)
    preparation = Preparation(PreparationOptions(standardise="none"))
    assert np.array_equal(preparation.fit(vectors, ["a", "b"]), vectors)


@pytest.mark.parametrize("task", [LABELS, LEVEL])
def test_an_ensemble_is_the_mean_of_members_that_left_out_other_groups(
    task: Task, tmp_path: Path
) -> None:
    examples = small_examples(SPEC, task)
    model = made("ensemble", task, n=3, learner={"model": "logistic"})
    assert isinstance(model, Ensemble)
    model.fit(examples)
    each = [member.predict(examples) for member in model.members]
    assert len(each) == 3
    assert not np.array_equal(each[0], each[1])
    assert np.allclose(model.predict(examples), np.mean(each, axis=0))
    model.save(tmp_path)
    assert np.array_equal(Ensemble.load(tmp_path).predict(examples), model.predict(examples))


@pytest.mark.parametrize("task", [LABELS, LEVEL])
def test_a_network_that_learns_nothing_ends_where_it_began(task: Task) -> None:
    examples = small_examples(SPEC, task)
    training = {"epochs": 2, "learning_rate": 1e-12, "warm_up_epochs": 0}
    model = made("lstm", task, hidden=4, start="statistics", training=training)
    assert isinstance(model, Recurrent)
    model.fit(examples)
    assert model.report is not None
    weight, bias = statistics_start(examples, task)
    begun = pooled_matrix(examples) @ weight.T + bias
    said = model.predict(examples)
    if task.is_label:
        assert np.allclose(np.log(said[:, :1] / said), begun[:, :1] - begun, atol=1e-3)
    else:
        assert np.allclose(said, begun.clip(0, 2), atol=1e-3)


def test_a_start_that_nothing_improves_on_is_told() -> None:
    told: list[str] = []
    examples = small_examples(SPEC, LABELS)
    training = {"epochs": 2, "learning_rate": 1e-12, "monitor": "accuracy"}
    with heard_by(told.append):
        made("lstm", LABELS, hidden=4, training=training).fit(examples)
        assert not told
        made("lstm", LABELS, hidden=4, start="statistics", training=training).fit(examples)
    assert len(told) == 1
    assert "so it stays that regression" in told[0]


def test_a_network_that_learnt_noise_goes_back_to_its_start() -> None:
    examples = small_examples(SPEC, LABELS)
    assert examples.targets is not None
    noise = np.random.default_rng(0).permutation(examples.targets)
    examples = replace(examples, targets=noise)
    training = {"epochs": 10, "learning_rate": 0.05, "restore_best": False}
    model = made("lstm", LABELS, start="statistics", training=training)
    told: list[str] = []
    with heard_by(told.append):
        model.fit(examples)
    weight, bias = statistics_start(examples, LABELS)
    begun = pooled_matrix(examples) @ weight.T + bias
    said = model.predict(examples)
    assert np.allclose(np.log(said[:, :1] / said), begun[:, :1] - begun, atol=1e-3)
    assert len(told) == 1


def test_a_start_reads_whole_clips() -> None:
    with pytest.raises(ConfigError, match="leave window out"):
        made("lstm", LABELS, start="statistics", window=8)


def test_slope_and_change_tell_order() -> None:
    rows = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]], dtype=np.float32)
    array = FeatureArray(rows, np.ones(4, dtype=bool))
    assert np.allclose(pool(array, ("slope", "change")), [3.0, -0.6, 1.0, 1.0])
    backwards = FeatureArray(rows[::-1].copy(), array.present)
    assert np.allclose(pool(backwards, ("slope", "change")), [-3.0, 0.6, 1.0, 1.0])
    single = FeatureArray(rows[:1], np.ones(1, dtype=bool))
    assert pool(single, ("slope", "change")).tolist() == [0, 0, 0, 0]
