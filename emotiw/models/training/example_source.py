"""What a network learns from, as the training loop asks for it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor


class ExampleSource(Protocol):
    """Examples that a network learns from, made into batches as they are asked for.

    One whose classes are not all or nothing has ``shares`` as well, ``(n, n_outputs)`` float32,
    which are learnt instead of the targets.

    Attributes:
        targets: ``(n,)`` int64 class indices or ``(n,)`` / ``(n, n_answers)`` float targets, in
            the order of the rows, which must not depend on names of files or clips.
    """

    targets: Tensor

    def batch(self, rows: Tensor, generator: torch.Generator | None) -> tuple[Tensor, ...]:
        """Return the network's inputs for these rows, example first in every tensor.

        Args:
            generator: the source of all chance in augmentation; None asks for none.
        """


@runtime_checkable
class SequenceSource(ExampleSource, Protocol):
    """Examples that have an answer at every step, and are shown by a part of them.

    A network is given ``(batch, time, ...)`` and the ``(batch, time)`` mask of what is no padding,
    and returns ``(batch, time, n_outputs)``. The targets are those of all steps, one after the
    other.

    Attributes:
        n_examples: how many there are.
    """

    n_examples: int

    def drawn(self, rows: Tensor, generator: torch.Generator) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return inputs as ``batch`` does, and their ``(batch, time, n_answers)`` targets."""
