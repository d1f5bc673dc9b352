"""The estimators compute what a run computes: it is the same code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import StackingClassifier
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    PredefinedSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emotiw.core.clip import Clip
from emotiw.core.cohort import Cohort
from emotiw.core.errors import ConfigError
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable
from emotiw.core.score_table import ScoreTable
from emotiw.core.task import Classification, Regression
from emotiw.estimators import (
    GruClassifier,
    LateFusionClassifier,
    LateFusionRegressor,
    LstmRegressor,
    ModelClassifier,
    ScoreCalibrator,
    SvmClassifier,
    SvmRegressor,
)
from emotiw.estimators.clip_arrays import content_of
from emotiw.models.model import Model
from emotiw.models.out_of_fold import OutOfFold
from fusion.calibration import TemperatureScaling
from fusion.cross_fitting import fuse
from fusion.fusion_options import FusionOptions
from fusion.late import LateFusion

LABELS = ("Angry", "Happy", "Sad")
N = 36
CODES = np.arange(N) % 3
GROUPS = np.array([f"speaker{n // 6}" for n in range(N)])
FOLDS = np.arange(N) // 12
Y = np.array(LABELS)[CODES]
BY_FOLD = PredefinedSplit(FOLDS)
ROUNDING = 1e-12  # probabilities are scaled to a sum of 1 as they are read
TRAINING = {"epochs": 3, "batch_size": 8}


def vectors() -> np.ndarray:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (N, 5)).astype(np.float32)
    x[np.arange(N), CODES] += 1.5
    return x


def sequences() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    clips = [rng.normal(0, 1, (rng.integers(2, 9), 4)).astype(np.float32) for _ in range(N)]
    for clip, code in zip(clips, CODES, strict=True):
        clip[:, code] += 1.5
    return clips


def padded(clips: list[np.ndarray]) -> np.ndarray:
    whole = np.full((len(clips), max(map(len, clips)), clips[0].shape[1]), np.nan, np.float32)
    for row, clip in zip(whole, clips, strict=True):
        row[: len(clip)] = clip
    return whole


def of_a_run(model: Model, arrays: list[FeatureArray]) -> np.ndarray:
    """What the train stage makes of these clips: scores out of fold, in the order of the clips."""
    ids = [f"clip{n:02}" for n in range(N)]
    truth = [
        {"label": label} if model.task.is_label else {"target": float(code)}
        for label, code in zip(Y, CODES, strict=True)
    ]
    clips = [
        Clip(c, Path(c), "train", group=g, fold=int(f), content=content_of(a), **t)  # type: ignore[arg-type]
        for c, g, f, a, t in zip(ids, GROUPS, FOLDS, arrays, truth, strict=True)
    ]
    cohort = Cohort(clips, task=model.task).with_folds("manifest")
    table = FeatureTable(model.spec, dict(zip(ids, arrays, strict=True)))
    outer = OutOfFold(cohort, table, model.task)
    scores: dict[str, Any] = {}
    for fit in (fit for fit in outer.fits() if fit.fold is not None):
        made = type(model)(model.options, spec=model.spec, task=model.task, seed=model.seed)
        made.fit(outer.examples(fit.training, with_targets=True))
        scores |= dict(zip(fit.scored, outer.score(fit, made), strict=True))
    return np.array([scores[clip_id] for clip_id in ids])


def test_groups_that_are_asked_for_are_asked_for() -> None:
    by_speaker = SvmClassifier(preparation={"standardise": "speaker"})
    with pytest.raises(ValueError, match="need groups"):
        by_speaker.fit(vectors(), Y)
    by_speaker.fit(vectors(), Y, groups=GROUPS)
    with pytest.raises(ValueError, match="need groups"):
        by_speaker.predict(vectors())
    assert len(by_speaker.predict(vectors(), groups=GROUPS)) == N


def test_a_sample_of_no_known_group_stands_for_itself() -> None:
    unknown = [None if n % 2 else float("nan") for n in range(N)]
    alone, some = SvmClassifier(c=(0.1, 1.0)), SvmClassifier(c=(0.1, 1.0))
    alone.fit(vectors(), Y)
    some.fit(vectors(), Y, groups=unknown)
    assert np.array_equal(alone.predict_proba(vectors()), some.predict_proba(vectors()))
    scores = np.random.default_rng(0).dirichlet(np.ones(3), (N, 2))
    weights = [
        LateFusionClassifier().fit(scores, Y, groups).fusion_.combiner_.to_dict()
        for groups in (None, unknown)
    ]
    assert weights[0] == weights[1]


def test_margins_of_two_labels_are_no_probabilities() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    margins = (2 * y - 1) + rng.normal(0, 1.5, 80)
    assert ((margins > 0) & (margins < 0.5)).any()  # shares of less than a half, if they were
    for kind in ("auto", "logits"):
        calibrator = ScoreCalibrator(kind=kind).fit(margins[:, None], y)
        assert np.array_equal(calibrator.predict(margins[:, None]), margins > 0)
    together = np.column_stack([margins, 1 / (1 + np.exp(-margins))])
    fusion = LateFusionClassifier(names=("margin", "share")).fit(together, y)
    assert np.array_equal(fusion.predict(together), margins > 0)
    with pytest.raises(ValueError, match="of both labels"):
        ScoreCalibrator(kind="log-probabilities").fit(margins[:, None], y)


@pytest.fixture
def routed() -> Any:
    import sklearn

    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_a_support_vector_machine(routed: None) -> None:
    x = vectors()
    estimator = SvmClassifier(c=(0.1, 5.0), random_state=3).set_fit_request(groups=True)
    told = cross_val_predict(
        estimator, x, Y, cv=BY_FOLD, method="predict_proba", params={"groups": GROUPS}
    )
    options = SvmClassifier.part.Options(c=(0.1, 5.0))
    spec = FeatureSpec("X", (5,), "clip")
    model = SvmClassifier.part(options, spec=spec, task=Classification(LABELS), seed=3)
    expected = of_a_run(model, [FeatureArray.all_present(row[None]) for row in x])
    np.testing.assert_array_equal(told, expected)
    assert (expected.argmax(1) == CODES).mean() > 0.6


def test_a_network_over_sequences_padded_or_listed(routed: None) -> None:
    clips = sequences()
    estimator = GruClassifier(hidden=8, training=TRAINING, device="cpu", random_state=3)
    estimator.set_fit_request(groups=True)
    about = {"cv": BY_FOLD, "method": "predict_proba", "params": {"groups": GROUPS}}
    told = cross_val_predict(estimator, clips, Y, **about)
    np.testing.assert_array_equal(cross_val_predict(estimator, padded(clips), Y, **about), told)
    options = GruClassifier.part.Options(hidden=8, training=TRAINING)
    spec = FeatureSpec("X", (4,), "frame")
    model = GruClassifier.part(options, spec=spec, task=Classification(LABELS), seed=3)
    expected = of_a_run(model, [FeatureArray.all_present(clip) for clip in clips])
    np.testing.assert_allclose(told, expected, atol=1e-6)  # batches of other padding


def test_numbers(routed: None) -> None:
    clips, y = sequences(), CODES.astype(float)
    estimator = SvmRegressor(pooling=("mean",)).set_fit_request(groups=True)
    told = cross_val_predict(estimator, clips, y, cv=BY_FOLD, params={"groups": GROUPS})
    spec = FeatureSpec("X", (4,), "frame")
    options = SvmRegressor.part.Options(pooling=("mean",))
    model = SvmRegressor.part(options, spec=spec, task=Regression(("y",)), seed=0)
    expected = of_a_run(model, [FeatureArray.all_present(clip) for clip in clips])
    np.testing.assert_array_equal(told, expected[:, 0])
    network = LstmRegressor(hidden=8, training=TRAINING, device="cpu").fit(clips, y, GROUPS)
    assert network.predict(padded(clips)).shape == (N,)


def score_tables() -> tuple[dict[str, ScoreTable], Cohort, np.ndarray]:
    """Two modalities' scores out of fold, the second without the last four clips."""
    rng = np.random.default_rng(2)
    raw = rng.normal(0, 1, (N, 2, 3))
    raw[np.arange(N), :, CODES] += 1.2
    scores = np.exp(raw) / np.exp(raw).sum(2, keepdims=True)
    scores[-4:, 1] = np.nan
    ids = tuple(f"clip{n:02}" for n in range(N))
    clips = [
        Clip(c, Path(c), "train", label, group=g, fold=int(f))
        for c, label, g, f in zip(ids, Y, GROUPS, FOLDS, strict=True)
    ]
    task = Classification(LABELS)
    seen = {f: frozenset(GROUPS[f != FOLDS]) for f in range(3)}
    folds = tuple(int(f) for f in FOLDS)
    tables = {
        name: ScoreTable(name, task, ids, scores[:, m], ("train",) * N, folds, seen)
        for m, name in enumerate(("face", "voice"))
    }
    return tables, Cohort(clips, task=task), scores


@pytest.mark.parametrize("method", ["weighted", "logistic", "mean"])
def test_late_fusion(method: str, routed: None) -> None:
    tables, cohort, scores = score_tables()
    estimator = LateFusionClassifier(names=("face", "voice"), method=method)
    whole = clone(estimator).fit(scores, Y, GROUPS)
    expected = LateFusion(method=method).fit(tables, cohort).predict_proba(tables)
    np.testing.assert_allclose(whole.predict_proba(scores), expected.to_numpy(), atol=ROUNDING)
    flat = clone(estimator).fit(scores.reshape(N, -1), Y, GROUPS)
    beside = flat.predict_proba(scores.reshape(N, -1))
    np.testing.assert_array_equal(beside, whole.predict_proba(scores))
    estimator.set_fit_request(groups=True)
    about = {"cv": BY_FOLD, "method": "predict_proba", "params": {"groups": GROUPS}}
    fused = fuse(tables, cohort, options=FusionOptions(method=method))
    unseen = cross_val_predict(estimator, scores, Y, **about)
    np.testing.assert_allclose(unseen, fused.table.scores, atol=ROUNDING)


def test_calibration_is_the_fusions() -> None:
    tables, _, scores = score_tables()
    face = tables["face"].scores
    expected = TemperatureScaling.fit(face, CODES).apply(face)
    found = ScoreCalibrator().fit(face, Y).transform(face)
    np.testing.assert_allclose(found, expected, atol=ROUNDING)
    voice = ScoreCalibrator().fit(scores[:, 1], Y).predict_proba(scores[:, 1])
    assert np.isnan(voice[-4:]).all()
    with pytest.raises(ValueError, match="4 samples have no scores at all"):
        ScoreCalibrator().fit(scores[:, 1], Y).predict(scores[:, 1])


def test_fused_numbers() -> None:
    tables, cohort, _ = score_tables()
    task = Regression(("y",))
    numbers = {
        name: replace(table, task=task, scores=table.scores[:, 1:2])
        for name, table in tables.items()
    }
    clips = [replace(clip, label=None, target=float(clip.fold or 0)) for clip in cohort]
    expected = LateFusion().fit(numbers, Cohort(clips, task=task)).predict_proba(numbers)
    x = np.column_stack([table.scores[:, 0] for table in numbers.values()])
    fusion = LateFusionRegressor(names=("face", "voice")).fit(x, FOLDS.astype(float), GROUPS)
    np.testing.assert_array_equal(fusion.predict(x), expected["y"].to_numpy())


def test_the_order_of_samples_changes_no_model() -> None:
    x, order = vectors(), np.random.default_rng(5).permutation(N)
    one = SvmClassifier(c=(0.1, 1.0)).fit(x, Y, GROUPS)
    other = SvmClassifier(c=(0.1, 1.0)).fit(x[order], Y[order], GROUPS[order])
    np.testing.assert_array_equal(one.predict_proba(x), other.predict_proba(x))
    alone = np.concatenate([one.predict_proba(row[None]) for row in x])
    np.testing.assert_allclose(alone, one.predict_proba(x), atol=1e-6)


def test_pipelines_searches_and_stacks() -> None:
    x = vectors()
    piped = make_pipeline(StandardScaler(), SvmClassifier(preparation={"standardise": "none"}))
    assert cross_val_score(piped, x, Y, groups=GROUPS, cv=GroupKFold(3)).mean() > 0.5
    search = GridSearchCV(SvmClassifier(), {"pooling": [("std",), ("mean",)]}, cv=GroupKFold(3))
    found = search.fit(sequences(), Y, groups=GROUPS)
    assert found.best_params_ == {"pooling": ("mean",)}
    search = GridSearchCV(
        LateFusionClassifier(), {"method": ["mean", "weighted"]}, cv=GroupKFold(3), refit=False
    )
    assert len(search.fit(score_tables()[2][:32], Y[:32], groups=GROUPS[:32]).cv_results_) > 5
    two = [("low", SvmClassifier(c=0.01)), ("high", SvmClassifier(c=10.0))]
    stack = StackingClassifier(two, LateFusionClassifier(), cv=3).fit(x, Y)
    assert set(stack.predict(x)) == set(LABELS)
    assert stack.final_estimator_.names_ == ("modality 0", "modality 1")


def test_a_fold_without_a_label_needs_all_of_them_named() -> None:
    _, _, scores = score_tables()
    two = np.isin(Y, LABELS[:2])
    with pytest.raises(ValueError, match=r"expected 2 scores of 1 modalities, got 3 columns"):
        ScoreCalibrator().fit(scores[two, 0], Y[two])
    named = ScoreCalibrator(labels=LABELS).fit(scores[two, 0], Y[two])
    assert named.classes_.tolist() == list(LABELS)
    with pytest.raises(ValueError, match="got 'Sad' in y"):
        ScoreCalibrator(labels=LABELS[:2]).fit(scores[:, 0, :2], Y)


def test_mistakes_are_told() -> None:
    with pytest.raises(TypeError, match="no parameter 'C'; did you mean 'c'"):
        SvmClassifier(C=1.0)
    with pytest.raises(ConfigError, match=r"'preparation\.standardize'; did you mean 'standard"):
        SvmClassifier(preparation={"standardize": "none"}).fit(vectors(), Y)
    clips = padded(sequences())
    clips[5] = np.nan
    with pytest.raises(ValueError, match=r"1 samples have no row without NaN.*number 5"):
        SvmClassifier().fit(clips, Y)
    known = SvmClassifier().fit(sequences(), Y)
    with pytest.raises(ValueError, match="X has 3 features, but SvmClassifier is expecting 4"):
        known.predict([clip[:, :3] for clip in sequences()])


def test_a_model_of_ones_own_in_a_line() -> None:
    class Mine(ModelClassifier, model="emotiw.models.tabular.svm:Svm"):
        pass

    assert Mine(c=2.0).get_params()["c"] == 2.0
    np.testing.assert_array_equal(
        Mine().fit(vectors(), Y).predict(vectors()),
        SvmClassifier().fit(vectors(), Y).predict(vectors()),
    )
