"""C3D's Sports-1M weights under the names that their many ports gave them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

WRAPPERS = ("module.", "backbone.", "net.", "c3d.")


def published_name(name: str) -> str:
    """Return the name of a parameter as the network here calls it.

    Known are the common PyTorch port (``conv1.weight``), Caffe's own layers (``conv1a``,
    ``fc6-1``) however their blobs were named (``.weight``, ``_w``, ``.0``), and networks wrapped
    in others (``module.``, ``backbone.``, ``.conv.``).

    Examples:
        >>> [published_name(name) for name in ("conv1a_w", "module.fc6-1.bias", "conv5b.1")]
        ['conv1.weight', 'fc6.bias', 'conv5b.bias']
        >>> published_name("backbone.conv2a.conv.weight"), published_name("cls_head.fc_cls.bias")
        ('conv2.weight', 'fc8.bias')
    """
    name = name.replace("cls_head.fc_cls.", "fc8.")
    while name.startswith(WRAPPERS):
        name = name.split(".", 1)[1]
    found = re.fullmatch(
        r"(conv[1-5])([ab]?)(?:\.conv)?[._](weight|bias|w|b|0|1)"
        r"|(fc[678])(?:[-_]1)?[._](weight|bias|w|b|0|1)",
        name,
    )
    if found is None:
        return name
    convolution, letter, blob, dense, dense_blob = found.groups()
    if convolution in {"conv1", "conv2"}:
        letter = ""
    kind = "weight" if (blob or dense_blob) in {"weight", "w", "0"} else "bias"
    return f"{dense or convolution + letter}.{kind}"


def published_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict under the names and in the shapes of the network here.

    Caffe's blobs may carry axes of length 1 in front; they go.
    """
    renamed = {}
    for name, tensor in state.items():
        known = published_name(name)
        axes = 1 if known.endswith("bias") else 2 if known.startswith("fc") else 5
        while tensor.ndim > axes and tensor.shape[0] == 1:
            tensor = tensor[0]
        renamed[known] = tensor
    return renamed
