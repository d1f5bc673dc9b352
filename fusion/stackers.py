"""scikit-learn's own learners on top of the modalities' scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from emotiw.core.probabilities import softmax
from fusion.aligned import Scores
from fusion.calibration import TemperatureScaling
from fusion.combiner import Setting
from fusion.cross_fit_folds import deal_groups
from fusion.pools import only_present
from fusion.stack_inputs import StackCombiner
from fusion.training_rows import TrainingRows

INNER_FOLDS = 4


class Stacker(StackCombiner):
    """Feeds log-probabilities and masks to an estimator, and calibrates what it says.

    The temperature is fitted on inner folds of groups, never on rows that the estimator
    has learnt from; the estimator itself is then fitted on everything.
    """

    version = "2"

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._estimator: Any = None
        self._temperature = TemperatureScaling(1.0)

    def fit(self, rows: TrainingRows) -> Self:
        """Fit the temperature on inner folds, then the estimator on everything."""
        design = self.learn_inputs(rows.scores)
        if len(np.unique(rows.units)) > 1:
            folds = deal_groups(rows.units, INNER_FOLDS, rows.targets)
            unseen = np.zeros((len(design), len(self.setting.labels)))
            for fold in np.unique(folds):
                inner = self.new_estimator().fit(design[folds != fold], rows.targets[folds != fold])
                unseen[folds == fold] = self._probabilities(inner, design[folds == fold])
            self._temperature = TemperatureScaling.fit(unseen, rows.targets)
        self._estimator = self.new_estimator().fit(design, rows.targets)
        return self

    def combine(self, scores: Scores) -> Scores:
        """Return the estimator's calibrated probabilities."""
        said = self._probabilities(self._estimator, self.inputs(scores))
        return only_present(self._temperature.apply(said), scores)

    def to_dict(self) -> dict[str, Any]:
        """Return the temperature, the mask, and the estimator."""
        return {
            "temperature": self._temperature.temperature,
            "masks": self.masked,
            "estimators": [self._estimator],
        }

    def load_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over what was learnt."""
        self._temperature = TemperatureScaling(float(state["temperature"]))
        self.masked = state["masks"]
        (self._estimator,) = state["estimators"]
        return self

    def new_estimator(self) -> Any:
        """Return an estimator that has not been fitted."""
        raise NotImplementedError

    def raw_probabilities(
        self, estimator: Any, design: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Return the estimator's probabilities of the classes it knows."""
        return np.asarray(estimator.predict_proba(design))

    def _probabilities(self, estimator: Any, design: npt.NDArray[np.float64]) -> Scores:
        probabilities = np.zeros((len(design), len(self.setting.labels)))
        if len(design):
            probabilities[:, estimator.classes_] = self.raw_probabilities(estimator, design)
        return probabilities


class BoostingStack(Stacker):
    """Gradient boosting of small trees, on one thread: more only wait for each other here."""

    def fit(self, rows: TrainingRows) -> Self:
        """Fit the temperature on inner folds, then the trees on everything."""
        with threadpool_limits(1):
            return super().fit(rows)

    def new_estimator(self) -> Any:
        """Return a histogram gradient boosting without early stopping."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            max_iter=100,
            learning_rate=0.05,
            max_leaf_nodes=8,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=self.setting.seed,
        )


class SvmStack(Stacker):
    """A support vector machine with a radial basis, its margins turned into probabilities."""

    def new_estimator(self) -> Any:
        """Return a scaled machine."""
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC

        machine = SVC(C=1.0, random_state=self.setting.seed)
        return make_pipeline(StandardScaler(), machine)

    def raw_probabilities(
        self, estimator: Any, design: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Return the softmax of the margins, which the temperature then calibrates."""
        margins = np.asarray(estimator.decision_function(design))
        if margins.ndim == 1:  # two classes have a single margin
            margins = np.stack([-margins, margins], axis=1)
        return softmax(margins)
