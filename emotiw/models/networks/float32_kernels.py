"""A way round a fault of bfloat16 convolutions on the CPU."""

from __future__ import annotations

from types import MethodType

import torch
from torch import Tensor, nn


def keep_gradients_finite(network: nn.Module) -> None:
    """Have every convolution over two frames computed in float32 on the CPU.

    oneDNN's bfloat16 gradient of a kernel over an input of two frames reads memory that nobody
    wrote (seen in torch 2.14: infinities now and then). Clip networks only get that short in
    their last, small layers.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv3d) and module.kernel_size[0] > 1:
            module.forward = MethodType(_forward, module)  # type: ignore[method-assign]


def _forward(self: nn.Conv3d, x: Tensor) -> Tensor:
    if x.device.type != "cpu" or x.shape[2] != 2 or not torch.is_autocast_enabled("cpu"):
        return nn.Conv3d.forward(self, x)
    with torch.autocast("cpu", enabled=False):
        return nn.Conv3d.forward(self, x.float())
