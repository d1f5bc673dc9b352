"""What a training run remembers between its steps, and between being killed and resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from emotiw.core.errors import ConfigError
from emotiw.models.training.checkpoint import (
    Tensors,
    load_tensors,
    optimizer_tensors,
    restore_optimizer,
    save_tensors,
    with_prefix,
    without_prefix,
)
from emotiw.models.training.objectives import is_better
from emotiw.models.training.training_options import TrainingOptions


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch came to.

    Attributes:
        epoch: counted from 1.
        learning_rate: at the end of the epoch.
        loss: mean over the training examples, as augmented and mixed.
        inner_loss: on the validation part; None without one.
        monitored: the monitored metric on the validation part; None without one.
        seconds: spent on it, judging included.
    """

    epoch: int
    learning_rate: float
    loss: float
    inner_loss: float | None
    monitored: float | None
    seconds: float


@dataclass
class TrainingReport:
    """How a training run went.

    Attributes:
        records: one per epoch, those before a resume included.
        best_epoch: the epoch whose weights were kept, from 1.
        best_monitored: the monitored metric there; None without a validation part.
    """

    records: list[EpochRecord] = field(default_factory=list)
    best_epoch: int = 0
    best_monitored: float | None = None


class MovingAverage:
    """An exponential moving average of a network's weights and running statistics.

    The decay rises to its value over the first steps, so that the random start is soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float | None) -> None:
        self.decay = decay
        self.steps = 0
        self.weights = _copy(network) if decay is not None else {}

    def update(self, network: nn.Module) -> None:
        """Take in the weights after one more step."""
        if self.decay is None:
            return
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        own = network.state_dict()
        floats = [name for name, value in own.items() if value.is_floating_point()]
        with torch.no_grad():
            # all at once: on a GPU, a call for each of them costs more time than the work
            torch._foreach_lerp_(
                [self.weights[name] for name in floats], [own[name] for name in floats], 1 - decay
            )
            for name in own.keys() - floats:
                self.weights[name].copy_(own[name])

    @contextmanager
    def in_place(self, network: nn.Module) -> Iterator[None]:
        """Lend the averaged weights to the network for a while."""
        own = _copy(network)
        self.adopt(network)
        try:
            yield
        finally:
            network.load_state_dict(own)

    def adopt(self, network: nn.Module) -> None:
        """Give the averaged weights to the network for good; without an average, do nothing."""
        if self.weights:
            network.load_state_dict(self.weights)


class BestEpoch:
    """The weights of the best epoch so far, by the monitored metric."""

    def __init__(self, monitor: str) -> None:
        self.monitor = monitor
        self.epoch = 0
        self.monitored: float | None = None
        self.weights: Tensors = {}

    def offer(self, epoch: int, monitored: float, network: nn.Module) -> None:
        """Remember this epoch if it beats those before."""
        if is_better(self.monitor, monitored, self.monitored):
            self.epoch, self.monitored, self.weights = epoch, monitored, _copy(network)


def training_identity(
    network: nn.Module, targets: Tensor, options: TrainingOptions, seed: int
) -> str:
    """Return a hash of what a run starts from, so that no checkpoint of another is resumed."""
    digest = hashlib.sha256(f"{options.model_dump_json()} {seed}".encode())
    for name, value in network.state_dict().items():
        digest.update(f"{name} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    digest.update(targets.contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def save_state(
    path: Path,
    identity: str,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: MovingAverage,
    best: BestEpoch,
    report: TrainingReport,
) -> None:
    """Write everything that :func:`restore_state` needs, after a whole epoch."""
    tensors = {
        **with_prefix("network", network.state_dict()),
        **with_prefix("optimizer", optimizer_tensors(optimizer)),
        **with_prefix("average", average.weights),
        **with_prefix("best", best.weights),
    }
    notes = {
        "identity": identity,
        "records": [asdict(record) for record in report.records],
        "best_epoch": best.epoch,
        "best_monitored": best.monitored,
        "average_steps": average.steps,
    }
    save_tensors(path, tensors, notes)


def restore_state(
    path: Path,
    identity: str,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: MovingAverage,
    best: BestEpoch,
) -> TrainingReport:
    """Put a run back to where its checkpoint was written.

    Raises:
        WeightsError: if the checkpoint is damaged.
        ConfigError: if it belongs to a run with other options, seed, targets or first weights.
    """
    tensors, notes = load_tensors(path)
    if notes.get("identity") != identity:
        raise ConfigError(
            f"{path}: the checkpoint of another training (other options, seed, examples or "
            "starting weights); remove it, or choose another folder"
        )
    network.load_state_dict(without_prefix("network", tensors))
    restore_optimizer(optimizer, without_prefix("optimizer", tensors))
    average.steps = notes["average_steps"]
    device = next(network.parameters()).device
    average.weights = {n: t.to(device) for n, t in without_prefix("average", tensors).items()}
    best.epoch, best.monitored = notes["best_epoch"], notes["best_monitored"]
    best.weights = without_prefix("best", tensors)
    records = [EpochRecord(**record) for record in notes["records"]]
    return TrainingReport(records, best.epoch, best.monitored)


class Scalars:
    """TensorBoard scalars of a run, where a folder is given; nothing otherwise."""

    def __init__(self, folder: Path | None) -> None:
        self._writer: Any = None
        if folder is not None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError as error:
                raise ConfigError(f"scalars need the package tensorboard ({error})") from error
            self._writer = SummaryWriter(str(folder))

    def write(self, record: EpochRecord) -> None:
        """Add one epoch."""
        if self._writer is None:
            return
        for name, value in asdict(record).items():
            if name != "epoch" and value is not None:
                self._writer.add_scalar(name, value, record.epoch)

    def close(self) -> None:
        """Flush what was written."""
        if self._writer is not None:
            self._writer.close()


def _copy(network: nn.Module) -> Tensors:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
