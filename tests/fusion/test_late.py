from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError, LeakageError, TableError
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Regression
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions
from fusion.late import LateFusion
from tests.fusion.made_up import Corpus

RULES = ("mean", "geometric", "product", "max", "median", "majority", "rank")
FITTED = ("weighted", "metric_weighted", "class_weighted", "logistic", "svm", "boosting", "cascade")
METHODS = (*FITTED, "auto", *RULES)
CALIBRATIONS = ("none", "temperature", "vector", "matrix", "isotonic")


def test_defaults_are_those_of_the_options() -> None:
    for name, parameter in inspect.signature(LateFusion).parameters.items():
        if name != "seed":
            assert parameter.default == FusionOptions.model_fields[name].default


def test_a_clone_is_unfitted_and_equal(corpus: Corpus) -> None:
    fusion = LateFusion(method="fixed", weights={"voice": 2, "face": 1}, seed=3)
    fusion.fit(corpus.tables, corpus.cohort)
    twin = clone(fusion)
    assert twin.get_params() == fusion.get_params()
    with pytest.raises(TableError, match="not been fitted"):
        twin.predict_proba(corpus.tables)


@pytest.mark.parametrize(
    ("method", "calibration"),
    [*((method, "temperature") for method in METHODS), *(("weighted", c) for c in CALIBRATIONS)],
)
def test_a_saved_fusion_gives_the_same_bytes(
    with_holes: Corpus, tmp_path: Path, method: str, calibration: str
) -> None:
    corpus = with_holes
    fusion = LateFusion(method=method, calibration=calibration)
    fusion.fit(corpus.tables, corpus.cohort)
    fusion.to_yaml(tmp_path / "fusion.yaml")
    again = LateFusion.from_yaml(tmp_path / "fusion.yaml")
    assert again.get_params() == fusion.get_params()
    assert again.seen_groups_ == fusion.seen_groups_
    before, after = fusion.predict_proba(corpus.tables), again.predict_proba(corpus.tables)
    assert np.array_equal(before.to_numpy(), after.to_numpy())


@pytest.mark.parametrize(
    ("method", "pool"),
    [*((method, "geometric") for method in METHODS), ("weighted", "arithmetic")],
)
def test_a_clip_alone_gets_the_scores_it_has_among_others(
    with_holes: Corpus, method: str, pool: str
) -> None:
    corpus = with_holes
    fusion = LateFusion(method=method, pool=pool, calibration="vector")
    fusion.fit(corpus.tables, corpus.cohort)
    together = fusion.predict_proba(corpus.tables)
    assert np.allclose(together.sum(axis=1), 1)
    for clip_id in sorted(corpus.answers)[:8]:
        alone = {name: table.select([clip_id]) for name, table in corpus.tables.items()}
        assert np.array_equal(fusion.predict_proba(alone).loc[clip_id], together.loc[clip_id])


def test_a_cascade_grows_while_held_out_clips_gain(with_holes: Corpus) -> None:
    fusion = LateFusion(method="cascade")
    fusion.fit(with_holes.tables, with_holes.cohort)
    levels = fusion.combiner_.to_dict()["held_out_accuracy"]
    assert levels == sorted(set(levels))
    assert levels[0] > 0.6


@pytest.mark.parametrize("method", [method for method in FITTED if method != "cascade"])
def test_every_fitted_method_beats_each_modality_alone(with_holes: Corpus, method: str) -> None:
    result = fuse(
        with_holes.tables,
        with_holes.unfolded,
        options=FusionOptions(method=method, n_folds=2),
    )
    alone = [figures["accuracy"] for figures in result.modalities.values()]
    assert result.cross_fitted["accuracy"] > max(alone) - 0.01
    assert result.table.present.all()


@pytest.mark.parametrize("method", ["majority", "logistic", "svm", "cascade", "metric_weighted"])
def test_methods_for_labels_refuse_targets(method: str) -> None:
    ids = ("a", "b", "c", "d")
    table = ScoreTable(
        "pose",
        Regression(("engagement",)),
        ids,
        np.array([[0.1], [0.9], [0.4], [0.6]]),
        ("val",) * 4,
        (None,) * 4,
        {None: frozenset()},
    )
    cohort = Cohort(Clip(c, Path(), "val", target=0.5, group=c) for c in ids)
    with pytest.raises(ConfigError, match=f"'{method}'"):
        LateFusion(method=method).fit({"pose": table}, cohort)


def test_typed_in_weights_are_the_weighted_mean(corpus: Corpus) -> None:
    fusion = LateFusion(
        method="fixed", pool="arithmetic", calibration="none", weights={"voice": 3, "face": 1}
    ).fit(corpus.tables, corpus.cohort)
    fused = fusion.predict_proba(corpus.tables)
    ids = list(fused.index)
    voice, face = (corpus.tables[name].aligned_to(ids) for name in ("voice", "face"))
    assert np.allclose(fused, 0.75 * voice + 0.25 * face)


def test_weights_for_the_wrong_modalities_are_all_named(corpus: Corpus) -> None:
    fusion = LateFusion(method="fixed", weights={"voise": 1.0, "face": 1.0})
    with pytest.raises(ConfigError) as caught:
        fusion.fit(corpus.tables, corpus.cohort)
    assert "no modality 'voise'; did you mean 'voice'?" in str(caught.value)
    assert "modality 'voice' has no weight" in str(caught.value)


def test_unknown_options_are_refused_without_traceback(corpus: Corpus) -> None:
    with pytest.raises(ConfigError, match="method"):
        LateFusion(method="wieghted").fit(corpus.tables, corpus.cohort)


def test_fit_refuses_scores_that_have_seen_the_clip(corpus: Corpus) -> None:
    everyone = frozenset(corpus.groups.values())
    leaky = replace(corpus.tables["voice"], seen_groups=dict.fromkeys(range(5), everyone))
    with pytest.raises(LeakageError, match="300 problems"):
        LateFusion().fit({"voice": leaky}, corpus.cohort)


def test_a_label_of_another_task_is_refused(corpus: Corpus) -> None:
    other = replace(corpus, answers={**corpus.answers, "clip0000": "Hapy"})
    with pytest.raises(TableError, match=r"clip 'clip0000'.*did you mean 'Happy'"):
        LateFusion().fit(corpus.tables, other.cohort)


def test_an_unknown_modality_is_refused_and_a_missing_one_is_not(corpus: Corpus) -> None:
    fusion = LateFusion().fit(corpus.tables, corpus.cohort)
    with pytest.raises(TableError, match="not fitted with modality 'fase'; did you mean 'face'"):
        fusion.predict_proba({"fase": corpus.tables["face"]})
    only_face = fusion.predict({"face": corpus.tables["face"]})
    assert only_face.to_dict() == corpus.tables["face"].predictions()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "fusion.yaml"
    path.write_text("format: 1\nmodalities: [a", encoding="utf-8")
    with pytest.raises(TableError, match="not a fusion written by to_yaml"):
        LateFusion.from_yaml(path)
