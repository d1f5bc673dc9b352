"""Scores of bundled networks as a modality: translated by name, nothing learnt."""

from __future__ import annotations

import numpy as np
import pytest

from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.task import Classification, Regression
from emotiw.models.bundled import Bundled, BundledOptions
from emotiw.models.model import Examples

COLUMNS = ("embedding_0", "score_Angry", "score_Happy", "score_Surprise")
SPEC = FeatureSpec("face", (4,), "frame", columns=COLUMNS)


def model(labels: tuple[str, ...], means: dict[str, str] | None = None) -> Bundled:
    return Bundled(BundledOptions(means=means), spec=SPEC, task=Classification(labels), seed=0)


def examples(*rows: list[float], present: tuple[bool, ...] = ()) -> Examples:
    values = np.array(rows, dtype=np.float32)
    array = FeatureArray(values, np.array(present or [True] * len(rows)))
    return Examples(FeatureTable(SPEC, {"a": array}), ("a",), ("a",))


def test_frames_are_averaged_and_labels_found_by_meaning() -> None:
    rows = examples(
        [9, 0.6, 0.2, 0.2], [9, 0.2, 0.6, 0.2], [9, 9, 9, 9], present=(True, True, False)
    )
    found = model(("happiness", "anger")).predict(rows)
    assert found.tolist() == [pytest.approx([0.5, 0.5])]  # of 0.4 and 0.4; surprise is left out


def test_a_label_that_nothing_stands_for_keeps_its_even_share() -> None:
    found = model(("Happy", "Angry", "calm")).predict(examples([0, 0.25, 0.75, 0]))
    assert found[0] == pytest.approx([0.5, 1 / 6, 1 / 3])


def test_means_may_be_said_and_mistakes_are_told() -> None:
    said = model(("up", "down"), {"Happy": "up", "Surprise": "up", "Angry": "down"})
    assert said.predict(examples([0, 0.2, 0.5, 0.3]))[0] == pytest.approx([0.8, 0.2])
    with pytest.raises(ConfigError, match="joy"):
        model(("up", "down"), {"joy": "up"})
    with pytest.raises(ConfigError, match="nothing stands for a label"):
        model(("up", "down"))
    with pytest.raises(ConfigError, match="holds no scores"):
        Bundled(
            BundledOptions(),
            spec=FeatureSpec("x", (2,), "clip"),
            task=Classification(("Happy", "Sad")),
            seed=0,
        )
    with pytest.raises(ConfigError, match="a number is asked for"):
        Bundled(BundledOptions(), spec=SPEC, task=Regression(("v",), (0.0, 1.0)), seed=0)
