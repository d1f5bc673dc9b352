"""The training loop: it learns, it is exact about chance, and it goes on where it was killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from emotiw.core.errors import ConfigError, WeightsError
from emotiw.core.task import Classification, Regression, Task
from emotiw.evaluation.metrics import metric_named
from emotiw.models.training.checkpoint import load_tensors
from emotiw.models.training.loop import CHECKPOINT, predict, train
from emotiw.models.training.objectives import balanced_weights, ccc_loss
from emotiw.models.training.training_options import TrainingOptions
from emotiw.models.training.training_state import EpochRecord, MovingAverage

LABELS = Classification(("near", "far"))
TARGET = Regression(("side",))
CCC = metric_named("ccc")


class Points:
    """Two classes in a plane, one of them rarer; noise is the augmentation."""

    def __init__(self, n: int = 90, *, seed: int = 0, task: Task = LABELS) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.x = torch.randn(n, 2, generator=generator)
        side = self.x.sum(1)
        self.targets = (side > 0.5).long() if task.is_label else side

    def batch(self, rows: Tensor, generator: torch.Generator | None) -> tuple[Tensor, ...]:
        x = self.x[rows]
        if generator is not None:
            x = x + 0.05 * torch.randn(x.shape, generator=generator)
        return (x,)


def small_network(n_outputs: int = 2) -> nn.Module:
    torch.manual_seed(5)
    return nn.Sequential(
        nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, n_outputs)
    )


FULL = TrainingOptions(
    epochs=6,
    batch_size=16,
    learning_rate=0.02,
    mixup=0.2,
    label_smoothing=0.1,
    class_weights="balanced",
    ema_decay=0.9,
    monitor="uar",
)


class Killed(Exception):
    pass


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("restore_best", [True, False])
def test_a_killed_run_resumes_to_the_same_weights(
    tmp_path: Path, optimizer: str, restore_best: bool
) -> None:
    options = FULL.model_copy(update={"optimizer": optimizer, "restore_best": restore_best})
    whole, stopped, resumed = small_network(), small_network(), small_network()
    expected = train(whole, Points(), options, task=LABELS, inner=Points(30, seed=1))

    def kill(record: EpochRecord) -> None:
        if record.epoch == 3:
            raise Killed

    arguments = {"task": LABELS, "inner": Points(30, seed=1)}
    with pytest.raises(Killed):
        train(stopped, Points(), options, folder=tmp_path, on_epoch=kill, **arguments)  # type: ignore[arg-type]
    epochs: list[int] = []
    report = train(
        resumed,
        Points(),
        options,
        folder=tmp_path,
        on_epoch=lambda record: epochs.append(record.epoch),
        **arguments,  # type: ignore[arg-type]
    )
    assert epochs == [4, 5, 6]
    assert report.best_epoch == expected.best_epoch
    assert [r.loss for r in report.records] == [r.loss for r in expected.records]
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_shares_are_learnt_instead_of_targets(tmp_path: Path) -> None:
    soft = Points(400)
    soft.shares = torch.tensor([0.3, 0.7]).repeat(400, 1)  # type: ignore[attr-defined]
    options = TrainingOptions(epochs=4, learning_rate=0.02)
    network = small_network()
    train(network, soft, options, task=LABELS, folder=tmp_path)
    said = predict(network, soft, options).softmax(1)
    assert (said[:, 1] - 0.7).abs().mean() < 0.05  # of both classes, wherever they are
    soft.shares = soft.shares.flip(1)  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="another training"):
        train(small_network(), soft, options, task=LABELS, folder=tmp_path)


def test_same_seed_same_weights_and_another_seed_others() -> None:
    networks = [small_network() for _ in range(3)]
    for network, seed in zip(networks, (0, 0, 1), strict=True):
        train(network, Points(), FULL, task=LABELS, seed=seed)
    first, same, other = (torch.cat([p.flatten() for p in n.parameters()]) for n in networks)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_the_global_random_state_is_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    network = small_network()
    torch.manual_seed(3)
    train(network, Points(), FULL, task=LABELS)
    assert torch.equal(torch.rand(2), expected)


def test_learns_classes_with_every_option_on() -> None:
    network = small_network()
    options = FULL.model_copy(update={"epochs": 25})
    train(network, Points(300), options, task=LABELS)
    test = Points(200, seed=2)
    right = predict(network, test, options).argmax(1) == test.targets
    assert right.float().mean() > 0.9


@pytest.mark.parametrize("loss", ["mse", "ccc"])
def test_learns_targets(loss: str) -> None:
    network = small_network(1)
    options = TrainingOptions(
        epochs=40, batch_size=32, learning_rate=0.02, loss=loss, monitor="ccc"
    )  # type: ignore[arg-type]
    training, inner = Points(300, task=TARGET), Points(60, seed=1, task=TARGET)
    report = train(network, training, options, task=TARGET, inner=inner)
    test = Points(200, seed=2, task=TARGET)
    outputs = predict(network, test, options)[:, 0]
    assert CCC(test.targets.tolist(), outputs.tolist()) > 0.9
    assert report.best_monitored is not None
    assert report.best_monitored > 0.9


def test_bfloat16_keeps_weights_in_float32() -> None:
    network = small_network()
    options = FULL.model_copy(update={"precision": "bfloat16", "epochs": 2})
    train(network, Points(), options, task=LABELS)
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    assert predict(network, Points(), options).dtype == torch.float32


def test_patience_stops_and_the_best_epoch_is_kept() -> None:
    class Noise(Points):
        def __init__(self) -> None:
            super().__init__(40, seed=9)
            self.targets = 1 - self.targets

    network = small_network()
    options = TrainingOptions(epochs=50, learning_rate=0.02, patience=3, monitor="loss")
    inner = Noise()
    report = train(network, Points(), options, task=LABELS, inner=inner)
    assert len(report.records) == report.best_epoch + 3 < 50
    best = report.records[report.best_epoch - 1].inner_loss
    outputs = predict(network, inner, options)
    now = torch.nn.functional.cross_entropy(outputs, inner.targets).item()
    assert best == pytest.approx(now, abs=1e-6)


def test_a_resumed_run_that_had_stopped_early_does_nothing(tmp_path: Path) -> None:
    options = TrainingOptions(epochs=50, learning_rate=0.05, patience=2)
    inner = Points(40, seed=9)
    inner.targets = 1 - inner.targets
    for expected_calls in (True, False):
        calls: list[EpochRecord] = []
        network = small_network()
        train(
            network,
            Points(),
            options,
            task=LABELS,
            inner=inner,
            folder=tmp_path,
            on_epoch=calls.append,
        )
        assert bool(calls) is expected_calls


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    options = FULL.model_copy(update={"epochs": 1})
    train(small_network(), Points(), options, task=LABELS, folder=tmp_path)
    with pytest.raises(ConfigError, match="another training"):
        train(
            small_network(),
            Points(),
            options,
            task=LABELS,
            seed=1,
            folder=tmp_path,
        )


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    options = FULL.model_copy(update={"epochs": 1})
    train(small_network(), Points(), options, task=LABELS, folder=tmp_path)
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError, match=CHECKPOINT):
        train(small_network(), Points(), options, task=LABELS, folder=tmp_path)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_flipped_bit_of_a_checkpoint_is_not_trained_on(tmp_path: Path, share: float) -> None:
    options = FULL.model_copy(update={"epochs": 1})
    train(small_network(), Points(), options, task=LABELS, folder=tmp_path)
    path = tmp_path / CHECKPOINT
    data = bytearray(path.read_bytes())
    data[int(share * len(data))] ^= 0x40
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=CHECKPOINT):
        train(small_network(), Points(), options, task=LABELS, folder=tmp_path)


def test_scalars_are_written_where_a_folder_is_given(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    options = FULL.model_copy(update={"epochs": 1})
    train(small_network(), Points(), options, task=LABELS, scalars=tmp_path)
    assert list(tmp_path.glob("events*"))


def test_the_moving_average_is_what_a_head_can_check() -> None:
    network = nn.BatchNorm1d(1)
    average = MovingAverage(network, 0.75)
    with torch.no_grad():
        network.weight.fill_(5.0)
        network.num_batches_tracked.fill_(7)
    average.update(network)  # the first step's decay is 2 / 11: 1 * 2 / 11 + 5 * 9 / 11
    assert average.weights["weight"].item() == pytest.approx(47 / 11)
    assert average.weights["num_batches_tracked"].item() == 7
    average.steps = 99
    average.update(network)  # by now it is 0.75
    assert average.weights["weight"].item() == pytest.approx(0.75 * 47 / 11 + 0.25 * 5)


def test_a_loss_that_does_not_fit_is_refused() -> None:
    options = TrainingOptions(loss="ccc")
    with pytest.raises(ConfigError, match="doesn't fit classification"):
        train(small_network(), Points(), options, task=LABELS)


def test_ccc_loss_agrees_with_the_metric() -> None:
    rng = np.random.default_rng(0)
    truth, guess = rng.normal(size=50), rng.normal(size=50) * 2 + 1
    loss = ccc_loss(torch.tensor(guess)[:, None], torch.tensor(truth)[:, None])
    assert 1 - loss.item() == pytest.approx(CCC(truth.tolist(), guess.tolist()), abs=1e-6)


def test_balanced_weights_give_each_class_the_same_say() -> None:
    answers = torch.tensor([0] * 6 + [1] * 3 + [2])
    weights = balanced_weights(answers, 3)
    assert torch.allclose(weights * torch.bincount(answers), torch.full((3,), 10 / 3))


WORKER = """
import sys
from pathlib import Path

from emotiw.models.training.checkpoint import save_tensors
from emotiw.models.training.loop import is_main_process, part_ways
from tests.models.test_training import train_plainly

network = train_plainly(lambda record: print(record.epoch, flush=True))
if is_main_process():
    save_tensors(Path(sys.argv[1]), network.state_dict(), {})
part_ways()
assert is_main_process(), "a process that shuts down while Gloo's threads work may abort"
print("alone", flush=True)
"""


def train_plainly(on_epoch: Callable[[EpochRecord], object]) -> nn.Module:
    """Nothing here depends on the rest of a batch, as batch norm would."""
    torch.manual_seed(5)
    network = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    options = TrainingOptions(epochs=3, batch_size=30, learning_rate=0.02, optimizer="sgd")
    inner = Points(30, seed=1)
    train(network, Points(), options, task=LABELS, inner=inner, on_epoch=on_epoch)
    return network


def test_two_processes_share_each_batch_and_come_to_the_weights_of_one(tmp_path: Path) -> None:
    script, out = tmp_path / "worker.py", tmp_path / "two.safetensors"
    script.write_text(WORKER, encoding="utf-8")
    root = Path(__file__).parents[2]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*torchrun, "--nproc_per_node", "2", str(script), str(out)],
        env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    epochs: list[str] = []
    one = train_plainly(lambda record: epochs.append(str(record.epoch))).state_dict()
    assert epochs == ["1", "2", "3"]  # alone, each of the two would say them
    assert done.stdout.split() == [*epochs, "alone"]
    for name, values in load_tensors(out)[0].items():
        torch.testing.assert_close(one[name], values, rtol=1e-4, atol=1e-5)
