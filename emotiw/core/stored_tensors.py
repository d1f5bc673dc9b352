"""The tensors of a network in less space: as float16, or as int8 with a scale for each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Storage = Literal["float32", "float16", "int8"]
SCALE = ".scale"


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


def restored(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what :func:`stored` was given, as nearly as the file knows it; others as they are."""
    whole = {}
    for name, tensor in state.items():
        if name.endswith(SCALE) and _is_int8(state.get(name.removesuffix(SCALE))):
            continue
        scale = state.get(name + SCALE)
        if scale is not None and _is_int8(tensor):
            tensor = tensor.float() * scale.float().view(-1, *[1] * (tensor.ndim - 1))
        whole[name] = tensor
    return whole


def _is_int8(tensor: Tensor | None) -> bool:
    return tensor is not None and str(tensor.dtype) == "torch.int8"
