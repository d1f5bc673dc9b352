"""A recipe whose models read several features: what it may say, what is scored, kept and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from emotiw import subset_scores
from emotiw.analysis.ablation.work import ablate
from emotiw.analysis.report.page import write_report
from emotiw.core.errors import ConfigError
from emotiw.models.joint.looking import CAUTION
from emotiw.runs.ablation_settings import AblationSettings
from emotiw.runs.pipeline import run_all
from emotiw.runs.recipe import load_recipe
from emotiw.runs.run import Run, open_run
from emotiw.runs.stages.fits import fits_of
from emotiw.runs.stages.train import train_stage
from tests.ablation.small import make_small

BRIEF = {"epochs": 2, "batch_size": 9}
BOTH: dict[str, Any] = {"features": ["face", "voice"]}
NETWORK = {"model": "gated", **BOTH, "channels": 8, "training": BRIEF}
DEAF, BLIND, NEITHER = "train000", "train001", "train002"


def recipe(home: Path, models: dict[str, Any], **more: Any) -> Path:
    """A recipe with three clips that lack a feature, or both."""
    path = make_small(home, {"face": 1.5, "voice": 1.0}, n_train=18, n_val=6, models=models, **more)
    for name, lacking in {"face": (BLIND, NEITHER), "voice": (DEAF, NEITHER)}.items():
        file = home / "clips" / f"{name}.npz"
        with np.load(file) as kept:
            rows = {clip_id: kept[clip_id] for clip_id in kept.files if clip_id not in lacking}
        np.savez(file, **rows)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    models = {
        "network": NETWORK,
        "vector": {"model": "early", **BOTH, "learner": "logistic"},
        "listed": {"model": "logistic", "features": ["face"]},
    }
    opened = open_run(recipe(tmp_path_factory.mktemp("joint"), models))
    run_all(opened)
    return opened


def test_a_clip_is_scored_that_has_any_of_the_features(run: Run) -> None:
    for name in ("network", "vector"):
        scores = run.scores(name).aligned_to([DEAF, BLIND, NEITHER, "train003"])
        assert np.isnan(scores).any(axis=1).tolist() == [False, False, True, False]
        row = run.ledger(f"train:{name}").get(f"train:{name}", NEITHER)
        assert row is not None
        assert (row.status, row.reason) == (
            "missing", "no scores: face+voice has no rows of this clip"
        )  # fmt: skip
    assert run.recipe.models["listed"].features == ("face",)  # a list of one is that feature


def test_it_is_known_what_a_model_reads(run: Run) -> None:
    stage = train_stage(run, run.recipe.models["network"])
    assert {"features.face.path", "features.voice.path"} <= stage.settings.keys()
    assert stage.is_current
    assert stage.settings["models.network.features"] == "face+voice"


def test_every_subset_is_scored_by_the_models_that_are_there(run: Run) -> None:
    found = subset_scores(run, "network")
    assert list(found) == [("face",), ("voice",), ("face", "voice")]
    ids = run.cohort().clip_ids
    whole, own = (t.aligned_to(ids) for t in (found["face", "voice"], run.scores("network")))
    assert np.allclose(whole, own, atol=1e-6, equal_nan=True)
    alone = found["face",].aligned_to([DEAF, BLIND])
    assert np.allclose(alone[0], run.scores("network").aligned_to([DEAF])[0], atol=1e-6)
    assert np.isnan(alone[1]).all()
    with pytest.raises(ConfigError, match=r"models\.listed reads face; it has no subsets"):
        subset_scores(run, "listed")


def test_the_report_says_where_it_looks_and_that_this_is_no_proof(run: Run, tmp_path: Path) -> None:
    page = write_report(run, tmp_path / "report.html", has_samples=False).path.read_text()
    assert '<section id="attention"' in page
    assert CAUTION in page
    assert "<h3>network</h3>" in page
    assert "<h3>vector</h3>" not in page  # it doesn't weigh
    assert f"\n{DEAF},face,1.0000" in (run.folder / "attention/network.csv").read_text()
    assert not (run.folder / "attention/vector.csv").exists()


def test_early_joint_and_late_are_compared(run: Run) -> None:
    done = ablate(run, AblationSettings(axes={"fusion_point": ["joint", "joint + late", "late"]}))
    assert list(done.table["row"]) == ["joint", "joint + late", "late"]
    assert done.table["p_holm"].notna().tolist() == [True, True, False]


def test_names_of_features_change_no_model(run: Run) -> None:
    document = yaml.safe_load((run.recipe.settings.data.root.parent / "recipe.yaml").read_text())
    names = {"face": "eyes", "voice": "ears"}
    document["features"] = {names[n]: told for n, told in document["features"].items()}
    document["models"] = {"network": {**NETWORK, "features": ["eyes", "ears"]}}
    document["name"] = "renamed"
    path = run.recipe.settings.data.root.parent / "renamed.yaml"
    path.write_text(yaml.safe_dump(document))
    other = open_run(path)
    from emotiw.runs.stages.index import index

    index(other)
    assert fits_of(other, "network").fit_keys == fits_of(run, "network").fit_keys


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (
            {"model": "logistic", **BOTH},
            "Logistic reads one feature, got face, voice; early, gated",
        ),
        ({"model": "gated", "features": ["face", "vioce"]}, "'vioce'; did you mean 'voice'?"),
        ({"model": "gated", "features": ["face", "face"]}, "'face' is named twice"),
        ({"model": "gated"}, "which feature does it read? (features: face, voice)"),
        ({"model": "gated", "features": []}, "which feature does it read?"),
        (
            {"model": "ensemble", **BOTH, "learner": "svm"},
            "Ensemble reads one feature, got face, voice",
        ),
    ],
)
def test_a_list_that_cannot_be_read_is_refused(
    model: dict[str, Any], told: str, tmp_path: Path
) -> None:
    path = make_small(
        tmp_path, {"face": 1.0, "voice": 1.0}, n_train=6, n_val=3, models={"m": model}
    )
    with pytest.raises(ConfigError) as refused:
        load_recipe(path)
    assert told in str(refused.value)
    assert "recipe.yaml:" in str(refused.value)


def test_an_ensemble_of_joint_networks_reads_several(tmp_path: Path) -> None:
    learner = {"model": "gated", "channels": 8, "training": BRIEF}
    models = {"m": {"model": "ensemble", **BOTH, "n": 2, "learner": learner}}
    path = recipe(tmp_path, models)
    opened = open_run(path)
    run_all(opened)
    assert not np.isnan(opened.scores("m").aligned_to(["train003"])).any()


def test_answers_step_by_step_are_refused(tmp_path: Path) -> None:
    settings = [
        "features={face: {extractor: frames}, voice: {extractor: opensmile}}",
        "models={m: {model: gated, features: [face, voice]}}",
    ]
    with pytest.raises(ConfigError, match="asks step by step: fuse a model of each instead"):
        load_recipe("demo_affect", ["challenge=abaw6_va", f"data.root={tmp_path}", *settings])
