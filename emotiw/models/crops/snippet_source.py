"""Clips cut into snippets of equal length, for networks that read nothing longer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from emotiw.models.model import Examples
from features.clips.snippets import snippet_rows, snippet_starts, steady_rows

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Rows = npt.NDArray[Any]
CACHE_BYTES = 2**30


class SnippetSource:
    """Clips as ``(batch, n_snippets, length, *shape)`` with a mask of the snippets that are there.

    Rows that are not present are left out before a clip is cut, and a clip shorter than a snippet
    is filled with its last row.

    Args:
        examples: clips of rows of any shape.
        length: rows per snippet.
        stride: rows from one snippet to the next.
        samples: whether each clip is shown by one snippet, from anywhere in it and drawn anew
            each time; otherwise by all of its snippets.
        prepare: what is done to the rows of a clip when they are first read.
        augment: what is done to each drawn snippet.
    """

    def __init__(
        self,
        examples: Examples,
        *,
        length: int,
        stride: int,
        samples: bool,
        prepare: Callable[[Rows], Rows] | None = None,
        augment: Callable[[Tensor, torch.Generator], Tensor] | None = None,
    ) -> None:

        self._examples = examples
        self._length = length
        self._stride = stride
        self._samples = samples
        self._prepare = prepare
        self._augment = augment
        self._kept: dict[int, Rows] = {}
        self._kept_bytes = 0
        self.targets = examples.target_tensor()

    def batch(self, rows: Tensor, generator: torch.Generator | None) -> tuple[Tensor, ...]:
        """Return the snippets of these clips and the mask of those that are there."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        if self._samples and generator is not None:
            clips = [self._drawn(row, generator) for row in rows.tolist()]
        else:
            clips = [self._all(row) for row in rows.tolist()]
        counts = torch.tensor([len(clip) for clip in clips])
        snippets = pad_sequence(clips, batch_first=True)  # (batch, n_snippets, length, *shape)
        return snippets, torch.arange(snippets.shape[1]) < counts[:, None]

    def _all(self, row: int) -> Tensor:
        import torch

        values = self._rows(row)
        starts = snippet_starts(len(values), length=self._length, stride=self._stride)
        which = np.stack([snippet_rows(len(values), s, length=self._length) for s in starts])
        return torch.from_numpy(values[which])

    def _drawn(self, row: int, generator: torch.Generator) -> Tensor:
        import torch

        values = self._rows(row)
        n_starts = max(len(values) - self._length, 0) + 1
        start = int(torch.randint(n_starts, (), generator=generator))
        snippet = torch.from_numpy(values[snippet_rows(len(values), start, length=self._length)])
        if self._augment is not None:
            snippet = self._augment(snippet, generator)
        return snippet[None]  # (1, length, *shape)

    def _rows(self, row: int) -> Rows:
        if row in self._kept:
            return self._kept[row]
        array = self._examples.table[self._examples.clip_ids[row]]
        seen = steady_rows(array.times, len(array.present))
        values: Rows = array.values[seen[array.present[seen]]]
        if self._prepare is not None:
            values = self._prepare(values)
        if self._kept_bytes + values.nbytes <= CACHE_BYTES:
            self._kept[row] = values
            self._kept_bytes += values.nbytes
        return values
