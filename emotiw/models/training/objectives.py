"""What a training step minimises, and the metrics by which an epoch is judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emotiw.core.errors import ConfigError
from emotiw.core.several import Several
from emotiw.evaluation.metrics import metric_named
from emotiw.models.training.training_options import TrainingOptions, answer_weights

if TYPE_CHECKING:
    from emotiw.core.task import Task

LOSSES = {
    "classification": ("cross_entropy",),
    "regression": ("mse", "ccc"),
    "presence": ("binary_cross_entropy",),
}
Loss = Callable[[Tensor, Tensor], Tensor]


def make_loss(
    options: TrainingOptions, task: Task, targets: Tensor, log_variances: Tensor | None = None
) -> Loss:
    """Return a function of (outputs, targets), both ``(batch, n_outputs)`` float32.

    Both may also be ``(batch, time, n_outputs)``. Targets of labels are the shares of the classes:
    one-hot, or mixed. What is NaN among the targets is not learnt from. Of several answers it is
    the sum of the losses of each, weighed as the options say.

    Args:
        targets: all training targets, from which class weights are counted.
        log_variances: ``(n_answers,)``, where the weights are learnt.

    Raises:
        ConfigError: if the loss or the weights don't fit the task.

    Source:
        Kendall, Gal and Cipolla 2018, equations 7 and 10, for learnt weights. Differs: 1 - CCC is
        treated like a squared error.
    """
    answers = task.answers
    names = [_loss_name(options, answer, task) for answer in answers]
    columns = targets[:, None] if targets.ndim == 1 else targets  # (n, n_answers)
    losses = [
        _single_loss(name, options, answer, columns[:, place])
        for place, (name, answer) in enumerate(zip(names, answers, strict=True))
    ]
    if targets.ndim == 1:
        return losses[0]
    if not isinstance(task, Several):
        return lambda outputs, shares: _of_known(losses[0], outputs, shares)
    weights = answer_weights(options, task)

    def joint(outputs: Tensor, shares: Tensor) -> Tensor:
        total = outputs.new_zeros(())
        for place, own in enumerate(task.columns):
            loss = _of_known(losses[place], outputs[..., own], shares[..., own])
            if log_variances is None:
                total = total + weights[place] * loss
                continue
            of_number = 0.5 if task.answers[place].kind == "regression" else 1.0
            total = total + of_number * loss * torch.exp(-log_variances[place])
            total = total + 0.5 * log_variances[place]
        return total

    return joint


def _loss_name(options: TrainingOptions, answer: Task, task: Task) -> str:
    """Return the loss of one answer: that of the options, where it fits."""
    known = LOSSES[answer.kind]
    if options.loss is None or options.loss in known:
        return options.loss or known[0]
    fitting = [name for each in task.answers for name in LOSSES[each.kind]]
    if options.loss not in fitting:
        told = " or ".join(dict.fromkeys(fitting))
        raise ConfigError(f"loss {options.loss!r} doesn't fit {task.kind}; it takes {told}")
    return known[0]


def _single_loss(name: str, options: TrainingOptions, answer: Task, targets: Tensor) -> Loss:
    """Return the loss of one answer, of which everything is known."""
    if name == "mse":
        return F.mse_loss
    if name == "ccc":
        return ccc_loss
    is_balanced = options.class_weights == "balanced"
    known = targets[~targets.isnan()] if targets.is_floating_point() else targets
    n_classes = 2 if name == "binary_cross_entropy" else len(answer.labels)
    weight = balanced_weights(known.long(), n_classes) if is_balanced else None
    if name == "binary_cross_entropy":
        return lambda outputs, shares: _binary_cross_entropy(outputs, shares, weight)

    def cross_entropy(outputs: Tensor, shares: Tensor) -> Tensor:
        return F.cross_entropy(
            outputs,
            shares,
            weight=None if weight is None else weight.to(outputs.device),
            label_smoothing=options.label_smoothing,
        )

    return cross_entropy


def _binary_cross_entropy(outputs: Tensor, shares: Tensor, weight: Tensor | None) -> Tensor:
    each = None
    if weight is not None:
        absent, there = weight.to(outputs.device)
        each = shares * there + (1 - shares) * absent
    return F.binary_cross_entropy_with_logits(outputs, shares, each)


def _of_known(loss: Loss, outputs: Tensor, shares: Tensor) -> Tensor:
    """Return the loss over the rows whose target is known; 0 where there is none."""
    outputs, shares = (x.reshape(-1, x.shape[-1]) for x in (outputs, shares))
    known = ~shares.isnan().any(1)
    if not known.any():
        return outputs.sum() * 0
    return loss(outputs[known], shares[known])


def aside_loss(network: nn.Module, loss_of: Loss, shares: Tensor) -> Tensor | float:
    """Return the weighed loss of what parts of a network said alone in its last forward pass.

    A network that has such parts keeps ``asides``, pairs of outputs and the ``(batch,)`` mask of
    examples that they are about, and ``aside_weight``. Others add 0.
    """
    total: Tensor | float = 0.0
    weight: float = getattr(network, "aside_weight", 0.0)
    for outputs, is_there in getattr(network, "asides", ()):
        # nothing is added: processes that learn together expect to see each parameter used
        total = total + 0 * outputs.sum()
        if weight and is_there.any():
            total = total + weight * loss_of(outputs[is_there].float(), shares[is_there])
    return total


def ccc_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return 1 - CCC over the batch, averaged over the columns; in [0, 2].

    Source:
        Lin 1989 with population variances; a batch without any variance has CCC 0.

    Examples:
        >>> targets = torch.tensor([[0.0], [1.0], [2.0]])
        >>> [round(ccc_loss(sign * targets, targets).item(), 2) for sign in (1, -1)]
        [0.0, 1.25]
    """
    x, y = outputs - outputs.mean(0), targets - targets.mean(0)  # (batch, n_targets)
    shift = outputs.mean(0) - targets.mean(0)
    spread = x.square().mean(0) + y.square().mean(0) + shift.square()
    return (1 - 2 * (x * y).mean(0) / (spread + 1e-8)).mean()


def balanced_weights(targets: Tensor, n_classes: int) -> Tensor:
    """Return ``(n_classes,)`` weights inverse to the class counts; an absent class gets 0.

    Examples:
        >>> balanced_weights(torch.tensor([0, 0, 0, 1]), 2).tolist()
        [0.6666666865348816, 2.0]
    """
    counts = torch.bincount(targets, minlength=n_classes).float()
    return torch.where(counts > 0, len(targets) / (n_classes * counts.clamp(min=1)), 0.0)


def as_shares(targets: Tensor, task: Task) -> Tensor:
    """Return targets as float32 columns: one-hot classes, and numbers as they are.

    Args:
        targets: ``(n,)``, or ``(..., n_answers)`` with NaN for what is not known.
        task: what was asked.

    Returns:
        ``(..., n_outputs)``; NaN in all columns of an answer that is not known.

    Examples:
        >>> from emotiw.core.several import Presence
        >>> from emotiw.core.task import Classification
        >>> task = Several((Classification(("calm", "tense")), Presence(("speech",))))
        >>> as_shares(torch.tensor([[1.0, 0.0], [torch.nan, 1.0]]), task).tolist()
        [[0.0, 1.0, 0.0], [nan, nan, 1.0]]
    """
    columns = targets[:, None] if targets.ndim == 1 else targets
    if not any(answer.is_label for answer in task.answers):
        return columns.float()
    shares = []
    for place, answer in enumerate(task.answers):
        own = columns[..., place]
        if not answer.is_label:
            shares.append(own.float()[..., None])
            continue
        unknown = (
            own.isnan() if own.is_floating_point() else torch.zeros_like(own, dtype=torch.bool)
        )
        one_hot = F.one_hot(own.masked_fill(unknown, 0).long(), len(answer.labels)).float()
        shares.append(one_hot.masked_fill(unknown[..., None], torch.nan))
    return torch.cat(shares, dim=-1)


def loss_of_each(outputs: Tensor, targets: Tensor, task: Task) -> Tensor:
    """Return ``(n,)``: the log loss of every example, or its squared error.

    Examples:
        >>> from emotiw.core.task import Regression
        >>> outputs, targets = torch.tensor([[1.0], [2.0]]), torch.tensor([1.0, 4.0])
        >>> loss_of_each(outputs, targets, Regression(("level",))).tolist()
        [0.0, 4.0]
    """
    shares = as_shares(targets, task)
    if task.is_label:
        return F.cross_entropy(outputs, shares, reduction="none")
    return (outputs - shares).square().mean(1)


def judge(name: str, outputs: Tensor, targets: Tensor, loss: float, task: Task) -> float:
    """Return the metric of that name, or the loss, for all examples of the inner part."""
    if name == "loss":
        return loss
    metric = metric_named(name, task)
    values, guessed = targets.double().numpy(), outputs.double().numpy()
    if isinstance(task, Several):
        return metric.value(values, _decided(guessed, task), 0)
    columns = values.reshape(len(guessed), -1)
    if not task.is_label:
        guessed = _decided(guessed, task)
        pairs = zip(columns.T, guessed.T, strict=True)
        known = [(~np.isnan(truth), truth, guess) for truth, guess in pairs]
        return float(np.mean([metric.value(truth[k], guess[k], 0) for k, truth, guess in known]))
    is_known = ~np.isnan(columns[:, 0])
    codes = columns[is_known, 0].astype(np.intp)
    return metric.value(codes, guessed[is_known].argmax(1), guessed.shape[1])


def _decided(outputs: npt.NDArray[np.float64], task: Task) -> npt.NDArray[np.float64]:
    """Return ``(n, n_answers)``: what outputs say, numbers in the units that they are learnt in."""
    if isinstance(task, Several):
        own = zip(task.answers, task.columns, strict=True)
        return np.hstack([_decided(outputs[:, columns], answer) for answer, columns in own])
    if task.is_label:
        return np.asarray(outputs.argmax(1)[:, None], dtype=np.float64)
    return task.from_logits(outputs) if task.kind == "presence" else outputs


def is_better(name: str, value: float, best: float | None) -> bool:
    """Return whether a value beats the best so far; NaN never does."""
    if best is None:
        return value == value
    higher = name != "loss" and metric_named(name).is_higher_better
    return value > best if higher else value < best
