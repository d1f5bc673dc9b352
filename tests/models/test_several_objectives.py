"""Losses of several answers: what is not known is not learnt from, and each answer has its own."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from emotiw.core.errors import ConfigError
from emotiw.core.several import Presence, Several
from emotiw.core.task import Classification, Regression, Task
from emotiw.models.training.objectives import as_shares, ccc_loss, judge, make_loss
from emotiw.models.training.training_options import TrainingOptions

NAN = torch.nan
AFFECT = Several((Regression(("valence",)), Regression(("arousal",))))
MIXED = Several((Classification(("calm", "tense")), Presence(("AU1",)), Regression(("valence",))))


def loss(task: Task, outputs: Any, targets: Any, learnt: Tensor | None = None, **options: Any):  # type: ignore[no-untyped-def]
    targets = torch.tensor(targets)
    of = make_loss(TrainingOptions(**options), task, targets.reshape(-1, targets.shape[-1]), learnt)
    return of(torch.tensor(outputs), as_shares(targets, task))


def test_what_is_not_known_costs_nothing_and_teaches_nothing() -> None:
    outputs = torch.tensor([[[1.0, 5.0], [3.0, 2.0]]], requires_grad=True)
    targets = torch.tensor([[[0.0, NAN], [NAN, 4.0]]])
    of = make_loss(TrainingOptions(), AFFECT, targets.reshape(-1, 2))
    value = of(outputs, as_shares(targets, AFFECT))
    assert value.item() == 1.0 + 4.0
    value.backward()
    assert outputs.grad is not None
    assert outputs.grad.tolist() == [[[2.0, 0.0], [0.0, -4.0]]]


def test_where_nothing_is_known_nothing_is_learnt() -> None:
    outputs = torch.tensor([[1.0, 5.0]], requires_grad=True)
    targets = torch.full((1, 2), NAN)
    make_loss(TrainingOptions(loss="ccc"), AFFECT, targets)(outputs, targets).backward()
    assert outputs.grad is not None
    assert outputs.grad.tolist() == [[0.0, 0.0]]


def test_ccc_is_that_of_all_known_steps_of_the_batch() -> None:
    torch.manual_seed(0)
    outputs, targets = torch.randn(3, 5, 2), torch.randn(3, 5, 2)
    targets[0, 3:] = NAN
    targets[2, 1, 0] = NAN
    known = [~targets[..., place].isnan() for place in range(2)]
    each = [
        ccc_loss(outputs[..., place][k][:, None], targets[..., place][k][:, None])
        for place, k in enumerate(known)
    ]
    of = make_loss(TrainingOptions(loss="ccc"), AFFECT, targets.reshape(-1, 2))
    torch.testing.assert_close(of(outputs, as_shares(targets, AFFECT)), sum(each))


def test_each_answer_has_its_own_loss() -> None:
    outputs = [[0.0, 0.0, 0.0, 3.0], [0.0, 0.0, 0.0, 1.0]]
    value = loss(MIXED, outputs, [[1.0, 1.0, 1.0], [0.0, NAN, NAN]])
    ln2 = float(torch.tensor(2.0).log())
    assert value.item() == pytest.approx(ln2 + ln2 + 4.0)


def test_stated_and_learnt_weights() -> None:
    outputs, targets = [[0.0, 0.0, 0.0, 3.0]], [[1.0, 1.0, 1.0]]
    ln2 = float(torch.tensor(2.0).log())
    stated = loss(MIXED, outputs, targets, answer_weights={"valence": 0.5, "label": 3})
    assert stated.item() == pytest.approx(3 * ln2 + ln2 + 2.0)
    log_variances = torch.tensor([0.0, 0.0, 2.0], requires_grad=True)
    learnt = loss(MIXED, outputs, targets, log_variances, answer_weights="learnt")
    assert learnt.item() == pytest.approx(2 * ln2 + 0.5 * 4 * float(torch.tensor(-2.0).exp()) + 1)
    learnt.backward()
    assert log_variances.grad is not None
    assert log_variances.grad[2] > 0  # it is more certain than that
    with pytest.raises(ConfigError, match="no answer 'valense'; did you mean 'valence'"):
        loss(MIXED, outputs, targets, answer_weights={"valense": 2})


def test_balanced_presences_weigh_the_same() -> None:
    task = Presence(("AU1",))
    known = torch.tensor([[1.0], [0.0], [0.0], [0.0]])
    of = make_loss(TrainingOptions(class_weights="balanced"), task, known)
    outputs = torch.zeros(4, 1, requires_grad=True)
    of(outputs, known).backward()
    assert outputs.grad is not None
    assert float(outputs.grad.sum()) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(("task", "name"), [(AFFECT, "cross_entropy"), (Presence(("x",)), "ccc")])
def test_a_loss_that_fits_no_answer_is_refused(task: Task, name: Any) -> None:
    with pytest.raises(ConfigError, match=f"loss '{name}' doesn't fit {task.kind}"):
        make_loss(TrainingOptions(loss=name), task, torch.zeros(1, len(task.answers)))


def test_one_loss_goes_to_the_answers_that_it_fits() -> None:
    outputs, targets = [[0.0, 0.0, 0.0, 3.0]] * 2, [[1.0, 1.0, 1.0]] * 2
    ln2 = float(torch.tensor(2.0).log())
    assert loss(MIXED, outputs, targets, loss="ccc").item() == pytest.approx(2 * ln2 + 1)


def test_epochs_are_judged_on_what_is_known() -> None:
    targets = torch.tensor([[0.0, 1.0, NAN], [1.0, 0.0, 1.0], [NAN, 1.0, 2.0]])
    outputs = torch.tensor([[2.0, 1.0, 2.0, 0.0], [2.0, 1.0, -2.0, 1.0], [0.0, 9.0, -2.0, 2.0]])

    def of(name: str) -> float:
        return judge(name, outputs, targets, 7.0, MIXED)

    assert (of("loss"), of("accuracy.label"), of("rmse.valence")) == (7.0, 0.5, 0.0)
    assert of("f1.AU1") == pytest.approx(2 / 3)
    steps = torch.tensor([[0.0], [NAN], [0.0]])
    labels = judge("accuracy", outputs[:, :2], steps, 0.0, Classification(("calm", "tense")))
    assert labels == 0.5
