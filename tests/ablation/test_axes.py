"""What may be varied, what the rows are called, and what a slip of the pen is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emotiw.analysis.ablation.axes import Variants, parse_axes, variants_of
from emotiw.core.errors import ConfigError
from emotiw.runs.ablation_settings import AblationSettings
from emotiw.runs.recipe import load_recipe
from tests.ablation.small import make_small

RECIPE = load_recipe("demo")


def rows(axes: dict[str, Any], **more: Any) -> list[str]:
    return [v.name for v in variants_of(RECIPE, AblationSettings(axes=axes, **more)).rows]


def test_modalities_by_word_and_by_list() -> None:
    assert rows({"modalities": "alone"}) == ["cnn_rnn", "c3d", "voice", "cnn_rnn+c3d+voice"]
    assert rows({"modalities": "leave one out"}) == [
        "cnn_rnn+c3d+voice", "c3d+voice", "cnn_rnn+voice", "cnn_rnn+c3d",
    ]  # fmt: skip
    assert len(rows({"modalities": "subsets"})) == 7
    assert rows({"modalities": ["voice", "voice+c3d", ["c3d", "cnn_rnn"]]}) == [
        "voice", "c3d+voice", "cnn_rnn+c3d",
    ]  # fmt: skip
    assert rows({}) == rows({"modalities": "subsets"})


def test_where_modalities_meet(tmp_path: Path) -> None:
    both = ["face", "voice"]
    models = {
        "network": {"model": "gated", "features": both},
        "face": {"model": "logistic", "features": "face"},
        "voice": {"model": "logistic", "features": "voice"},
    }
    recipe = load_recipe(make_small(tmp_path, {"face": 1.0, "voice": 1.0}, models=models))

    def of(axes: dict[str, Any]) -> Variants:
        return variants_of(recipe, AblationSettings(axes=axes))

    every = of({"fusion_point": "all"})
    assert {row.name: row.models for row in every.rows} == {
        "joint": ("network",),
        "late": ("face", "voice"),
        "joint + late": ("network", "face", "voice"),
    }
    assert every.reference == "late"
    assert [row.name for row in of(parse_axes(["fusion_point=joint + late,late"])).rows] == [
        "joint + late", "late",
    ]  # fmt: skip
    assert len(of({}).rows) == 7  # all subsets, as ever
    with pytest.raises(ConfigError, match="has no models for 'early'"):
        of({"fusion_point": ["early"]})
    with pytest.raises(ConfigError, match="both choose models: give one"):
        of({"fusion_point": "all", "modalities": "alone"})


def test_settings_reach_the_recipe() -> None:
    asked = AblationSettings(
        axes={
            "features.voice.feature_set": ["eGeMAPSv02", "IS10"],
            "sequence model": {"lstm": {}, "small gru": {"models.cnn_rnn.model": "gru"}},
            "seed": {"first": 0, "second": 1},
        }
    )
    variants = variants_of(RECIPE, asked)
    assert variants.reference == "eGeMAPSv02, lstm, first"
    last = variants.rows[-1]
    assert dict(last.choice) == {
        "features.voice.feature_set": "IS10",
        "sequence model": "small gru",
        "seed": "second",
    }
    assert last.recipe.models["cnn_rnn"].model == "gru"
    assert last.recipe.settings.seed == 1
    assert last.recipe.features["voice"].options.feature_set == "IS10"  # type: ignore[attr-defined]


def test_one_at_a_time_varies_one_at_a_time() -> None:
    axes = {"fusion": ["weighted", "mean"], "calibration": ["temperature", "none", "vector"]}
    assert rows(axes, combine="one at a time", reference={"calibration": "none"}) == [
        "weighted, none", "mean, none", "weighted, temperature", "weighted, vector",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"axes": {"fusoin": ["mean"]}}, "did you mean 'fusion'"),
        ({"axes": {"fusion": ["maen"]}}, "axis 'fusion', setting 'maen': .*fusion.method"),
        ({"axes": {"features.voice.feature_st": [1]}}, "did you mean 'feature_set'"),
        ({"axes": {"mine": {"a": {"modles.voice.c": 1}}}}, "did you mean 'models'"),
        ({"axes": {"modalities": "subset"}}, "did you mean 'subsets'"),
        ({"axes": {"modalities": ["vioce"]}}, "no model 'vioce'; did you mean 'voice'"),
        ({"axes": {"fusion": "mean"}}, "expected a list of values"),
        ({"axes": {"fusion": []}}, "no settings"),
        ({"axes": {"seed": [1, 1]}}, "setting '1' comes twice"),
        ({"axes": {"paths.runs": ["a"]}}, "no key of the recipe that can be varied"),
        ({"axes": {"seed": [1]}, "reference": {"sede": 1}}, "no axis 'sede'; did you mean 'seed'"),
        ({"axes": {"seed": [1]}, "reference": {"seed": 2}}, "no setting '2'"),
    ],
)
def test_slips_are_told(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        variants_of(RECIPE, AblationSettings(**settings))


def test_all_slips_are_told_at_once() -> None:
    with pytest.raises(ConfigError, match="ablation: 3 problems"):
        variants_of(
            RECIPE,
            AblationSettings(axes={"fusoin": ["mean"], "modalities": ["a"], "fusion": []}),
        )


def test_axes_on_the_command_line() -> None:
    assert parse_axes(["fusion=mean", "models.voice.c=1,0.5"]) == {
        "fusion": ["mean"],
        "models.voice.c": [1, 0.5],
    }
    with pytest.raises(ConfigError, match="expected NAME=VALUE, like fusion="):
        parse_axes(["fusion"])
    with pytest.raises(ConfigError, match="not valid YAML"):
        parse_axes(["fusion=mean,'"])
