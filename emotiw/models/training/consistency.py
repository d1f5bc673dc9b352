"""What a network says of a clip should not hang on how the clip was cut, or on a little noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from emotiw.core.several import Several
from emotiw.core.task import Task

if TYPE_CHECKING:
    from emotiw.models.training.example_source import ExampleSource

SHORTEST = 0.5  # of a sequence, that a crop keeps
DROPPED = 0.1  # share of the columns that a view does not show
NOISE = 0.1  # in standard deviations of a column


class Consistency:
    """The distance between what a network says of two views of the same clips.

    A view is a batch as training has it, whatever is drawn there, then a stretch of each sequence,
    with some columns hidden and a little noise on the others. Half of the clips are those that are
    being learnt from, half are unlabelled ones, where there are any.

    Source:
        Laine and Aila 2017, the Π-model: mean squared difference of probabilities. Differs: views
        of features, not of pictures.
    """

    def __init__(
        self, training: ExampleSource, unlabelled: ExampleSource | None, task: Task
    ) -> None:
        self._training, self._unlabelled, self._task = training, unlabelled, task

    def loss(
        self,
        network: Callable[..., Tensor],
        rows: Tensor,
        generator: torch.Generator,
        device: str,
    ) -> Tensor:
        """Return the distance over training examples, and as many unlabelled ones.

        Args:
            network: gives ``(batch, n_outputs)``.
            rows: of the training examples.
            generator: the source of all chance.
            device: where the network is.
        """
        asked = [(self._training, rows)]
        if self._unlabelled is not None:
            n_clips = len(self._unlabelled.targets)
            drawn = torch.randint(n_clips, (len(rows),), generator=generator)
            asked.append((self._unlabelled, drawn))
        distances = []
        for source, some in asked:
            one, other = (
                likely(network(*(x.to(device) for x in seen)).float(), self._task)
                for seen in (view(source, some, generator) for _ in range(2))
            )
            distances.append((one - other).square().sum(-1).mean())
        return torch.stack(distances).mean()


def view(source: ExampleSource, rows: Tensor, generator: torch.Generator) -> tuple[Tensor, ...]:
    """Return the inputs of some examples, altered by chance."""
    values, *others = source.batch(rows, generator)
    if others and others[0].dtype == torch.bool and others[0].shape == values.shape[:2]:
        values, others[0] = cropped(values, others[0], generator)
    if values.is_floating_point():
        values = disturbed(values, generator)
    return (values, *others)


def cropped(frames: Tensor, mask: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return ``(batch, time, ...)`` stretches of at least half of each sequence, and their mask.

    Args:
        frames: padded behind.
        mask: ``(batch, time)``: what is no padding.
        generator: the source of all chance.
    """
    lengths = mask.sum(1)
    share = SHORTEST + (1 - SHORTEST) * torch.rand(len(frames), generator=generator)
    kept = (lengths * share).ceil().long().clamp(min=1)
    start = ((lengths - kept + 1) * torch.rand(len(frames), generator=generator)).long()
    steps = torch.arange(frames.shape[1])
    places = (start[:, None] + steps).clamp(max=frames.shape[1] - 1)  # (batch, time)
    moved = frames[torch.arange(len(frames))[:, None], places]
    inside = steps < kept[:, None]
    blank = ~inside.reshape(*inside.shape, *[1] * (frames.ndim - 2))
    return moved.masked_fill(blank, 0), inside


def disturbed(values: Tensor, generator: torch.Generator) -> Tensor:
    """Return values with noise, and some columns as they are on average, another few per clip."""
    flat = values.reshape(-1, values.shape[-1])
    mean, spread = flat.mean(0), flat.std(0, unbiased=False)
    noisy = values + NOISE * spread * torch.randn(values.shape, generator=generator)
    shape = (len(values), *[1] * (values.ndim - 2), values.shape[-1])
    is_hidden = torch.rand(shape, generator=generator) < DROPPED
    return torch.where(is_hidden, mean, noisy)


def likely(outputs: Tensor, task: Task) -> Tensor:
    """Return outputs as probabilities, where they are of labels or of what is there; else as is."""
    if isinstance(task, Several):
        own = zip(task.answers, task.columns, strict=True)
        return torch.cat([likely(outputs[:, columns], answer) for answer, columns in own], dim=1)
    if task.is_label:
        return outputs.softmax(-1)
    return outputs.sigmoid() if task.kind == "presence" else outputs
