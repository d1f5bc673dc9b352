"""Small multilayer perceptrons on functionals, for labels and for targets."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.models.tabular.preparation import Vectors
from emotiw.models.tabular.tabular_model import State, TabularModel, Values
from emotiw.models.tabular.tabular_options import Several, TabularOptions


class MlpOptions(TabularOptions):
    """Options of the multilayer perceptron.

    Attributes:
        hidden: units per hidden layer.
        alpha: squared penalty on the weights; of several values the best is chosen.
        learning_rate: of Adam.
        n_epochs: passes over the training clips.
        n_networks: networks from different starts, whose outputs are averaged.
    """

    hidden: tuple[int, ...] = (128,)
    alpha: Several = 1.0
    learning_rate: float = Field(default=1e-3, gt=0)
    n_epochs: int = Field(default=40, ge=1)
    n_networks: int = Field(default=3, ge=1)


class Mlp(TabularModel):
    """Averaged multilayer perceptrons of scikit-learn."""

    Options = MlpOptions
    tried = "alpha"
    trusted: ClassVar[tuple[str, ...]] = (
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    )
    options: MlpOptions

    def learn(self, vectors: Vectors, targets: npt.NDArray[Any], setting: float) -> State:
        """Train by Adam for the given number of epochs."""
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        is_label = self.task.is_label
        make = MLPClassifier if is_label else MLPRegressor
        centre, spread = (0.0, 1.0) if is_label else (targets.mean(), targets.std() or 1.0)
        wanted = targets if is_label else (targets - centre) / spread
        networks = []
        for number in range(self.options.n_networks):
            network = make(
                hidden_layer_sizes=self.options.hidden,
                alpha=setting,
                learning_rate_init=self.options.learning_rate,
                max_iter=self.options.n_epochs,
                n_iter_no_change=self.options.n_epochs,  # no stop before the last epoch
                random_state=self.seed + number,
            )
            networks.append(_fit_quietly(network, vectors, wanted))
        return {"networks": networks, "centre": float(centre), "spread": float(spread)}

    def raw_scores(self, state: State, vectors: Vectors) -> Values:
        """Return logarithms of mean probabilities, or mean targets."""
        networks = state["networks"]
        if not self.task.is_label:
            mean = np.mean([network.predict(vectors) for network in networks], axis=0)
            return np.asarray(mean * state["spread"] + state["centre"], dtype=np.float64)[:, None]
        mean = np.mean([network.predict_proba(vectors) for network in networks], axis=0)
        return np.asarray(np.log(np.clip(mean, 1e-12, None)), dtype=np.float64)


def _fit_quietly(network: Any, vectors: Vectors, wanted: npt.NDArray[Any]) -> Any:
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is chosen
        return network.fit(vectors, wanted)
