"""Calibrate one modality's probabilities on scores whose models have not seen the clips."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from emotiw.core.part import Part
from emotiw.core.probabilities import fit_temperature, log_probabilities, normalised, softmax

Probabilities = npt.NDArray[np.float64]
Truth = npt.NDArray[np.intp]
SHARPEST = 20.0
CALM = 20.0  # of the logarithm of a temperature toward 0, in clips
PULL = 1e-2  # of vector and matrix scaling toward doing nothing, per clip of evidence


class Calibration(Part):
    """Maps probabilities to probabilities, row by row; one fitted on no clips does nothing."""

    @classmethod
    def fit(cls, probabilities: Probabilities, truth: Truth) -> Self:
        """Learn from ``(n, n_labels)`` probabilities of one modality and ``(n,)`` class indices."""
        raise NotImplementedError

    def apply(self, probabilities: Probabilities) -> Probabilities:
        """Return ``(n, n_labels)`` calibrated probabilities."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters, which are its attributes, as plain numbers and lists."""
        return {n: v.tolist() if isinstance(v, np.ndarray) else v for n, v in vars(self).items()}

    @classmethod
    def from_dict(cls, parameters: Mapping[str, Any]) -> Self:
        """Return the calibration that :meth:`to_dict` described."""
        return cls(**parameters)


class NoCalibration(Calibration):
    """Leaves probabilities as they are."""

    @classmethod
    def fit(cls, probabilities: Probabilities, truth: Truth) -> Self:
        """Learn nothing."""
        return cls()

    def apply(self, probabilities: Probabilities) -> Probabilities:
        """Return the probabilities."""
        return probabilities


class TemperatureScaling(Calibration):
    """Divides log-probabilities by one temperature, which never changes the order of labels.

    It is kept within 1/20 and 20. Its logarithm is pulled toward 0 with the weight of a few clips,
    so that the luck of fifteen clips can't turn a sound modality down.

    Source:
        Guo et al. 2017, section 4.2. Differs: the pull.

    Examples:
        >>> overconfident = np.array([[0.99, 0.01], [0.99, 0.01], [0.01, 0.99], [0.99, 0.01]])
        >>> truth = np.array([0, 0, 1, 1])
        >>> TemperatureScaling.fit(overconfident, truth).apply(overconfident)[0].round(2).tolist()
        [0.98, 0.02]
        >>> many = np.tile(overconfident, (5000, 1)), np.tile(truth, 5000)
        >>> TemperatureScaling.fit(*many).apply(overconfident)[0].round(2).tolist()
        [0.75, 0.25]
    """

    version = "2"

    def __init__(self, temperature: float) -> None:
        self.temperature = float(temperature)

    @classmethod
    def fit(cls, probabilities: Probabilities, truth: Truth) -> Self:
        """Find the temperature with the smallest log loss; 1 where there are no clips."""
        logs = log_probabilities(probabilities)
        return cls(fit_temperature(logs, truth, limit=SHARPEST, pull=CALM))

    def apply(self, probabilities: Probabilities) -> Probabilities:
        """Return softmax(log p / temperature)."""
        return softmax(log_probabilities(probabilities) / self.temperature)


class MatrixScaling(Calibration):
    """Multiplies log-probabilities by a matrix and adds a bias per label.

    Both are pulled toward doing nothing, with the weight of one hundredth of a clip per clip,
    so that a rare label can't bend the map.

    Source:
        Guo et al. 2017, section 4.2; Kull et al. 2019 (regularisation). Differs: the ridge is
        toward the identity, not toward zero.
    """

    is_diagonal = False

    def __init__(self, matrix: npt.ArrayLike, bias: npt.ArrayLike) -> None:
        self.matrix = np.asarray(matrix, dtype=np.float64)
        self.bias = np.asarray(bias, dtype=np.float64)

    @classmethod
    def fit(cls, probabilities: Probabilities, truth: Truth) -> Self:
        """Minimise log loss plus ridge, which is convex, with L-BFGS."""
        from scipy.optimize import minimize

        logs = log_probabilities(probabilities)
        n_clips, n_labels = max(len(logs), 1), logs.shape[1]
        one_hot = np.eye(n_labels)[truth]
        free = np.eye(n_labels, dtype=bool) if cls.is_diagonal else np.ones((n_labels,) * 2, bool)

        def unpack(vector: npt.NDArray[np.float64]) -> tuple[Probabilities, Probabilities]:
            matrix = np.eye(n_labels)
            matrix[free] += vector[n_labels:]
            return matrix, vector[:n_labels]

        def loss(vector: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
            matrix, bias = unpack(vector)
            scaled = softmax(logs @ matrix + bias)
            log_loss = -np.log(np.maximum((scaled * one_hot).sum(axis=1), 1e-300)).sum() / n_clips
            residual = (scaled - one_hot) / n_clips
            slope = np.concatenate([residual.sum(axis=0), (logs.T @ residual)[free]])
            return float(log_loss + PULL / 2 * vector @ vector), slope + PULL * vector

        start = np.zeros(n_labels + int(free.sum()))
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500})
        return cls(*unpack(found.x))

    def apply(self, probabilities: Probabilities) -> Probabilities:
        """Return softmax(log p · matrix + bias)."""
        logs = log_probabilities(probabilities)
        scaled = np.zeros_like(logs) + self.bias
        for label in range(logs.shape[1]):  # in a fixed order, so a row never depends on the batch
            scaled = scaled + logs[:, label, None] * self.matrix[label]
        return softmax(scaled)


class VectorScaling(MatrixScaling):
    """Matrix scaling with one factor per label: the matrix is diagonal."""

    is_diagonal = True


class IsotonicCalibration(Calibration):
    """Maps each label's probability through its own rising step function, then to a sum of 1.

    Source:
        Zadrozny & Elkan 2002, section 3 and 5 (one label against the rest).
    """

    def __init__(self, steps: list[dict[str, list[float]]]) -> None:
        self.steps = steps  # by label, the curve "from" a probability "to" another

    @classmethod
    def fit(cls, probabilities: Probabilities, truth: Truth) -> Self:
        """Fit an isotonic regression per label."""
        from sklearn.isotonic import IsotonicRegression

        if not len(truth):
            return cls([{"from": [0.0, 1.0], "to": [0.0, 1.0]} for _ in probabilities.T])
        steps = []
        for label in range(probabilities.shape[1]):
            curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
            curve.fit(probabilities[:, label], truth == label)
            steps.append({"from": curve.X_thresholds_.tolist(), "to": curve.y_thresholds_.tolist()})
        return cls(steps)

    def apply(self, probabilities: Probabilities) -> Probabilities:
        """Return the mapped probabilities; a row that all maps send to 0 becomes even."""
        by_label = zip(probabilities.T, self.steps, strict=True)
        columns = [np.interp(column, step["from"], step["to"]) for column, step in by_label]
        return normalised(np.column_stack(columns))
