"""Weights take less space in a file and come back as near as is promised."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from emotiw.core.errors import WeightsError
from emotiw.core.stored_tensors import Storage, load_arrays, load_state, restored, stored
from emotiw.models.training.checkpoint import save_tensors

STATE = {
    "kernel": torch.randn(6, 3, 5, 5, generator=torch.Generator().manual_seed(0)),
    "matrix": torch.tensor([[0.0, 0.0], [2e-9, -1e-9], [1e3, -0.5]]),
    "bias": torch.tensor([1e-7, 3.3]),
    "steps": torch.tensor(7),
}


@pytest.mark.parametrize(
    ("storage", "share"), [("float32", 0), ("float16", 2**-11), ("int8", 1 / 253)]
)
def test_no_value_is_off_by_more_than_its_row_allows(
    tmp_path: Path, storage: Storage, share: float
) -> None:
    save_tensors(tmp_path / "w.safetensors", stored(STATE, storage), {})
    kept = load_state(tmp_path / "w.safetensors")
    assert kept.keys() == STATE.keys()
    for name, tensor in STATE.items():
        rows = tensor.flatten(1) if tensor.ndim > 1 else tensor.reshape(1, -1)
        off = (kept[name].float() - tensor).abs().reshape(rows.shape)
        allowed = share * rows.abs().amax(1, keepdim=True) if tensor.ndim > 1 else 0
        assert (off <= allowed + (1e-8 if tensor.ndim > 1 and share else 0)).all(), name


def test_int8_takes_a_quarter(tmp_path: Path) -> None:
    large = {"w": torch.randn(256, 1024)}
    for storage in ("float32", "int8"):
        save_tensors(tmp_path / storage, stored(large, storage), {})  # type: ignore[arg-type]
    sizes = [(tmp_path / storage).stat().st_size for storage in ("float32", "int8")]
    assert sizes[1] / sizes[0] < 0.255


def test_what_only_looks_stored_is_left_alone() -> None:
    state = {
        "w": torch.ones(2, 2),
        "w.scale": torch.ones(2),
        "i": torch.ones(2, 2, dtype=torch.int8),
    }
    assert all(torch.equal(restored(state)[name], tensor) for name, tensor in state.items())


def test_arrays_are_the_same_numbers_without_torch(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_tensors(path, stored(STATE, "float16"), {})
    arrays, tensors = load_arrays(path), load_state(path)
    assert arrays.keys() == tensors.keys()
    assert all((arrays[name] == tensors[name].numpy()).all() for name in tensors)
    path.write_bytes(b"no tensors")
    with pytest.raises(WeightsError, match="damaged"):
        load_arrays(path)
