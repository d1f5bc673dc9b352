"""Kernel ridge regression: scikit-learn's as an oracle, and what balancing means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError
from sklearn.kernel_ridge import KernelRidge as Oracle

from emotiw.core.feature_table import FeatureSpec
from emotiw.core.task import Classification, Regression, Task
from emotiw.models.tabular.kernel_ridge import SHARPNESS, KernelRidge, KernelRidgeOptions
from emotiw.models.tabular.kernels import Kernel

SPEC = FeatureSpec("voice", (5,), "clip")
LABELS = Classification(("Angry", "Happy", "Sad"))
TARGET = Regression(("engagement",), (0.0, 1.0))
Rows = npt.NDArray[np.float32]


def some(n: int, seed: int) -> Rows:
    return np.random.default_rng(seed).standard_normal((n, 5)).astype(np.float32)


def made(task: Task, kernel: Kernel, *, is_balanced: bool = True) -> KernelRidge:
    weight = {} if is_balanced else {"class_weight": None}
    options = KernelRidgeOptions.model_validate({"kernel": kernel, **weight})
    return KernelRidge(options, spec=SPEC, task=task, seed=0)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("is_balanced", [True, False])
def test_labels_are_regressed_as_scikit_learn_does(kernel: Kernel, is_balanced: bool) -> None:
    learned, others = some(30, 1), some(7, 2)
    codes = np.arange(30) % 3
    codes[:9] = 0  # more of one label than of the others
    model = made(LABELS, kernel, is_balanced=is_balanced)
    state = model.learn(learned, codes, (0.7, 0.4))
    found = model.raw_scores(state, others)

    share = np.bincount(codes)[codes]
    weights = 30 / (3 * share) if is_balanced else np.ones(30)
    wanted = np.eye(3)[codes]
    centre = (weights[:, None] * wanted).sum(0) / weights.sum()
    # dim stands in front: both kernels are per descriptor
    name, gamma, alpha = (kernel, 0.4 / 5, 0.7) if kernel == "rbf" else (kernel, None, 0.7 * 5)
    oracle = Oracle(alpha=alpha, kernel=name, gamma=gamma)
    oracle.fit(learned.astype(np.float64), wanted - centre, sample_weight=weights)
    expected = oracle.predict(others.astype(np.float64)) + centre
    assert np.allclose(found, SHARPNESS * expected, atol=1e-5)


def test_targets_are_regressed_about_their_mean() -> None:
    learned, targets = some(20, 3), np.linspace(0, 1, 20)
    model = made(TARGET, "rbf")
    far = 100 + some(1, 4)  # like nothing that was learned from
    assert model.raw_scores(model.learn(learned, targets, (1.0, 0.5)), far) == pytest.approx(0.5)


def test_a_rare_label_that_is_balanced_is_found_more_often() -> None:
    rng = np.random.default_rng(5)
    codes = np.repeat([0, 1], [90, 10])
    learned = (rng.standard_normal((100, 5)) + codes[:, None]).astype(np.float32)

    def n_rare(model: KernelRidge) -> int:
        state = model.learn(learned, codes, (3.0, 0.5))
        return int(model.raw_scores(state, learned).argmax(1).sum())

    assert n_rare(made(LABELS, "rbf", is_balanced=False)) < 10 <= n_rare(made(LABELS, "rbf"))


@pytest.mark.parametrize(("written", "n"), [({"penalty": [1, 2], "gamma": [0.1, 0.2, 0.3]}, 6)])
def test_every_pair_is_tried(written: dict[str, Sequence[float]], n: int) -> None:
    options = KernelRidgeOptions.model_validate(written)
    assert len(KernelRidge(options, spec=SPEC, task=LABELS, seed=0).settings()) == n


def test_a_penalty_is_positive() -> None:
    with pytest.raises(ValidationError, match="positive"):
        KernelRidgeOptions(penalty=0)
