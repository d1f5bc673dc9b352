"""What scikit-learn asks of every estimator, by its own checks; what can't apply says why."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.ensemble import StackingClassifier, StackingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.estimator_checks import parametrize_with_checks

import emotiw.estimators as estimators
from emotiw.estimators import LateFusionClassifier, LateFusionRegressor, ScoreCalibrator

pytestmark = pytest.mark.slow
BASES = {"ModelClassifier", "ModelRegressor", "SequenceClassifier", "SequenceRegressor"}
ON_SCORES = (LateFusionClassifier, LateFusionRegressor, ScoreCalibrator)
QUICK: dict[str, dict[str, Any]] = {
    "Boosting": {"n_trees": 10},
    "Mlp": {"hidden": (16,), "n_networks": 1, "n_epochs": 40, "learning_rate": 0.02},
}
NETWORKS = {"Lstm": {"hidden": 16}, "Gru": {"hidden": 16}, "Tcn": {}, "Attention": {}}
TRAINING = {"epochs": 12, "batch_size": 32, "learning_rate": 0.02}
ONE_OF_EACH = {"GruClassifier", "TcnRegressor", "AttentionClassifier"}  # all share their code

ROUNDED = "models compute in float32: a sample alone differs in the seventh digit"
WEIGHTS = (
    "labels weigh as often as they occur, or all the same, as in a recipe: no weight per label"
)
NO_SCORES = (
    "the columns are no scores: their number doesn't follow from the labels, rows sum to any"
)
WITHOUT = "samples have no weights: the sentence that says so is StackingClassifier's own"
NEEDS_SCORES = (
    "check_classifier_data_not_an_array",
    "check_classifiers_classes",
    "check_classifiers_train",
    "check_dict_unchanged",
    "check_dont_overwrite_parameters",
    "check_dtype_object",
    "check_estimators_dtypes",
    "check_estimators_empty_data_messages",
    "check_estimators_fit_returns_self",
    "check_estimators_overwrite_params",
    "check_estimators_pickle",
    "check_f_contiguous_array_estimator",
    "check_fit2d_1feature",
    "check_fit2d_predict1d",
    "check_fit_check_is_fitted",
    "check_fit_idempotent",
    "check_fit_score_takes_y",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_n_features_in",
    "check_n_features_in_after_fitting",
    "check_pipeline_consistency",
    "check_positive_only_tag_during_fit",
    "check_readonly_memmap_input",
    "check_supervised_y_2d",
    "check_transformer_data_not_an_array",
    "check_transformer_general",
    "check_transformer_preserve_dtypes",
)


def made() -> list[Any]:
    """Every estimator, small; those of scores also behind models that make some."""
    found: list[Any] = []
    for name in sorted(set(estimators.__all__) - BASES):
        kind = getattr(estimators, name)
        if kind in ON_SCORES:
            found.append(kind())
            continue
        family = name.removesuffix("Classifier").removesuffix("Regressor")
        if family not in NETWORKS:
            found.append(kind(**QUICK.get(family, {})))
        elif name in ONE_OF_EACH:
            found.append(kind(**NETWORKS[family], training=TRAINING))
    two = [("a", LogisticRegression()), ("b", GaussianNB())]
    return [
        *found,
        StackingClassifier(two, LateFusionClassifier(names=("a", "b"))),
        StackingClassifier(two[:1], ScoreCalibrator()),
        StackingRegressor([("a", Ridge()), ("b", Ridge(10.0))], LateFusionRegressor()),
    ]


def known(estimator: Any) -> dict[str, str]:
    """Return the checks that can't apply, each with its reason."""
    if isinstance(estimator, LateFusionClassifier | ScoreCalibrator):
        return dict.fromkeys(NEEDS_SCORES, NO_SCORES)
    if isinstance(estimator, StackingClassifier):
        return {"check_classifiers_one_label_sample_weights": WITHOUT}
    reasons = {
        "check_methods_subset_invariance": ROUNDED,
        "check_methods_sample_order_invariance": ROUNDED,
    }
    if "class_weight" in estimator.get_params():
        reasons["check_class_weight_classifiers"] = WEIGHTS
    return {} if isinstance(estimator, StackingRegressor | LateFusionRegressor) else reasons


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(made(), expected_failed_checks=known, xfail_strict=False)
def test_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)
