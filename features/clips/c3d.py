"""C3D, the three-dimensional convolutional network of Tran et al."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

CONVOLUTIONS = {
    "conv1": (3, 64),
    "conv2": (64, 128),
    "conv3a": (128, 256),
    "conv3b": (256, 256),
    "conv4a": (256, 512),
    "conv4b": (512, 512),
    "conv5a": (512, 512),
    "conv5b": (512, 512),
}
FC_WIDTH = 4096


class C3D(nn.Module):
    """C3D: eight convolutions, five poolings, two hidden layers, all kernels 3×3×3.

    =======  ==================  ==================  ================
    layer    kernel, padding     stride              output (c×t×h×w)
    =======  ==================  ==================  ================
    input                                            3×16×112×112
    conv1    3×3×3, 1            1                   64×16×112×112
    pool1    1×2×2               1×2×2               64×16×56×56
    conv2    3×3×3, 1            1                   128×16×56×56
    pool2    2×2×2               2×2×2               128×8×28×28
    conv3a   3×3×3, 1            1                   256×8×28×28
    conv3b   3×3×3, 1            1                   256×8×28×28
    pool3    2×2×2               2×2×2               256×4×14×14
    conv4a   3×3×3, 1            1                   512×4×14×14
    conv4b   3×3×3, 1            1                   512×4×14×14
    pool4    2×2×2               2×2×2               512×2×7×7
    conv5a   3×3×3, 1            1                   512×2×7×7
    conv5b   3×3×3, 1            1                   512×2×7×7
    pool5    2×2×2, 0×1×1        2×2×2               512×1×4×4
    fc6      dropout ½ after                         4096
    fc7      dropout ½ after                         4096
    fc8                                              n_outputs
    =======  ==================  ==================  ================

    A ReLU follows every layer but the last. Two options make small networks of it for little
    data; with neither it is the published one, 79,991,015 parameters for 487 classes.

    Args:
        n_outputs: classes or targets.
        width: share of the published number of channels in every layer.
        size: side of the images, in px; at least 16.
        n_frames: frames per snippet; at least 16.
        dropout: in fc6 and fc7.
        batch_norm: normalise after every convolution, which makes it learn from random weights
            where the published network, which starts from Sports-1M, would not.

    Source:
        Tran et al. 2015, figure 3, and the authors' ``c3d_sport1m`` network definition, from
        which the padding of pool5 comes.

    Examples:
        >>> import torch
        >>> import torch
        >>> small = C3D(7, width=0.0625, size=32)
        >>> small(torch.zeros(2, 3, 16, 32, 32)).shape
        torch.Size([2, 7])
    """

    def __init__(
        self,
        n_outputs: int = 487,
        *,
        width: float = 1.0,
        size: int = 112,
        n_frames: int = 16,
        dropout: float = 0.5,
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        if size < 16 or n_frames < 16:
            raise ValueError(f"C3D needs 16 frames of 16 px, got {n_frames} frames of {size} px")
        for name, (n_in, n_out) in CONVOLUTIONS.items():
            n_in = n_in if name == "conv1" else scaled(n_in, width)
            n_out = scaled(n_out, width)
            setattr(self, name, nn.Conv3d(n_in, n_out, 3, padding=1, bias=not batch_norm))
            setattr(self, f"norm{name[4:]}", nn.BatchNorm3d(n_out) if batch_norm else nn.Identity())
        side = (size // 16 + 2) // 2
        n_flat = scaled(512, width) * (n_frames // 16) * side * side
        self.fc6 = nn.Linear(n_flat, scaled(FC_WIDTH, width))
        self.fc7 = nn.Linear(scaled(FC_WIDTH, width), scaled(FC_WIDTH, width))
        self.fc8 = nn.Linear(scaled(FC_WIDTH, width), n_outputs)
        self.dropout = nn.Dropout(dropout)
        self._initialise()

    def forward(self, snippets: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)`` logits of ``(batch, 3, time, height, width)`` snippets."""
        fc7 = self.activations(snippets)["fc7"]
        logits: Tensor = self.fc8(self.dropout(fc7))
        return logits

    def activations(self, snippets: Tensor) -> Mapping[str, Tensor]:
        """Return ``fc6`` and ``fc7`` after their ReLU, ``(batch, 4096)`` each at full width."""
        x = F.max_pool3d(self._convolve("1", snippets), (1, 2, 2))
        x = F.max_pool3d(self._convolve("2", x), 2)
        x = F.max_pool3d(self._convolve("3b", self._convolve("3a", x)), 2)
        x = F.max_pool3d(self._convolve("4b", self._convolve("4a", x)), 2)
        x = self._convolve("5b", self._convolve("5a", x))
        x = F.max_pool3d(x, 2, padding=(0, 1, 1))  # (batch, 512, 1, 4, 4)
        fc6 = F.relu(self.fc6(x.flatten(1)))  # flattened channel first, whatever the memory format
        fc7 = F.relu(self.fc7(self.dropout(fc6)))
        return {"fc6": fc6, "fc7": fc7}

    def _convolve(self, which: str, x: Tensor) -> Tensor:
        convolved = getattr(self, f"conv{which}")(x)
        return F.relu(getattr(self, f"norm{which}")(convolved), inplace=True)

    def _initialise(self) -> None:
        # eleven layers of ReLU without normalisation would not learn from smaller weights
        for module in self.modules():
            if isinstance(module, nn.Conv3d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.normal_(self.fc8.weight, std=0.01)


def scaled(n_channels: int, width: float) -> int:
    """Return a share of a number of channels, at least 4.

    Examples:
        >>> scaled(512, 1.0), scaled(64, 0.125), scaled(64, 0.01)
        (512, 8, 4)
    """
    return max(4, round(n_channels * width))
