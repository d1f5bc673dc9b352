"""Late fusion and calibration on arrays of scores: the toolkit's own, with scikit-learn's manners.

As everywhere, scores have to be of models that have not seen the samples. Out-of-fold scores of
``cross_val_predict`` are, and those that ``StackingClassifier`` hands to its last estimator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from emotiw.core.score_kinds import Kind
from emotiw.core.task import Classification, Regression, Task
from emotiw.estimators.stacked_scores import Scores, StackedScores, class_codes
from emotiw.estimators.told_groups import told_groups
from fusion.aligned import content_order
from fusion.late import LateFusion
from fusion.registry import CALIBRATIONS
from fusion.training_rows import TrainingRows

Groups = Iterable[Any] | None


class ScoreCalibrator(TransformerMixin, ClassifierMixin, StackedScores):  # type: ignore[misc]
    """Calibrates the scores of one model, ``(n, n_labels)``.

    Args:
        calibration: ``temperature``, ``vector``, ``matrix``, ``isotonic``, ``none``, or
            ``module:Class``.
        labels: in the order of the columns; by default those of ``y``, sorted.
        kind: what the numbers are, as in :func:`emotiw.load_scores`.

    Attributes:
        calibration_: what was learnt.
        classes_: the labels.

    Examples:
        >>> sure = np.array([[0.99, 0.01], [0.99, 0.01], [0.01, 0.99], [0.99, 0.01]])
        >>> calibrator = ScoreCalibrator().fit(sure, ["Happy", "Happy", "Sad", "Sad"])
        >>> calibrator.transform(sure)[0].round(2).tolist()
        [0.98, 0.02]
    """

    def __init__(
        self,
        *,
        calibration: str = "temperature",
        labels: Sequence[Any] | None = None,
        kind: Kind = "auto",
    ) -> None:
        self.calibration = calibration
        self.labels = labels
        self.kind = kind

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from scores of samples that the model behind them has not seen."""
        y = _labels_of(y)
        self.classes_, codes = class_codes(y, self.labels)
        raw = self._raw(X, len(self.classes_), reset=True)
        check_consistent_length(raw, codes)
        scores = self._probabilities(raw, self.kind, reset=True)[:, 0]
        there = ~np.isnan(scores[:, 0])
        self.calibration_ = CALIBRATIONS.resolve(self.calibration).fit(scores[there], codes[there])
        return self

    def predict_proba(self, X: Any) -> Scores:
        """Return ``(n, n_labels)`` calibrated probabilities; NaN where there are no scores."""
        check_is_fitted(self)
        raw = self._raw(X, len(self.classes_), reset=False)
        scores = self._probabilities(raw, self.kind, reset=False)[:, 0]
        there = ~np.isnan(scores[:, 0])
        scores[there] = self.calibration_.apply(scores[there])
        return scores

    transform = predict_proba

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the most probable labels."""
        scores = self.predict_proba(X)
        return _decided(scores, self.classes_)

    def _given_names(self) -> Sequence[str]:
        return ("scores",)


class LateFusionEstimator(StackedScores):
    """What fusions of labels and of numbers share.

    Args:
        names: the modalities, in the order of the array; numbered by default.
        random_state: an int, of everything random.

    Attributes:
        fusion_: the fitted :class:`fusion.late.LateFusion`, which can be written (``to_yaml``).
    """

    names: Sequence[str] | None
    random_state: int

    def _learn(self, scores: Scores, targets: npt.NDArray[Any], groups: Groups, task: Task) -> Self:
        check_consistent_length(scores, targets)
        told = np.array(told_groups(groups, [f"sample {n}" for n in range(len(scores))]), object)
        there = np.flatnonzero(~np.isnan(scores[:, :, 0]).all(axis=1))
        order = there[content_order(scores[there], targets[there])]
        codes, group_names = pd.factorize(told[order])
        rows = TrainingRows(
            names=self.names_,
            task=task,
            clip_ids=tuple(map(str, order)),
            scores=scores[order],
            targets=targets[order],
            groups=codes.astype(np.intp),
            group_names=tuple(group_names),
        )
        known = LateFusion().get_params()
        own = {name: value for name, value in self.get_params().items() if name in known}
        self.fusion_ = LateFusion(**own, seed=int(self.random_state)).fit_rows(rows)
        return self

    def _fused(self, scores: Scores) -> Scores:
        return self.fusion_.fused(self.fusion_.calibrated(scores))

    def _given_names(self) -> Sequence[str] | None:
        return self.names


class LateFusionClassifier(ClassifierMixin, LateFusionEstimator):  # type: ignore[misc]
    """Calibrates and fuses ``(n, n_modalities, n_labels)`` scores, or these columns side by side.

    Args:
        names: the modalities; needed where two labels have one column per modality.
        labels: in the order of the columns; by default those of ``y``, sorted.
        kind: what the numbers are, as in :func:`emotiw.load_scores`.
        method: and the rest: of :class:`fusion.fusion_options.FusionOptions`.
        random_state: an int, of everything random.

    Attributes:
        classes_: the labels.

    Examples:
        >>> face, voice = [[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.7, 0.3]]
        >>> scores = np.stack([face, voice], axis=1)  # (n, n_modalities, n_labels)
        >>> fusion = LateFusionClassifier(method="mean", calibration="none")
        >>> fusion.fit(scores, ["Happy", "Sad"]).predict(scores).tolist()
        ['Happy', 'Sad']
    """

    def __init__(
        self,
        *,
        names: Sequence[str] | None = None,
        labels: Sequence[Any] | None = None,
        kind: Kind = "auto",
        method: str = "weighted",
        pool: str = "geometric",
        calibration: str = "temperature",
        weights: Mapping[str, float] | None = None,
        metric: str = "accuracy",
        candidates: tuple[str, ...] = ("weighted", "mean", "logistic"),
        random_state: int = 0,
    ) -> None:
        self.names = names
        self.labels = labels
        self.kind = kind
        self.method = method
        self.pool = pool
        self.calibration = calibration
        self.weights = weights
        self.metric = metric
        self.candidates = candidates
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Groups = None) -> Self:
        """Learn from scores of samples that the models behind them have not seen.

        Args:
            X: the scores; NaN where a modality has none.
            y: ``(n,)`` labels.
            groups: ``(n,)`` speakers or source videos, none of which is in two inner folds.
        """
        y = _labels_of(y)
        self.classes_, codes = class_codes(y, self.labels)
        raw = self._raw(X, len(self.classes_), reset=True)
        scores = self._probabilities(raw, self.kind, reset=True)
        task = Classification(tuple(map(str, self.classes_.tolist())))
        return self._learn(scores, codes, groups, task)

    def predict_proba(self, X: Any) -> Scores:
        """Return ``(n, n_labels)`` fused probabilities; NaN where no modality has any."""
        check_is_fitted(self)
        raw = self._raw(X, len(self.classes_), reset=False)
        return self._fused(self._probabilities(raw, self.kind, reset=False))

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the most probable labels."""
        scores = self.predict_proba(X)
        return _decided(scores, self.classes_)


class LateFusionRegressor(RegressorMixin, LateFusionEstimator):  # type: ignore[misc]
    """Fuses ``(n, n_modalities)`` predicted numbers; NaN where a modality has none.

    Args:
        names: the modalities; numbered by default.
        method: and the rest: of :class:`fusion.fusion_options.FusionOptions`.
        random_state: an int, of everything random.
    """

    def __init__(
        self,
        *,
        names: Sequence[str] | None = None,
        method: str = "weighted",
        weights: Mapping[str, float] | None = None,
        target_range: tuple[float, float] | None = None,
        random_state: int = 0,
    ) -> None:
        self.names = names
        self.method = method
        self.weights = weights
        self.target_range = target_range
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Groups = None) -> Self:
        """Learn; as in :meth:`LateFusionClassifier.fit`, from numbers."""
        raw = self._raw(X, 1, reset=True)
        targets = column_or_1d(y, dtype=np.float64, warn=True)
        if not np.isfinite(targets).all():
            raise ValueError("expected finite targets, got NaN or infinity in y")
        return self._learn(raw, targets, groups, Regression(("y",)))

    def predict(self, X: Any) -> Scores:
        """Return ``(n,)`` fused numbers; NaN where no modality has any."""
        check_is_fitted(self)
        return self._fused(self._raw(X, 1, reset=False))[:, 0]


def _labels_of(y: Any) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = column_or_1d(y, warn=True)
    check_classification_targets(found)
    return found


def _decided(scores: Scores, classes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    missing = np.flatnonzero(np.isnan(scores[:, 0])).tolist()
    if missing:
        raise ValueError(
            f"{len(missing)} samples have no scores at all, e.g. number {missing[0]}: leave them "
            "out, or go by predict_proba, which has NaN there"
        )
    return np.asarray(classes[scores.argmax(axis=1)])
