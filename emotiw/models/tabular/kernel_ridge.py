"""Kernel ridge regression onto the labels, also known as kernel extreme learning machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from emotiw.models.tabular.kernels import Kernel, kernel_matrix, kernel_settings
from emotiw.models.tabular.preparation import Vectors
from emotiw.models.tabular.tabular_model import State, TabularModel, Values
from emotiw.models.tabular.tabular_options import Several, TabularOptions

SHARPNESS = 10.0  # log-odds per unit of the regressed label, before the temperature


class KernelRidgeOptions(TabularOptions):
    """Options of kernel ridge regression.

    Attributes:
        kernel: ``linear`` or ``rbf``.
        penalty: on the weights, for a kernel that is 1 for a typical clip with itself, whatever
            the dimension; of several values the best is chosen.
        gamma: for ``rbf``, in units of 1 / dim; of several values the best is chosen.
        class_weight: ``balanced`` lets every label weigh the same, however rare.
    """

    kernel: Kernel = "rbf"
    penalty: Several = 0.5
    gamma: Several = 0.5
    class_weight: Literal["balanced"] | None = "balanced"


class KernelRidge(TabularModel):
    """Regresses every label, 1 where it is right and 0 where it is not, or a target.

    One system of linear equations answers for all labels at once: several times as fast as a
    support vector machine, and smoother where labels are hard to tell apart.

    Source:
        Huang et al. 2012, section III; Kaya, Gürpınar and Salah 2017 for emotions in the wild.
        Differs: labels are regressed about their mean, and their weights are balanced.
    """

    Options = KernelRidgeOptions
    options: KernelRidgeOptions

    def settings(self) -> Sequence[tuple[float, float]]:
        """Return every pair of penalty and gamma."""
        return kernel_settings(self.options.penalty, self.options.kernel, self.options.gamma)

    def learn(
        self, vectors: Vectors, targets: npt.NDArray[Any], setting: tuple[float, float]
    ) -> State:
        """Solve for one weight per clip and label."""
        return self.learn_weighed(vectors, targets, np.ones(len(targets)), setting)

    def learn_weighed(
        self,
        vectors: Vectors,
        targets: npt.NDArray[Any],
        weights: Values,
        setting: tuple[float, float],
    ) -> State:
        """Solve for one weight per clip and label, where some clips count less."""
        from scipy.linalg import solve

        penalty, gamma = setting
        if not self.task.is_label:
            wanted = targets.astype(np.float64)[:, None]
        else:
            wanted = np.eye(int(targets.max()) + 1)[targets]  # (n, n_classes)
            weights = weights * self._weights(targets)
        centre = np.average(wanted, axis=0, weights=weights)
        kernel = kernel_matrix(vectors, vectors, self.options.kernel, gamma)
        kernel[np.diag_indices(len(kernel))] += penalty / weights
        shares = solve(kernel, wanted - centre, assume_a="pos", overwrite_a=True)
        return {"shares": shares, "centre": centre, "vectors": vectors, "gamma": gamma}

    def raw_scores(self, state: State, vectors: Vectors) -> Values:
        """Return the regressed labels as logits, or targets."""
        kernel = kernel_matrix(vectors, state["vectors"], self.options.kernel, state["gamma"])
        regressed = kernel @ state["shares"] + state["centre"]
        scale = 1.0 if not self.task.is_label else SHARPNESS
        return np.asarray(scale * regressed, dtype=np.float64)

    def _weights(self, targets: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        if self.options.class_weight is None:
            return np.ones(len(targets))
        counts = np.bincount(targets)
        return np.asarray(len(targets) / (len(counts) * counts[targets]), dtype=np.float64)
