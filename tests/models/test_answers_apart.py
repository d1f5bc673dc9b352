"""Several answers of a model that knows one: each as if it had been asked alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotiw.checks.small_examples import LABELS, SEEN, SEVERAL, SPECS, small_examples
from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureSpec, FeatureTable
from emotiw.core.notices import heard_by
from emotiw.core.several import Presence, Several
from emotiw.core.task import Classification, Regression, Task
from emotiw.models.model import Examples, Model
from emotiw.models.registry import MODELS

VECTOR, ROWS = SPECS[0], SPECS[1]


def model_of(name: str, task: Task, spec: FeatureSpec = VECTOR, **written: Any) -> Model:
    kind = MODELS.resolve(name)
    return kind(kind.Options.model_validate(written), spec=spec, task=task, seed=0)


def both(spec: FeatureSpec = VECTOR) -> tuple[Examples, Examples]:
    others = small_examples(spec, SEVERAL, 9, seed=1)
    return small_examples(spec, SEVERAL, 30), replace(others, targets=None)


@pytest.mark.parametrize("name", ["logistic", "svm", "kernel_ridge"])
def test_each_answer_is_that_of_a_model_that_is_asked_it_alone(name: str) -> None:
    learnt, others = both()
    together = model_of(name, SEVERAL)
    together.fit(learnt)
    scores = together.predict(others)
    assert learnt.targets is not None
    for place, (answer, own) in enumerate(zip(SEVERAL.answers, SEVERAL.columns, strict=True)):
        known = np.flatnonzero(~np.isnan(learnt.targets[:, place]))
        assert len(known) < len(learnt)
        values = learnt.targets[known, place]
        asked = answer.as_labels if isinstance(answer, Presence) else answer
        values = values.astype(np.int64) if asked.is_label else values
        scoring = {"scoring": "f1"} if isinstance(answer, Presence) else {}
        alone = model_of(name, asked, **scoring)
        alone.fit(replace(learnt.subset(known), targets=values))
        expected = alone.predict(others)
        expected = expected[:, 1:] if isinstance(answer, Presence) else expected
        np.testing.assert_array_equal(scores[:, own], expected)


def test_what_never_varies_is_said_and_told(tmp_path: Path) -> None:
    learnt, others = both()
    assert learnt.targets is not None
    learnt.targets[:, 0] = 1  # 30 clips of one label
    learnt.targets[:, 1] = np.nan
    model, heard = model_of("logistic", SEVERAL), []
    with heard_by(heard.append):
        model.fit(learnt)
    assert len(heard) == 2
    assert "'label' is always Neutral" in heard[0]
    assert "'smile' is never annotated" in heard[1]
    scores = model.predict(others)
    assert np.allclose(scores[:, :3], [1 / 33, 31 / 33, 1 / 33])
    assert np.allclose(scores[:, 3], 0.5)
    model.save(tmp_path)
    assert np.array_equal(type(model).load(tmp_path).predict(others), scores)
    learnt.targets[:, 2] = np.nan
    with pytest.raises(ConfigError, match="nothing can be told apart"):
        model.fit(learnt)


def test_settings_are_chosen_by_the_part_of_the_metric_that_judges_an_answer() -> None:
    model: Any = model_of("logistic", SEVERAL, scoring="mer2023")
    assert [part.options.scoring for part in model.apart] == ["weighted_f1", "f1", "mse"]
    model = model_of("logistic", SEVERAL, scoring="accuracy.label")
    assert [part.options.scoring for part in model.apart] == ["accuracy", "f1", None]
    with pytest.raises(ConfigError, match="uar"):
        model_of("logistic", SEVERAL, scoring="uar")  # judges one of three
    with pytest.raises(ConfigError, match="no answer 'smlie'"):
        model_of("logistic", SEVERAL, scoring="f1.smlie")


@pytest.mark.parametrize("task", [SEVERAL, Presence(("smile",))])
@pytest.mark.parametrize("name", ["vote", "individuals", "one_vs_rest", "expected_value"])
def test_what_knows_one_answer_alone_refuses_more(name: str, task: Task) -> None:
    with pytest.raises(ConfigError, match=r"answers with one label or one number; it can't be"):
        model_of(name, task, SPECS[3])
    assert SEEN  # the spec has scores: that is not why


def test_networks_answer_together_and_apart_from_what_is_not_known() -> None:
    learnt, others = both(ROWS)
    training = {"epochs": 15, "batch_size": 8, "learning_rate": 0.02, "answer_weights": "learnt"}
    model = model_of("gru", SEVERAL, ROWS, hidden=12, dropout=0, training=training)
    model.fit(learnt)
    scores, told = model.predict(others), small_examples(ROWS, SEVERAL, 9, seed=1).targets
    assert told is not None
    decided = SEVERAL.decide(scores)
    known = ~np.isnan(told)
    assert (decided[:, 0] == told[:, 0])[known[:, 0]].mean() >= 0.8
    assert ((decided[:, 1] >= 0.5) == told[:, 1])[known[:, 1]].mean() >= 0.8
    with pytest.raises(ConfigError, match="there is one answer"):
        model_of("gru", Classification(LABELS), ROWS, training={"answer_weights": "learnt"})
    with pytest.raises(ConfigError, match="accuracy"):
        model_of("gru", Regression(("x",)), ROWS, training={"monitor": "accuracy"})


def test_segments_are_rows_with_their_clips_answer() -> None:
    affect = Several((Regression(("valence",)), Regression(("arousal",))))
    learnt, others = small_examples(ROWS, affect, 20), small_examples(ROWS, affect, 5, seed=1)
    model = model_of("segments", affect, ROWS, learner={"model": "logistic"})
    model.fit(learnt)
    rows = [
        (f"{clip_id}/{row}", array.values[row : row + 1], place)
        for place, (clip_id, array) in enumerate(zip(learnt.clip_ids, learnt.arrays(), strict=True))
        for row in np.flatnonzero(array.present)
    ]
    from emotiw.core.feature_table import FeatureArray

    spec = replace(ROWS, unit="clip")
    table = FeatureTable(spec, {name: FeatureArray.all_present(v) for name, v, _ in rows})
    owners = [place for *_, place in rows]
    assert learnt.targets is not None
    inside = model_of("logistic", affect, spec)
    groups = tuple(learnt.groups[place] for place in owners)
    inside.fit(Examples(table, tuple(name for name, *_ in rows), groups, learnt.targets[owners]))
    for place, array in enumerate(others.arrays()):
        there = array.values[array.present]
        one = {f"row{n}": FeatureArray.all_present(v[None]) for n, v in enumerate(there)}
        asked = Examples(FeatureTable(spec, one), tuple(one), ("",) * len(one))
        expected = inside.predict(asked).mean(axis=0)
        found = model.predict(others.subset([place]))[0]
        np.testing.assert_allclose(found, expected, atol=1e-12)
