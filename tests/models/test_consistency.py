"""Two views of a clip: what they are, and what training makes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from emotiw.checks.small_examples import LABELS, small_examples, small_step_examples
from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureSpec
from emotiw.core.several import Presence, Several
from emotiw.core.task import Classification, Regression
from emotiw.models.model import Examples, Unlabelled
from emotiw.models.registry import MODELS
from emotiw.models.training.consistency import Consistency, cropped, disturbed, likely
from emotiw.models.training.guessed_examples import with_guesses

SPEC, TASK = FeatureSpec("face", (6,), "frame"), Classification(LABELS)


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def clips() -> Examples:
    return replace(small_examples(SPEC, TASK, 12, seed=5), targets=None)


def scores_of(examples: Examples, folder: Path | None = None, **training: Any) -> Any:
    kind = MODELS.resolve("gru")
    told = {"hidden": 4, "training": {"epochs": 3, "batch_size": 8, **training}}
    model = kind(kind.Options.model_validate(told), spec=SPEC, task=TASK, seed=1)
    model.fit(examples, folder=folder)
    return model.predict(replace(small_examples(SPEC, TASK, 6, seed=1), targets=None))


def test_a_stretch_of_a_sequence_is_in_order_and_at_least_half_of_it() -> None:
    lengths = torch.tensor([8, 5, 1])
    mask = torch.arange(8) < lengths[:, None]
    frames = torch.arange(1.0, 9)[None, :, None].repeat(3, 1, 2) * mask[..., None]
    starts = set()
    for seed in range(20):
        values, inside = cropped(frames, mask, chance(seed))
        kept = inside.sum(1)
        assert (2 * kept >= lengths).all()
        assert (kept <= lengths).all()
        assert (values[~inside] == 0).all()
        own = values[0][inside[0]][:, 0]
        assert torch.equal(own.diff(), torch.ones(len(own) - 1))
        starts.add(float(own[0]))
        assert (values[1][inside[1]] > 0).all()
    assert len(starts) > 2


def test_a_disturbed_view_is_near_and_hides_few_columns() -> None:
    values = torch.randn(40, 10, 6, generator=chance())
    found = disturbed(values, chance(1))
    hidden = (found.std(1) < 1e-6).float().mean()
    assert 0.05 < float(hidden) < 0.2
    shown = found.std(1) > 1e-6
    apart = (found - values).std(1)[shown]
    assert float(apart.max()) < 0.3


def test_one_answer_to_both_views_costs_nothing() -> None:
    class Source:
        targets = torch.zeros(9)

        def batch(self, rows: torch.Tensor, generator: torch.Generator | None) -> Any:
            return (torch.randn(len(rows), 4, generator=generator),)

    class Same(torch.nn.Module):
        def forward(self, values: torch.Tensor) -> torch.Tensor:
            return torch.zeros(len(values), 3)

    rows, source = torch.arange(4), Source()
    for beside in (None, source):
        told = Consistency(source, beside, TASK)
        assert told.loss(Same(), rows, chance(), "cpu") == 0
        assert told.loss(torch.nn.Linear(4, 3), rows, chance(), "cpu") > 0


def test_labels_are_compared_as_probabilities_and_numbers_as_they_are() -> None:
    task = Several((Classification(LABELS), Presence(("smile",)), Regression(("valence",))))
    found = likely(torch.tensor([[1.0, 1.0, 1.0, 0.0, 7.0]]), task)
    assert torch.allclose(found, torch.tensor([[1 / 3, 1 / 3, 1 / 3, 0.5, 7.0]]))


def test_it_changes_what_is_learnt_where_it_is_asked_for(tmp_path: Path) -> None:
    learnt = small_examples(SPEC, TASK)
    beside = replace(learnt, unlabelled=Unlabelled(clips()))
    plain = scores_of(learnt)
    assert np.array_equal(scores_of(beside), plain)  # weight 0: nobody looks at them
    viewed = scores_of(learnt, consistency=1.0)
    both = scores_of(beside, consistency=1.0)
    assert not np.allclose(viewed, plain)
    assert not np.allclose(both, viewed)
    assert np.array_equal(scores_of(beside, tmp_path, consistency=1.0), both)  # the same again


def test_guesses_join_what_a_network_learns_from_by_their_weight() -> None:
    learnt, found = small_examples(SPEC, TASK), Unlabelled(clips())
    truth = np.arange(12) % 3
    none = found.guessed(truth, np.zeros(12), taught_by=())
    some = found.guessed(truth, np.repeat([1.0, 0.0], 6), taught_by=())
    few = found.guessed(truth, np.repeat([1e-6, 0.0], 6), taught_by=())
    assert len(with_guesses(replace(learnt, unlabelled=some))) == len(learnt) + 6
    assert with_guesses(replace(learnt, unlabelled=none)).clip_ids == learnt.clip_ids
    plain = scores_of(learnt)
    assert np.array_equal(scores_of(replace(learnt, unlabelled=none)), plain)
    assert not np.allclose(scores_of(replace(learnt, unlabelled=some)), plain)
    assert np.isfinite(scores_of(replace(learnt, unlabelled=few))).all()


def test_answers_step_by_step_have_no_views() -> None:
    kind = MODELS.resolve("gru")
    options = kind.Options.model_validate({"training": {"consistency": 1.0}})
    model = kind(options, spec=SPEC, task=Regression(("valence",), (0.0, 4.0)), seed=0)
    with pytest.raises(ConfigError, match="step by step"):
        model.fit(small_step_examples(SPEC, model.task))
