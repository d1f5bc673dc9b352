"""The toolkit's models of one modality, with scikit-learn's manners: arrays in, arrays out.

Nothing is computed here: arrays become clips, options are checked as a recipe's are, and the model
does the rest. Training samples are put in the order of their contents, as clips are in a run, so
that rows in another order give the same model. A sample of no known group stands for its content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import Parameter, Signature
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from emotiw.core.config import Document, validated
from emotiw.core.device import AUTO, OnDevice, placed
from emotiw.core.errors import suggest
from emotiw.core.feature_table import FeatureArray, FeatureSpec, FeatureTable, Unit
from emotiw.core.task import Classification, Regression, Task
from emotiw.estimators.clip_arrays import clips_of, content_of, has_rows
from emotiw.estimators.told_groups import told_groups
from emotiw.models.model import Examples, Model
from emotiw.models.registry import MODELS

Groups = Iterable[Any] | None
Samples = tuple[Unit, list[FeatureArray]]  # what a row of theirs stands for, and the clips


class ModelEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A model as an estimator; a subclass names it: ``class Mine(ModelClassifier, model="svm")``.

    Its parameters are the model's options, in the spelling of a recipe (those of nested options as
    a mapping, or None), and ``random_state``, an int; of networks ``device`` too.

    Attributes:
        part: the model.
        model_: the fitted model.
        n_features_in_: columns of a row.
    """

    part: ClassVar[type[Model]]
    _vectors_are: ClassVar[Unit] = "clip"  # what a 2-d array has a row per

    def __init_subclass__(cls, *, model: str = "", **more: Any) -> None:
        if model:
            cls.part = MODELS.resolve(model)
            cls.__init__ = _constructor(cls)  # type: ignore[method-assign]
        super().__init_subclass__(**more)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def _learn(self, read: Samples, targets: npt.NDArray[Any], groups: Groups, task: Task) -> Self:
        unit, clips = read
        check_consistent_length(clips, targets)
        own = self._own_options()
        options = {name: value for name, value in self.get_params().items() if name in own}
        options = {k: v for k, v in options.items() if v is not None or own[k] is not None}
        spec = FeatureSpec("X", (self.n_features_in_,), unit)
        name = type(self).__name__
        checked = validated(self.part.Options, options, document=Document(name, options))
        self._require_groups(groups, checked)
        model = self.part(checked, spec=spec, task=task, seed=int(self.random_state))
        model = placed(model, getattr(self, "device", AUTO))
        contents = [content_of(clip) for clip in clips]
        order = sorted(range(len(clips)), key=lambda row: contents[row])
        examples = _examples(spec, clips, told_groups(groups, contents), targets)
        model.fit(examples.subset(order))
        self.model_ = model
        return self

    def _scores(self, x: Any, groups: Groups) -> npt.NDArray[np.float64]:
        check_is_fitted(self)
        self._require_groups(groups, self.model_.options)
        _, clips = self._clips(x, reset=False)
        named = told_groups(groups, [content_of(clip) for clip in clips])
        return self.model_.predict(_examples(self.model_.spec, clips, named))

    def _require_groups(self, groups: Groups, options: Any) -> None:
        if groups is None and self.part.takes_together(options) == "group":
            raise ValueError(
                f"{type(self).__name__} with these options goes by the samples of each speaker "
                "together: fit and predict need groups (cross_val_predict and GridSearchCV hand "
                "them to fit alone: loop over the folds)"
            )

    def _clips(self, x: Any, *, reset: bool) -> Samples:
        if not has_rows(x):
            table = validate_data(self, x, reset=reset, dtype=np.float32)
            return self._vectors_are, [FeatureArray.all_present(row[None]) for row in table]
        clips = clips_of(x)
        n_columns = clips[0].values.shape[1]
        if reset:
            self.n_features_in_ = n_columns
        elif n_columns != self.n_features_in_:
            raise ValueError(
                f"X has {n_columns} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input"
            )
        return "frame", clips

    @classmethod
    def _own_options(cls) -> dict[str, Any]:
        """Return the defaults of the model's options; None stands for nested ones."""
        fields = cls.part.Options.model_fields
        defaults = {
            name: field.get_default(call_default_factory=True) for name, field in fields.items()
        }
        return {k: None if isinstance(v, BaseModel) else v for k, v in defaults.items()}


class ModelClassifier(ClassifierMixin, ModelEstimator):  # type: ignore[misc]
    """A model of labels.

    Attributes:
        classes_: the labels, sorted.
    """

    def fit(self, X: Any, y: Any, groups: Groups = None) -> Self:
        """Learn.

        Args:
            X: ``(n, dim)``, ``(n, time, dim)`` with NaN where there is nothing, or a list of
                ``(time, dim)``.
            y: ``(n,)`` labels.
            groups: ``(n,)`` speakers or source videos, by which hyper-parameters are chosen and
                probabilities calibrated; by default each content is a group of its own.
        """
        samples, y = self._clips(X, reset=True), column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"expected labels of several classes, got 1 class: {self.classes_[0]}")
        task = Classification(tuple(map(str, self.classes_.tolist())))
        return self._learn(samples, codes.astype(np.intp), groups, task)

    def predict_proba(self, X: Any, groups: Groups = None) -> npt.NDArray[np.float64]:
        """Return ``(n, n_classes)`` probabilities; ``groups`` are for what goes by speaker."""
        return self._scores(X, groups)

    def predict(self, X: Any, groups: Groups = None) -> npt.NDArray[Any]:
        """Return the ``(n,)`` most probable labels."""
        best = self.predict_proba(X, groups).argmax(axis=1)
        return np.asarray(self.classes_[best])


class ModelRegressor(RegressorMixin, ModelEstimator):  # type: ignore[misc]
    """A model of one number."""

    def fit(self, X: Any, y: Any, groups: Groups = None) -> Self:
        """Learn; as in :meth:`ModelClassifier.fit`, of numbers."""
        samples, targets = self._clips(X, reset=True), column_or_1d(y, dtype=np.float64, warn=True)
        if not np.isfinite(targets).all():
            raise ValueError("expected finite targets, got NaN or infinity in y")
        return self._learn(samples, targets, groups, Regression(("y",)))

    def predict(self, X: Any, groups: Groups = None) -> npt.NDArray[np.float64]:
        """Return ``(n,)`` numbers."""
        return self._scores(X, groups)[:, 0]


def _examples(
    spec: FeatureSpec, clips: list[FeatureArray], groups: tuple[str, ...], targets: Any = None
) -> Examples:
    ids = tuple(str(number) for number in range(len(clips)))
    return Examples(FeatureTable(spec, dict(zip(ids, clips, strict=True))), ids, groups, targets)


def _constructor(cls: type[ModelEstimator]) -> Callable[..., None]:
    """Return an ``__init__`` that keeps the model's options as scikit-learn wants to find them."""
    defaults = {**cls._own_options(), "random_state": 0}
    if issubclass(cls.part, OnDevice):
        defaults["device"] = AUTO

    def __init__(self: ModelEstimator, **options: Any) -> None:
        for name in options.keys() - defaults.keys():
            raise TypeError(f"{cls.__name__} has no parameter {name!r}{suggest(name, defaults)}")
        self.__dict__.update(defaults | options)

    own = [Parameter(name, Parameter.KEYWORD_ONLY, default=v) for name, v in defaults.items()]
    __init__.__signature__ = Signature([Parameter("self", Parameter.POSITIONAL_ONLY), *own])  # type: ignore[attr-defined]
    return __init__
