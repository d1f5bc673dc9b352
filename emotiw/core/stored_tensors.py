"""The tensors of a network in a file, and in less space there: as float16, or as scaled int8."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from emotiw.core.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor

Storage = Literal["float32", "float16", "int8"]
SCALE = ".scale"


def load_state(path: Path) -> dict[str, Any]:
    """Return the tensors of a safetensors file or a plain PyTorch state dict, on the CPU.

    Those stored as int8 with scales come back as float32.
    A file that holds more than tensors (a pickled network) is never run.

    Raises:
        WeightsError: if it is damaged, or holds anything but named tensors.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return restored(load_file(path))
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, RuntimeError, EOFError) as error:
        raise WeightsError(f"{path}: damaged, or no weights ({error})") from error
    except Exception as error:  # torch raises pickle's own errors for anything but tensors
        reason = re.split(r"[.\n]", str(error), maxsplit=1)[0]
        raise WeightsError(f"{path}: not a plain state dict ({reason})") from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(isinstance(t, torch.Tensor) for t in state.values()):
        raise WeightsError(f"{path}: not a plain state dict of named tensors")
    return state


def load_arrays(path: Path) -> dict[str, Any]:
    """Return the tensors of a safetensors file as NumPy arrays.

    Those stored as int8 with scales come back as float32, others as they are. Whoever asks a
    network that needs no torch to compute need not import it for its weights.

    Raises:
        WeightsError: if it is damaged, or of another kind.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return restored(load_file(path))
    except (OSError, SafetensorError, KeyError) as error:
        raise WeightsError(f"{path}: damaged, or no arrays ({error})") from error


def require_order(path: Path, labels: Sequence[str]) -> None:
    """Refuse labels in another order than the one that a file of weights was written with.

    Files from elsewhere say nothing of it, and labels of other names may be the same ones.

    Raises:
        WeightsError: naming both orders.
    """
    if path.suffix != ".safetensors":
        return
    from safetensors import safe_open

    with safe_open(path, "numpy") as file:
        told = json.loads((file.metadata() or {}).get("emotiw", "{}")).get("labels", [])
    if sorted(told) == sorted(labels) and list(told) != list(labels):
        raise WeightsError(
            f"{path}: its network scores {', '.join(told)}, in this order; the card says "
            f"{', '.join(labels)}"
        )


def stored(state: Mapping[str, Tensor], storage: Storage) -> dict[str, Tensor]:
    """Return a state dict for a file; vectors, which are few, stay as they are.

    In int8 each row of a matrix (each output channel of a kernel) has a float16 scale, its largest
    value over 127, in a tensor of its own beside it; no value is off by more than half of that,
    unless all of the row are below 0.01.

    Examples:
        >>> import torch
        >>> weights = {"w": torch.tensor([[0.5, -1.0, 0.25], [0.0, 0.0, 0.0]]), "b": torch.ones(2)}
        >>> small = stored(weights, "int8")
        >>> small["w"].tolist(), sorted(small)
        ([[64, -127, 32], [0, 0, 0]], ['b', 'w', 'w.scale'])
        >>> [round(x, 3) for x in restored(small)["w"][0].tolist()]
        [0.504, -1.0, 0.252]
    """
    if storage == "float32":
        return dict(state)
    if storage == "float16":
        return {name: t.half() if t.ndim > 1 else t for name, t in state.items()}
    kept: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if tensor.ndim < 2:
            kept[name] = tensor
            continue
        scale = (tensor.flatten(1).abs().amax(1) / 127).half()
        rows = scale.float().clamp(min=1e-7).view(-1, *[1] * (tensor.ndim - 1))
        kept[name] = (tensor / rows).round().clamp(-127, 127).char()
        kept[name + SCALE] = scale
    return kept


def restored(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what :func:`stored` was given, as nearly as the file knows it; others as they are.

    Args:
        state: tensors, or arrays.
    """
    whole = {}
    for name, tensor in state.items():
        if name.endswith(SCALE) and _is_int8(state.get(name.removesuffix(SCALE))):
            continue
        scale = state.get(name + SCALE)
        if scale is not None and _is_int8(tensor):
            rows = _float32(scale).reshape(-1, *[1] * (tensor.ndim - 1))
            tensor = _float32(tensor) * rows
        whole[name] = tensor
    return whole


def _is_int8(values: Any) -> bool:
    return values is not None and str(values.dtype).removeprefix("torch.") == "int8"


def _float32(values: Any) -> Any:
    return values.astype("float32") if isinstance(values, np.ndarray) else values.float()
