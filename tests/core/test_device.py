"""One choice of a device: what it means on a machine, and who is told."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emotiw.core import device as device_module
from emotiw.core.device import OnDevice, placed, require_device, resolve_device, worker_count
from emotiw.core.errors import ConfigError


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    resolve_device.cache_clear()
    yield
    resolve_device.cache_clear()


def have(monkeypatch: pytest.MonkeyPatch, *gpus: str) -> None:
    monkeypatch.setattr(device_module, "_gpus", lambda: list(gpus))


@pytest.mark.parametrize(
    ("gpus", "asked", "expected"),
    [
        ((), "auto", "cpu"),
        ((), "cpu", "cpu"),
        (("A",), "auto", "cuda:0"),
        (("A",), "cpu", "cpu"),
        (("A", "B"), "cuda", "cuda:0"),
        (("A", "B"), "cuda:1", "cuda:1"),
    ],
)
def test_a_choice_means_one_device(
    monkeypatch: pytest.MonkeyPatch, gpus: tuple[str, ...], asked: str, expected: str
) -> None:
    have(monkeypatch, *gpus)
    assert resolve_device(asked) == expected


def test_a_device_that_is_not_there_is_refused_by_what_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    have(monkeypatch, "Small", "Large")
    told = r"execution.device: no cuda:9 on this machine \(there is: cuda:0 \(Small\), cuda:1 "
    with pytest.raises(ConfigError, match=told):
        require_device("cuda:9")
    have(monkeypatch)
    with pytest.raises(ConfigError, match=r"no cuda on this machine \(there is: cpu\)"):
        require_device("cuda")


def test_nothing_is_looked_up_that_is_always_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(device_module, "_gpus")
    require_device("auto")
    require_device("cpu")
    assert worker_count(0) == len(os.sched_getaffinity(0))


def test_every_process_of_torchrun_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, "A", "B")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert resolve_device("auto") == "cuda:1"
    assert resolve_device("cpu") == "cpu"


def test_four_processes_share_a_gpu_unless_a_number_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device_module, "usable_cores", lambda: 16)
    have(monkeypatch, "A")
    assert worker_count(0, "auto") == 4
    assert worker_count(0, "cpu") == 16
    assert worker_count(9, "auto") == 9
    resolve_device.cache_clear()
    have(monkeypatch)
    assert worker_count(0, "auto") == 16


class Network:
    def __init__(self) -> None:
        self.where: list[str] = []

    def to(self, device: str) -> None:
        self.where.append(device)


def test_a_part_is_told_and_moves_the_network_it_has() -> None:
    part, network = OnDevice(), Network()
    assert placed(part, "cpu") is part
    part._network = network
    part.to("cuda:1")
    assert (part.device, network.where) == ("cuda:1", ["cuda:1"])


def test_a_part_that_knows_nothing_of_devices_is_left_alone() -> None:
    part = object()
    assert placed(part, "cuda:99") is part


def test_without_a_driver_nothing_is_imported_to_look_for_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_module.sys, "platform", "linux")
    assert not device_module.has_driver(tmp_path)
    (tmp_path / "nvidiactl").touch()
    assert device_module.has_driver(tmp_path)
    monkeypatch.setattr(device_module.sys, "platform", "darwin")
    assert device_module.has_driver(tmp_path / "none")
    monkeypatch.setattr(device_module, "has_driver", lambda: False)
    monkeypatch.setitem(sys.modules, "torch", None)  # whoever imports it fails
    assert device_module._gpus() == []
