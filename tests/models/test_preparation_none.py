"""``preparation: none``, and hyper-parameters chosen by what the challenge asks for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from emotiw.core.errors import ConfigError
from emotiw.models.tabular.preparation import Preparation, PreparationOptions
from emotiw.models.tabular.tabular_options import TabularOptions
from emotiw.runs.recipe import load_recipe
from tests.ablation.small import make_small


def test_nothing_is_done_to_values() -> None:
    options = TabularOptions.model_validate({"preparation": "none"}).preparation
    assert options == PreparationOptions(standardise="none")
    vectors = np.array([[0.1, 0.9], [0.4, 0.6], [0.5, 0.5]], dtype=np.float32)
    preparation = Preparation(options)
    assert np.array_equal(preparation.fit(vectors, ["a", "b", "c"]), vectors)
    assert np.array_equal(preparation.apply(vectors[:1], ["d"]), vectors[:1])


def test_a_model_chooses_by_the_metric_of_the_challenge(tmp_path: Path) -> None:
    path = make_small(tmp_path, {"voice": 1.0})  # whose metric is the UAR
    spec = yaml.safe_load((tmp_path / "small.yaml").read_text())
    for metric in ("uar", "weighted_f1"):
        (tmp_path / "small.yaml").write_text(yaml.safe_dump(spec | {"metric": metric}))
        options = load_recipe(path).models["voice"].options
        assert getattr(options, "scoring", "") == metric
    own = load_recipe(path, ["models.voice.scoring=accuracy"]).models["voice"].options
    assert getattr(own, "scoring", "") == "accuracy"
    with pytest.raises(ConfigError, match="preparation"):
        load_recipe(path, ["models.voice.preparation=nothing"])
