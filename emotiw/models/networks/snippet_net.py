"""A clip network that sees images, and the mean of its scores over the snippets of a clip."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emotiw.core.several import Several
from emotiw.core.task import Task
from emotiw.models.networks.float32_kernels import keep_gradients_finite
from features.frames.pixel_rule import PixelRule

SNIPPETS_AT_ONCE = 8


class PixelInput(nn.Module):
    """Turns 8-bit RGB snippets into what a clip network expects, and asks it.

    Images keep their colours last in memory, which is the layout that convolutions are fastest
    in (``channels_last_3d``).
    """

    order: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, network: nn.Module, rule: PixelRule) -> None:
        super().__init__()
        keep_gradients_finite(network)
        self.network = network
        for module in network.modules():
            if isinstance(module, nn.Conv3d):
                module.to(memory_format=torch.channels_last_3d)
        self.register_buffer("order", torch.arange(3))
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("deviation", torch.ones(3))
        self.follow(rule)

    def follow(self, rule: PixelRule) -> None:
        """Show pixels by this rule from now on; it is saved with the weights."""
        self.order.copy_(torch.tensor([2, 1, 0] if rule.order == "bgr" else [0, 1, 2]))
        self.mean.copy_(torch.tensor(rule.mean))
        self.deviation.copy_(torch.tensor(rule.deviation))

    def forward(self, snippets: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)`` of ``(batch, time, height, width, 3)`` RGB, 0 to 255."""
        pictures = (snippets[..., self.order].float() - self.mean) / self.deviation
        outputs: Tensor = self.network(pictures.permute(0, 4, 1, 2, 3))  # (batch, 3, t, h, w)
        return outputs


class MapInput(nn.Module):
    """Shows snippets of maps to a clip network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, snippets: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)`` of ``(batch, time, channels, height, width)``."""
        outputs: Tensor = self.network(snippets.transpose(1, 2))
        return outputs


class EveryFrame(nn.Module):
    """A sequence network that is shown windows without padding."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, windows: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)`` of ``(batch, time, dim)``."""
        everything = torch.ones(windows.shape[:2], dtype=torch.bool, device=windows.device)
        outputs: Tensor = self.network(windows, everything)
        return outputs


class MeanOverSnippets(nn.Module):
    """Scores of a clip: the mean of the probabilities, or of the targets, of its snippets."""

    def __init__(self, network: nn.Module, task: Task) -> None:
        super().__init__()
        self.network = network
        self.task = task

    def forward(self, snippets: Tensor, mask: Tensor) -> Tensor:
        """Return ``(batch, n_outputs)`` log probabilities or targets, of presences the log odds.

        Args:
            snippets: ``(batch, n_snippets, time, ...)``.
            mask: ``(batch, n_snippets)``; True for snippets that are there, at least one per clip.
        """
        present = snippets[mask]  # (total, time, ...)
        # few at a time, so that a long clip needs no more memory than a short one
        at_once = len(present) if self.training else SNIPPETS_AT_ONCE
        parts = torch.split(present, at_once)
        outputs = torch.cat([self.network(part) for part in parts]).float()  # (total, n_outputs)
        n_there = mask.sum(1, keepdim=True)  # (batch, 1)
        if not isinstance(self.task, Several):
            return _mean(outputs, mask, n_there, self.task)
        own = zip(self.task.answers, self.task.columns, strict=True)
        means = [_mean(outputs[:, columns], mask, n_there, answer) for answer, columns in own]
        return torch.cat(means, 1)


def _mean(outputs: Tensor, mask: Tensor, n_there: Tensor, answer: Task) -> Tensor:
    """Return ``(batch, n)`` for the ``(total, n)`` outputs of all snippets, of one answer."""
    if answer.is_label:
        return _log_mean(outputs.log_softmax(1), mask, n_there)
    if answer.kind == "presence":
        there, absent = (_log_mean(F.logsigmoid(x), mask, n_there) for x in (outputs, -outputs))
        return there - absent
    spread = outputs.new_zeros((*mask.shape, outputs.shape[1]))
    return spread.masked_scatter(mask[..., None], outputs).sum(1) / n_there


def _log_mean(logarithms: Tensor, mask: Tensor, n_there: Tensor) -> Tensor:
    """Return the logarithm of the mean probability over a clip's snippets."""
    spread = logarithms.new_full((*mask.shape, logarithms.shape[1]), -math.inf)
    return spread.masked_scatter(mask[..., None], logarithms).logsumexp(1) - n_there.log()
