"""A clip network that sees pictures, and the mean of its scores over the snippets of a clip."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from emotiw.core.score_table import Task
from features.pixels import PixelRule

SNIPPETS_AT_ONCE = 8


class PixelInput(nn.Module):
    """Turns 8-bit RGB snippets into what a clip network expects, and asks it.

    Pictures keep their colours last in memory, which is the layout that convolutions are fastest
    in (``channels_last_3d``).
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: nn.Module, rule: PixelRule) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last_3d)
        self.is_bgr = rule.order == "bgr"
        self.register_buffer("mean", torch.tensor(rule.mean), persistent=False)
        self.register_buffer("deviation", torch.tensor(rule.deviation), persistent=False)

    def forward(self, snippets: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)`` of ``(batch, time, height, width, 3)`` RGB, 0 to 255."""
        pictures = snippets.flip(-1) if self.is_bgr else snippets
        pictures = (pictures.float() - self.mean) / self.deviation
        outputs: Tensor = self.network(pictures.permute(0, 4, 1, 2, 3))  # (batch, 3, t, h, w)
        return outputs


class MeanOverSnippets(nn.Module):
    """Scores of a clip: the mean of the probabilities, or of the targets, of its snippets."""

    def __init__(self, network: nn.Module, task: Task) -> None:
        super().__init__()
        self.network = network
        self.task = task

    def forward(self, snippets: Tensor, mask: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)`` log probabilities or targets.

        Args:
            snippets: ``(batch, n_snippets, time, ...)``.
            mask: ``(batch, n_snippets)``; True for snippets that are there, at least one per clip.
        """
        present = snippets[mask]  # (total, time, ...)
        # few at a time, so that a long clip needs no more memory than a short one
        at_once = len(present) if self.training else SNIPPETS_AT_ONCE
        parts = torch.split(present, at_once)
        outputs = torch.cat([self.network(part) for part in parts]).float()  # (total, n_outputs)
        counts = mask.sum(1, keepdim=True)  # (batch, 1)
        if self.task == "classification":
            spread = outputs.new_full((*mask.shape, outputs.shape[1]), -math.inf)
            spread = spread.masked_scatter(mask[..., None], outputs.log_softmax(1))
            return spread.logsumexp(1) - counts.log()
        spread = outputs.new_zeros((*mask.shape, outputs.shape[1]))
        return spread.masked_scatter(mask[..., None], outputs).sum(1) / counts
