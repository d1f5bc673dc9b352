"""Long sequences answered step by step, window by window."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

WINDOWS_AT_ONCE = 16


class BlendedWindows(nn.Module):
    """Shows a network windows that overlap by half, and blends what it says of each step.

    A step counts the more, the nearer it is to the middle of a window, falling evenly to both ends.
    In learning the network is shown the windows that it is given, as they are.

    Args:
        network: from ``(batch, time, ...)`` and a ``(batch, time)`` mask to
            ``(batch, time, n_outputs)``.
        window: steps, at least 2; shorter sequences are shown whole.
        is_causal: the network doesn't look ahead. Then neither do windows: there is one from every
            half of a window on, however soon the sequence ends after it.

    Examples:
        >>> class Same(nn.Module):
        ...     def forward(self, frames, mask):
        ...         return frames
        >>> blended = BlendedWindows(Same(), 4).eval()
        >>> frames, mask = torch.arange(9.0)[None, :, None], torch.ones(1, 9, dtype=torch.bool)
        >>> torch.allclose(blended(frames, mask), frames)
        True
    """

    def __init__(self, network: nn.Module, window: int, *, is_causal: bool = False) -> None:
        super().__init__()
        self.network = network
        self.window = window
        self.is_causal = is_causal

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Return ``(batch, time, n_outputs)``; beyond the end of a sequence they mean nothing."""
        if self.training:
            outputs: Tensor = self.network(frames, mask)
            return outputs
        lengths = mask.sum(1).tolist()
        spans = [(row, s, e) for row, n in enumerate(lengths) for s, e in self.spans(n)]
        place = torch.arange(self.window, device=frames.device)
        # (window,): 1 at both ends, rising evenly to the middle
        worth = torch.minimum(place, self.window - 1 - place).float() + 1
        total: Tensor | None = None
        weight = frames.new_zeros(frames.shape[:2], dtype=torch.float32)
        for first in range(0, len(spans), WINDOWS_AT_ONCE):
            some = spans[first : first + WINDOWS_AT_ONCE]
            shown = pad_sequence([frames[row, s:e] for row, s, e in some], batch_first=True)
            ends = torch.tensor([e - s for _, s, e in some], device=frames.device)
            there = torch.arange(shown.shape[1], device=frames.device) < ends[:, None]
            said = self.network(shown, there).float()  # (n, <= window, n_outputs)
            if total is None:
                total = said.new_zeros((*frames.shape[:2], said.shape[2]))
            for own, (row, s, e) in zip(said, some, strict=True):
                total[row, s:e] += worth[: e - s, None] * own[: e - s]
                weight[row, s:e] += worth[: e - s]
        assert total is not None
        blended: Tensor = total / weight[..., None].clamp(min=1)
        return blended

    def spans(self, n: int) -> list[tuple[int, int]]:
        """Return where windows begin and end in a sequence of ``n`` steps.

        Examples:
            >>> BlendedWindows(nn.Identity(), 4).spans(7)
            [(0, 4), (2, 6), (4, 7)]
            >>> BlendedWindows(nn.Identity(), 4, is_causal=True).spans(3)
            [(0, 3), (2, 3)]
        """
        half = self.window // 2
        last = n if self.is_causal else max(n - self.window + half, 1)
        return [(start, min(start + self.window, n)) for start in range(0, last, half)]


class Unmasked(nn.Module):
    """A network that never looks ahead, and so needs no mask of what is behind a sequence."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Return ``(batch, time, n_outputs)`` of ``(batch, time, ...)``."""
        outputs: Tensor = self.network(frames)
        return outputs
