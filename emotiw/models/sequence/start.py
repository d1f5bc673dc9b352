"""The regression that a network of sequences may begin with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emotiw.core.task import Task
from emotiw.models.column_scales import divisors
from emotiw.models.model import Examples
from emotiw.models.tabular.pooling import pooled_matrix

STRENGTH = 0.01  # as of the logistic model
NEVER = -30.0  # the logit of a label that no training clip has
Linear = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def statistics_start(examples: Examples, task: Task) -> Linear:
    """Return weights and biases of a regression on mean, deviation and extremes of clips' rows.

    Its input is standardised, which the weights take in; its penalty is that of the logistic
    model.

    Returns:
        ``(n_outputs, 4 * dim)`` and ``(n_outputs,)``.
    """
    from sklearn.linear_model import LogisticRegression, Ridge

    assert examples.targets is not None
    vectors = pooled_matrix(examples).astype(np.float64)
    centre = vectors.mean(axis=0)
    spread = divisors(centre, vectors.std(axis=0))
    scaled = (vectors - centre) / spread
    n_outputs = len(task.labels)
    weight, bias = np.zeros((n_outputs, vectors.shape[1])), np.full(n_outputs, NEVER)
    if not task.is_label:
        found = Ridge(alpha=1 / STRENGTH).fit(scaled, examples.targets)
        weight[0], bias[0] = found.coef_, found.intercept_
    elif len(set(examples.targets.tolist())) < 2:
        bias[int(examples.targets[0])] = 0.0
    else:
        machine = LogisticRegression(C=STRENGTH, max_iter=1000).fit(scaled, examples.targets)
        is_pair = len(machine.classes_) == 2
        coefficients = machine.coef_ / 2 if is_pair else machine.coef_
        intercepts = machine.intercept_ / 2 if is_pair else machine.intercept_
        weight[machine.classes_] = [-coefficients[0], coefficients[0]] if is_pair else coefficients
        bias[machine.classes_] = [-intercepts[0], intercepts[0]] if is_pair else intercepts
    weight = weight / spread
    return weight, bias - weight @ centre
