"""What every model of one vector per clip keeps to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.probabilities import fit_temperature, softmax
from emotiw.core.task import Classification, Regression, Task
from emotiw.models.model import Examples
from emotiw.models.registry import MODELS
from emotiw.models.tabular.pooling import copies_in
from emotiw.models.tabular.preparation import Preparation, PreparationOptions
from emotiw.models.tabular.tabular_model import TabularModel

SPEC = FeatureSpec("voice", (6,), "clip")
LABELS = Classification(("Angry", "Happy", "Sad"))
TARGET = Regression(("engagement",), (0.0, 1.0))
OPTIONS: dict[str, dict[str, Any]] = {
    "svm": {"kernel": "rbf"},
    "kernel_ridge": {"penalty": [0.3, 3.0]},
    "logistic": {"c": [0.1, 1.0]},
    "boosting": {"n_trees": 10, "min_samples_leaf": 3, "max_features": 0.5},
    "mlp": {"hidden": [8], "n_epochs": 30, "learning_rate": 0.02, "alpha": 0.01},
}


def clips(task: Task) -> Examples:
    rng = np.random.default_rng(0)
    codes = np.tile([0, 1, 2], 30)
    vectors = 2 * np.eye(6)[codes] + 0.4 * rng.standard_normal((90, 6))
    ids = tuple(f"c{row}" for row in range(90))
    arrays = {
        clip_id: FeatureArray.all_present(vector[None].astype(np.float32))
        for clip_id, vector in zip(ids, vectors, strict=True)
    }
    groups = tuple(f"s{row // 15}" for row in range(90))
    answers = codes.astype(np.int64) if task.is_label else codes / 2
    return Examples(FeatureTable(SPEC, arrays), ids, groups, answers)


def made(name: str, task: Task) -> TabularModel:
    kind: Any = MODELS.resolve(name)
    model: TabularModel = kind(
        kind.Options.model_validate(OPTIONS[name]), spec=SPEC, task=task, seed=3
    )
    return model


@pytest.mark.parametrize("name", OPTIONS)
def test_labels_are_learned_saved_and_the_same_again(name: str, tmp_path: Path) -> None:
    examples = clips(LABELS)
    learned, others = examples.subset(range(45)), examples.subset(range(45, 90))
    model = made(name, LABELS)
    model.fit(learned)
    scores = model.predict(others)
    assert np.allclose(scores.sum(axis=1), 1)
    assert (scores.argmax(axis=1) == others.targets).mean() > 0.9
    again = made(name, LABELS)
    again.fit(learned)
    assert np.array_equal(scores, again.predict(others))
    model.save(tmp_path)
    assert np.array_equal(scores, type(model).load(tmp_path).predict(others))
    alone = np.concatenate([model.predict(others.subset([row])) for row in range(5)])
    assert np.allclose(scores[:5], alone, atol=1e-6)


def test_a_model_that_was_saved_in_old_words_is_loaded(tmp_path: Path) -> None:
    examples = clips(LABELS)
    model = made("svm", LABELS)
    model.fit(examples)
    model.save(tmp_path)
    card = tmp_path / "card.json"
    old = card.read_text()
    for was, now in (("clip_sd", "clip_z"), ("choose_by", "scoring")):
        assert f'"{now}"' in old
        old = old.replace(f'"{now}"', f'"{was}"')
    card.write_text(old)
    again = type(model).load(tmp_path)
    assert again.options == model.options
    assert np.array_equal(again.predict(examples), model.predict(examples))


@pytest.mark.parametrize("name", OPTIONS)
def test_targets_are_learned_saved_and_in_range(name: str, tmp_path: Path) -> None:
    examples = clips(TARGET)
    learned, others = examples.subset(range(45)), examples.subset(range(45, 90))
    model = made(name, TARGET)
    model.fit(learned)
    predicted = model.predict(others)
    assert predicted.shape == (45, 1)
    assert 0 <= predicted.min() <= predicted.max() <= 1
    assert others.targets is not None
    assert np.corrcoef(predicted[:, 0], others.targets)[0, 1] > 0.8
    model.save(tmp_path)
    assert np.array_equal(predicted, type(model).load(tmp_path).predict(others))


def test_columns_that_never_vary_are_left_out_and_change_nothing() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((20, 3)).astype(np.float32)
    padded = np.insert(vectors, 1, 7.1, axis=1)
    groups = ["s"] * 20
    plain, wide = (Preparation(PreparationOptions()) for _ in range(2))
    assert np.array_equal(plain.fit(vectors, groups), wide.fit(padded, groups))
    padded[:, 1] = 1e9
    assert np.array_equal(plain.apply(vectors, groups), wide.apply(padded, groups))


def test_principal_components_keep_the_wanted_share_of_the_variance() -> None:
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((60, 2))
    vectors = hidden @ rng.standard_normal((2, 9)) + 1e-3 * rng.standard_normal((60, 9))
    preparation = Preparation(PreparationOptions(pca=0.99))
    prepared = preparation.fit(vectors.astype(np.float32), ["s"] * 60)
    assert prepared.shape == (60, 2)
    assert abs(np.corrcoef(prepared.T)[0, 1]) < 1e-3


def test_outliers_are_held_within_the_wanted_deviations() -> None:
    vectors = np.zeros((50, 1), dtype=np.float32)
    vectors[0], vectors[1] = 1000.0, 1.0
    prepared = Preparation(PreparationOptions(clip_z=3.0)).fit(vectors, ["s"] * 50)
    assert prepared.max() == 3.0


def test_each_speaker_has_mean_0_and_deviation_1() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((40, 3)).astype(np.float32)
    vectors[20:] = 5 * vectors[20:] + 9
    groups = ["a"] * 20 + ["b"] * 20
    prepared = Preparation(PreparationOptions(standardise="speaker")).fit(vectors, groups)
    for rows in (prepared[:20], prepared[20:]):
        assert np.allclose(rows.mean(axis=0), 0, atol=1e-5)
        assert np.allclose(rows.std(axis=0), 1, atol=1e-5)


def test_a_speaker_of_few_clips_is_standardised_globally() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((30, 3)).astype(np.float32)
    preparation = Preparation(PreparationOptions(standardise="speaker"))
    preparation.fit(vectors, ["a"] * 30)
    few = preparation.apply(vectors[:7], ["b"] * 7)
    plain = Preparation(PreparationOptions())
    plain.fit(vectors, ["a"] * 30)
    assert np.array_equal(few, plain.apply(vectors[:7], ["b"] * 7))


def test_nuisance_projection_weakens_what_tells_speakers_apart_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    groups = [f"s{row // 40}" for row in range(800)]
    vectors = rng.standard_normal((800, 3))
    # column 0: speakers differ three times as much as their clips do; column 1 and 2: not at all
    vectors[:, 0] += np.repeat(3 * rng.standard_normal(20), 40)
    preparation = Preparation(PreparationOptions(nuisance_projection=True))
    prepared = preparation.fit(vectors.astype(np.float32), groups)
    plain = Preparation(PreparationOptions()).fit(vectors.astype(np.float32), groups)
    share = prepared.std(axis=0) / plain.std(axis=0)
    means = np.array([plain[row : row + 40, 0].mean() for row in range(0, 800, 40)])
    within = plain[:, 0].var() - means.var()
    assert share[0] == pytest.approx(np.sqrt(within / plain[:, 0].var()), rel=0.1)
    assert share[1:] == pytest.approx(1, abs=0.05)
    alone = preparation.apply(vectors[:1].astype(np.float32), ["someone else"])
    assert np.allclose(alone, prepared[:1], atol=1e-5)


def test_clips_without_a_known_speaker_are_not_projected() -> None:
    vectors = np.random.default_rng(0).standard_normal((30, 3)).astype(np.float32)
    groups = [f"clip{row}" for row in range(30)]
    projected = Preparation(PreparationOptions(nuisance_projection=True)).fit(vectors, groups)
    assert np.array_equal(projected, Preparation(PreparationOptions()).fit(vectors, groups))


def test_temperature_is_that_of_a_known_confidence() -> None:
    rng = np.random.default_rng(0)
    logits = 2 * rng.standard_normal((20_000, 4))
    cumulated = softmax(logits).cumsum(axis=1)
    answers = (rng.random((20_000, 1)) > cumulated).sum(axis=1)
    assert fit_temperature(3 * logits, answers) == pytest.approx(3, rel=0.05)
    assert fit_temperature(np.full((5, 4), np.nan), answers[:5]) == 1.0


def with_copies() -> Examples:
    """Clips that say nothing, each with a copy that says its label; then clips that say theirs."""
    rng = np.random.default_rng(0)
    codes = np.tile([0, 1, 2], 40)
    arrays = {}
    for row, code in enumerate(codes):
        telling = 3 * np.eye(6)[code] + 0.3 * rng.standard_normal(6)
        mute = np.ones(6) + 0.3 * rng.standard_normal(6)
        rows = [mute, telling] if row < 60 else [telling]
        arrays[f"c{row}"] = FeatureArray.all_present(np.array(rows, dtype=np.float32))
    groups = tuple(f"s{row // 15}" for row in range(120))
    return Examples(FeatureTable(SPEC, arrays), tuple(arrays), groups, codes.astype(np.int64))


def test_copies_are_learned_from_and_never_scored() -> None:
    examples = with_copies()
    learned, others = examples.subset(range(60)), examples.subset(range(60, 120))
    model = made("svm", LABELS)
    model.fit(learned)
    assert model.predict(learned).shape == (60, 3)
    assert (model.predict(others).argmax(axis=1) == others.targets).mean() > 0.9
    assert (model.predict(learned).argmax(axis=1) == learned.targets).mean() < 0.6


def test_a_copy_belongs_to_its_clip_and_is_a_speaker_of_its_own() -> None:
    examples = with_copies().subset([0, 59, 60])
    copies = copies_in(examples)
    assert copies.owners.tolist() == [0, 1]
    assert copies.groups == ("s0 copy 1", "s3 copy 1")
    assert copies.of(np.array([1, 2])).tolist() == [1]
    assert np.array_equal(copies.vectors[0], examples.table["c0"].values[1])
