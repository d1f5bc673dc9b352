"""The one training loop: every network of the project learns here, and it stays readable."""

from __future__ import annotations

import hashlib
import math
import os
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import perf_counter, sleep
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from emotiw.core.device import CPU, arithmetic
from emotiw.core.errors import ConfigError
from emotiw.core.task import Task
from emotiw.models.training.consistency import Consistency
from emotiw.models.training.example_source import ExampleSource, SequenceSource
from emotiw.models.training.objectives import as_shares, aside_loss, judge, make_loss
from emotiw.models.training.training_options import TrainingOptions
from emotiw.models.training.training_state import (
    BestEpoch,
    EpochRecord,
    MovingAverage,
    Scalars,
    TrainingReport,
    restore_state,
    save_state,
    training_identity,
)

if TYPE_CHECKING:
    from accelerate import Accelerator

CHECKPOINT = "checkpoint.safetensors"


def train(
    network: nn.Module,
    training: ExampleSource,
    options: TrainingOptions,
    *,
    task: Task,
    inner: ExampleSource | None = None,
    unlabelled: ExampleSource | None = None,
    seed: int = 0,
    folder: Path | None = None,
    scalars: Path | None = None,
    on_epoch: Callable[[EpochRecord], None] | None = None,
    start_counts: bool = False,
) -> TrainingReport:
    """Train a network in place, on the device that it is on, and return how it went.

    The network is called as ``network(*inputs)`` and returns ``(batch, n_outputs)`` logits or
    targets. All chance hangs on ``seed`` and the epoch, so a run that was killed goes on from its
    checkpoint to the same weights as one that never stopped. Under ``torchrun`` or ``accelerate
    launch`` every process takes its share of each batch, on a GPU of its own if it is on one.

    Args:
        inner: the part of the training examples that early stopping and ``restore_best`` go by; it
            must share no group with ``training``.
        unlabelled: clips that are viewed twice for consistency, where the options ask for it.
        folder: where the checkpoint is kept and looked for; None keeps none.
        scalars: where TensorBoard scalars go; None writes none.
        on_epoch: called after each epoch, for progress.
        start_counts: whether the network as it begins is a candidate for the best, epoch 0.

    Raises:
        ConfigError: if there are no examples, the options don't fit the task, or the folder holds
            the checkpoint of another training.
    """
    n_examples = _n_examples(training)
    if not n_examples:
        raise ConfigError("no examples to train on")
    accelerator = _accelerator(network)
    log_variances = getattr(network, "log_variances", None)
    loss_of = make_loss(options, task, training.targets, log_variances)
    optimizer = make_optimizer(network, options)
    model, optimizer = accelerator.prepare(network, optimizer)
    device = _device_of(network)
    average = MovingAverage(network, options.ema_decay)
    best = BestEpoch(options.monitor)
    report = TrainingReport()
    identity = training_identity(network, _learnt(training), options, seed)
    checkpoint = folder / CHECKPOINT if folder is not None else None
    if checkpoint is not None and checkpoint.is_file():
        report = restore_state(checkpoint, identity, network, optimizer, average, best)
    elif start_counts and inner is not None:
        outputs = predict(network, inner, options)
        begun = float(loss_of(outputs, as_shares(inner.targets, task)))
        best.offer(0, judge(options.monitor, outputs, inner.targets, begun, task), network)
    consistency = Consistency(training, unlabelled, task) if options.consistency else None
    n_batches = math.ceil(n_examples / options.batch_size)
    with torch.random.fork_rng(), closing(Scalars(scalars)) as board:
        for epoch in range(len(report.records), options.epochs):
            if inner and options.patience and epoch - best.epoch >= options.patience:
                break
            start, rate = perf_counter(), 0.0
            losses: list[Tensor] = []  # numbers only at the end: asking a GPU for one stalls it
            generator = _seeded(seed, epoch)
            order = torch.randperm(n_examples, generator=generator)
            model.train()
            for index, rows in enumerate(order.tensor_split(n_batches)):
                inputs, shares = _mixed_batch(training, rows, options, task, generator)
                share = slice(accelerator.process_index, None, accelerator.num_processes)
                rate = learning_rate(options, epoch + index / n_batches)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                with arithmetic(options.precision, device):
                    outputs = model(*(x[share].to(device) for x in inputs))
                shares = shares[share].to(device)
                loss = loss_of(outputs.float(), shares) + aside_loss(network, loss_of, shares)
                if consistency is not None:
                    with arithmetic(options.precision, device):
                        distance = consistency.loss(model, rows[share], generator, device)
                    loss = loss + options.consistency * distance
                optimizer.zero_grad()
                accelerator.backward(loss)
                if options.gradient_clip is not None:
                    accelerator.clip_grad_norm_(model.parameters(), options.gradient_clip)
                optimizer.step()
                average.update(network)
                losses.append(loss.detach() * len(rows))
            inner_loss, monitored = None, None
            if inner is not None:
                with average.in_place(network):
                    outputs = _predict_together(network, inner, options, accelerator)
                    inner_loss = float(loss_of(outputs, as_shares(inner.targets, task)))
                    monitored = judge(options.monitor, outputs, inner.targets, inner_loss, task)
                    best.offer(epoch + 1, monitored, network)
            else:
                best.epoch = epoch + 1
            mean_loss = sum(torch.stack(losses).tolist()) / len(order)
            seconds = perf_counter() - start
            record = EpochRecord(epoch + 1, rate, mean_loss, inner_loss, monitored, seconds)
            report.records.append(record)
            report.best_epoch, report.best_monitored = best.epoch, best.monitored
            board.write(record)
            if accelerator.is_main_process:
                if checkpoint is not None:
                    save_state(checkpoint, identity, network, optimizer, average, best, report)
                if on_epoch is not None:
                    on_epoch(record)
    average.adopt(network)
    if options.restore_best and best.weights:
        network.load_state_dict(best.weights)
    elif inner is not None:
        report.best_epoch, report.best_monitored = len(report.records), report.records[-1].monitored
    network.eval()
    return report


def predict(
    network: nn.Module, source: ExampleSource, options: TrainingOptions, rows: Tensor | None = None
) -> Tensor:
    """Return the network's outputs, ``(n, n_outputs)`` float32 on the CPU, in order.

    Of sequences these are the outputs of all their steps. The network is left in evaluation mode.

    Args:
        rows: which examples; None for all of them.
    """
    wanted = torch.arange(_n_examples(source)) if rows is None else rows
    return torch.cat(_outputs(network, source, options, wanted))


def _outputs(
    network: nn.Module, source: ExampleSource, options: TrainingOptions, rows: Tensor
) -> list[Tensor]:
    """Return ``(n_steps, n_outputs)`` of every example, one row of those that have no steps."""
    network.eval()
    device = _device_of(network)
    found: list[Tensor] = []
    with torch.inference_mode(), arithmetic(options.precision, device):
        for some in torch.split(rows, options.batch_size):
            inputs = source.batch(some, None)
            outputs = network(*(x.to(device) for x in inputs)).float().cpu()
            if outputs.ndim == 2:
                found.extend(outputs.split(1))
            else:
                found += [own[mask] for own, mask in zip(outputs, inputs[1], strict=True)]
    return found


def _n_examples(source: ExampleSource) -> int:
    return source.n_examples if isinstance(source, SequenceSource) else len(source.targets)


def make_optimizer(network: nn.Module, options: TrainingOptions) -> torch.optim.Optimizer:
    """Return the optimizer of the options; biases and norms are never decayed."""
    learnt = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in learnt if p.ndim > 1], "weight_decay": options.weight_decay},
        {"params": [p for p in learnt if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if options.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=options.learning_rate, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(groups, lr=options.learning_rate)


def learning_rate(options: TrainingOptions, epoch: float) -> float:
    """Return the learning rate at a point of the run, counted in epochs.

    Examples:
        >>> options = TrainingOptions(epochs=11, learning_rate=1.0, warm_up_epochs=1)
        >>> [round(learning_rate(options, x), 3) for x in (0.0, 0.5, 1.0, 6.0, 11.0)]
        [0.01, 0.505, 1.0, 0.505, 0.01]
    """
    floor = 0.01
    if epoch < options.warm_up_epochs:
        share = floor + (1 - floor) * epoch / options.warm_up_epochs
    elif options.schedule == "constant":
        share = 1.0
    else:
        left = max(options.epochs - options.warm_up_epochs, 1e-9)
        done = min((epoch - options.warm_up_epochs) / left, 1.0)
        share = floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2
    return options.learning_rate * share


def is_main_process() -> bool:
    """Return whether this process is the one of ``torchrun``'s, or of one, that speaks."""
    return os.environ.get("RANK", "0") == "0"


def part_ways() -> None:
    """End what the processes share, and all of them but the first, which alone comes back.

    Gloo's threads, which DDP keeps alive, may still hold tensors of the last exchange. A thread
    that lets go of one while the interpreter shuts down aborts its process (pytorch #179291), and
    torchrun then ends the first one in the middle of its work. So the others leave without shutting
    down, and the first gives its threads the time that they need.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
        if not is_main_process():
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
        sleep(1.0)


def _accelerator(network: nn.Module) -> Accelerator:
    from accelerate import Accelerator

    # without a GPU, torchrun's processes would each train alone unless it is told; a process that
    # is alone leaves its network where it is
    are_many = int(os.environ.get("WORLD_SIZE", "1")) > 1
    return Accelerator(cpu=are_many and _device_of(network) == CPU, device_placement=are_many)


def _device_of(network: nn.Module) -> str:
    return str(next(network.parameters()).device)


def _predict_together(
    network: nn.Module, source: ExampleSource, options: TrainingOptions, accelerator: Accelerator
) -> Tensor:
    """Return :func:`predict` for all examples, computed in shares where there are processes."""
    if accelerator.num_processes == 1:
        return predict(network, source, options)
    from accelerate.utils import broadcast, gather_object

    for value in network.state_dict().values():
        broadcast(value)  # running statistics are each process's own until now
    rows = torch.arange(_n_examples(source))
    mine = rows[accelerator.process_index :: accelerator.num_processes]
    parts = gather_object([_outputs(network, source, options, mine)])
    order = torch.cat([rows[i :: accelerator.num_processes] for i in range(len(parts))])
    outputs = [output for part in parts for output in part]
    return torch.cat([outputs[place] for place in order.argsort().tolist()])


def _learnt(source: ExampleSource) -> Tensor:
    soft = getattr(source, "shares", None)
    return source.targets if soft is None else soft


def _mixed_batch(
    source: ExampleSource,
    rows: Tensor,
    options: TrainingOptions,
    task: Task,
    generator: torch.Generator,
) -> tuple[tuple[Tensor, ...], Tensor]:
    if isinstance(source, SequenceSource):
        inputs, targets = source.drawn(rows, generator)
        shares = as_shares(targets, task)
    else:
        inputs, soft = source.batch(rows, generator), getattr(source, "shares", None)
        shares = as_shares(source.targets[rows], task) if soft is None else soft[rows]
    if not options.mixup:
        return inputs, shares
    from scipy.stats import beta

    chance = torch.rand(1, generator=generator, dtype=torch.float64).item()
    kept = float(beta.ppf(chance, options.mixup, options.mixup))
    other = torch.randperm(len(rows), generator=generator)
    # of masks and lengths, both partners' together
    mixed = tuple(
        kept * x + (1 - kept) * x[other] if x.is_floating_point() else torch.maximum(x, x[other])
        for x in inputs
    )
    return mixed, kept * shares + (1 - kept) * shares[other]


def _seeded(seed: int, epoch: int) -> torch.Generator:
    # dropout draws from the global generator, so that one is set too
    mixed = int.from_bytes(hashlib.sha256(f"{seed} {epoch}".encode()).digest()[:7], "little")
    torch.manual_seed(mixed)
    return torch.Generator().manual_seed(mixed)
