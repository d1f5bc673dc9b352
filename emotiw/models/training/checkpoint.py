"""The state of a training run as one safetensors file: tensors, and JSON in its header."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from emotiw.core.errors import WeightsError
from emotiw.core.files import atomic_write

METADATA = "emotiw"
CHECK = "sha256"  # of tensors and notes, among the notes
Tensors = dict[str, Tensor]


def save_tensors(path: Path, tensors: Tensors, notes: dict[str, Any]) -> None:
    """Write tensors and notes whole or not at all; same input, same bytes."""
    from safetensors.torch import save

    plain = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    plain_notes = json.loads(json.dumps(notes))
    text = json.dumps(plain_notes | {CHECK: _check(plain, plain_notes)}, sort_keys=True)
    atomic_write(path, save(plain, {METADATA: text}))


def load_tensors(path: Path) -> tuple[Tensors, dict[str, Any]]:
    """Return what :func:`save_tensors` wrote.

    Raises:
        WeightsError: if the file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            notes = json.loads((file.metadata() or {}).get(METADATA, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if notes.pop(CHECK, None) not in (None, _check(tensors, notes)):
            raise ValueError("it isn't as it was written")
        return tensors, notes
    except (OSError, SafetensorError, ValueError) as error:
        raise WeightsError(f"{path}: checkpoint missing or damaged ({error})") from error


def _check(tensors: Tensors, notes: dict[str, Any]) -> str:
    hasher = hashlib.sha256(json.dumps(notes, sort_keys=True).encode())
    for name in sorted(tensors):
        hasher.update(f"{name} {tensors[name].dtype} {tuple(tensors[name].shape)}".encode())
        hasher.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return hasher.hexdigest()


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> Tensors:
    """Return the optimizer's state as tensors named ``<parameter index>.<entry>``."""
    found = {}
    for index, entries in optimizer.state_dict()["state"].items():
        for name, value in entries.items():
            if value is not None:
                found[f"{index}.{name}"] = torch.as_tensor(value)
    return found


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Put back what :func:`optimizer_tensors` returned; the options stay the optimizer's own."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, _, entry = name.partition(".")
        state.setdefault(int(index), {})[entry] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def with_prefix(prefix: str, tensors: Tensors) -> Tensors:
    """Return the tensors under ``prefix.name``."""
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


def without_prefix(prefix: str, tensors: Tensors) -> Tensors:
    """Return those tensors whose name begins with ``prefix.``, under the rest of the name."""
    skip = len(prefix) + 1
    return {name[skip:]: t for name, t in tensors.items() if name.startswith(f"{prefix}.")}
