"""What a training step minimises, and the metrics by which an epoch is judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from emotiw.core.errors import ConfigError
from emotiw.evaluation.metrics import metric_named
from emotiw.models.training.training_options import TrainingOptions

if TYPE_CHECKING:
    from emotiw.core.task import Task

LOSSES = {"classification": ("cross_entropy",), "regression": ("mse", "ccc")}
Loss = Callable[[Tensor, Tensor], Tensor]


def make_loss(options: TrainingOptions, task: Task, targets: Tensor) -> Loss:
    """Return a function of (outputs, targets), both ``(batch, n_outputs)`` float32.

    In classification the targets are the shares of the classes: one-hot, or mixed.

    Args:
        targets: all training targets, from which class weights are counted.

    Raises:
        ConfigError: if the loss doesn't fit the task.
    """
    known = LOSSES[task.kind]
    name = options.loss or known[0]
    if name not in known:
        raise ConfigError(f"loss {name!r} doesn't fit {task.kind}; it takes {' or '.join(known)}")
    if name == "mse":
        return F.mse_loss
    if name == "ccc":
        return ccc_loss
    weight = (
        balanced_weights(targets, len(task.labels)) if options.class_weights == "balanced" else None
    )

    def cross_entropy(outputs: Tensor, shares: Tensor) -> Tensor:
        return F.cross_entropy(
            outputs,
            shares,
            weight=None if weight is None else weight.to(outputs.device),
            label_smoothing=options.label_smoothing,
        )

    return cross_entropy


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
    """Return targets as float32 ``(batch, n_outputs)``: one-hot classes, or targets as columns."""
    if task.is_label:
        return F.one_hot(targets.long(), len(task.labels)).float()
    return targets.float().reshape(len(targets), len(task.labels))


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


def judge(name: str, outputs: Tensor, targets: Tensor, loss: float) -> float:
    """Return the metric of that name, or the loss, for all examples of the inner part."""
    if name == "loss":
        return loss
    metric, n_outputs = metric_named(name), outputs.shape[1]
    if metric.task == "classification":
        return metric.value(targets.numpy(), outputs.argmax(1).numpy(), n_outputs)
    columns = targets.double().reshape(len(outputs), -1).numpy()
    guessed = outputs.double().numpy()
    return float(
        np.mean([metric.value(*pair, 0) for pair in zip(columns.T, guessed.T, strict=True)])
    )


def is_better(name: str, value: float, best: float | None) -> bool:
    """Return whether a value beats the best so far; NaN never does."""
    if best is None:
        return value == value
    higher = name != "loss" and metric_named(name).is_higher_better
    return value > best if higher else value < best
