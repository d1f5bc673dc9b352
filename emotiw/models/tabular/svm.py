"""Support vector machines, linear or with a radial basis, for labels and for targets."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.models.tabular.kernels import Kernel, kernel_matrix, kernel_settings
from emotiw.models.tabular.preparation import Vectors
from emotiw.models.tabular.tabular_model import State, TabularModel, Values
from emotiw.models.tabular.tabular_options import Several, TabularOptions

SHARPNESS = 2.0  # log-odds per unit of margin, before the temperature


class SvmOptions(TabularOptions):
    """Options of the support vector machine.

    Attributes:
        kernel: ``linear`` or ``rbf``.
        c: how much errors weigh against a wide margin, for a kernel that is 1 for a typical clip
            with itself, whatever the dimension; of several values the best is chosen.
        gamma: for ``rbf``, in units of 1 / dim; of several values the best is chosen.
        class_weight: ``balanced`` lets every label weigh the same, however rare.
        epsilon: for targets: errors below this many standard deviations cost nothing.
    """

    kernel: Kernel = "linear"
    c: Several = 5.0
    gamma: Several = 0.5
    class_weight: Literal["balanced"] | None = "balanced"
    epsilon: float = Field(default=0.1, ge=0)


class Svm(TabularModel):
    """A support vector machine on one vector per clip.

    It learns from the matrix of kernel values, so its cost hardly grows with the number of
    descriptors. Labels are told apart two by two, and the margins coupled into one logit
    per label.
    """

    Options = SvmOptions
    options: SvmOptions

    def settings(self) -> Sequence[tuple[float, float]]:
        """Return every pair of C and gamma."""
        return kernel_settings(self.options.c, self.options.kernel, self.options.gamma)

    def learn(
        self, vectors: Vectors, targets: npt.NDArray[Any], setting: tuple[float, float]
    ) -> State:
        """Fit libsvm on the kernel matrix."""
        from sklearn.svm import SVR

        if self.task.is_label:
            return self.learn_weighed(vectors, targets, np.ones(len(targets)), setting)
        c, gamma = setting
        kernel = kernel_matrix(vectors, vectors, self.options.kernel, gamma)
        centre, spread = float(targets.mean()), float(targets.std()) or 1.0
        machine = SVR(kernel="precomputed", C=c, epsilon=self.options.epsilon)
        machine.fit(kernel, (targets - centre) / spread)
        scale = {"centre": centre, "spread": spread}
        return {"machine": machine, "vectors": vectors, "gamma": gamma, **scale}

    def learn_weighed(
        self,
        vectors: Vectors,
        targets: npt.NDArray[Any],
        weights: Values,
        setting: tuple[float, float],
    ) -> State:
        """Fit libsvm on the kernel matrix; an error on a clip costs as much as it weighs."""
        from sklearn.svm import SVC

        c, gamma = setting
        kernel = kernel_matrix(vectors, vectors, self.options.kernel, gamma)
        machine = SVC(
            kernel="precomputed",
            C=c,
            class_weight=self.options.class_weight,
            decision_function_shape="ovo",
        )
        machine.fit(kernel, targets, sample_weight=weights)
        return {"machine": machine, "vectors": vectors, "gamma": gamma}

    def raw_scores(self, state: State, vectors: Vectors) -> Values:
        """Return coupled pairwise margins, or targets."""
        kernel = kernel_matrix(vectors, state["vectors"], self.options.kernel, state["gamma"])
        if not self.task.is_label:
            targets = state["machine"].predict(kernel) * state["spread"] + state["centre"]
            return np.asarray(targets, dtype=np.float64)[:, None]
        return coupled_margins(state["machine"].decision_function(kernel))


def coupled_margins(margins: npt.NDArray[Any]) -> Values:
    """Return one logit per label from the margins of labels told apart two by two.

    A margin is read as the log-odds of its pair, and a label's logit is the log-probability that
    it wins against every other: a comfortable win in one pair can't make up for a lost one.

    Args:
        margins: ``(n, n_labels * (n_labels - 1) / 2)``, for the pairs (0, 1), (0, 2), …, (1, 2), …,
            positive for the first; or ``(n,)`` for two labels, positive for the second.

    Examples:
        >>> far = np.array([[9.0, 9.0, -1.0]])  # 0 beats 1, 0 beats 2, 2 beats 1
        >>> coupled_margins(far).argmax(axis=1).tolist()
        [0]
        >>> coupled_margins(np.array([0.5])).argmax(axis=1).tolist()
        [1]
    """
    if margins.ndim == 1:
        margins = -margins[:, None]
    n_labels = round((1 + (1 + 8 * margins.shape[1]) ** 0.5) / 2)
    logits = np.zeros((len(margins), n_labels))
    for column, (first, second) in enumerate(itertools.combinations(range(n_labels), 2)):
        margin = SHARPNESS * margins[:, column]
        logits[:, first] -= np.logaddexp(0, -margin)
        logits[:, second] -= np.logaddexp(0, margin)
    return logits
