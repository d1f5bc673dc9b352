"""Clips whose steps are answered one by one, as the training loop asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from emotiw.models.model import Examples

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Rows = npt.NDArray[Any]


class StepSource:
    """Clips as ``(batch, time, *shape)``, padded behind, with a ``(batch, time)`` mask.

    Steps whose row is not present are left out, and their answers with them. In learning an example
    is a window from anywhere in a clip, drawn anew in every epoch, and a clip has as many as it
    takes to fill it; otherwise an example is a whole clip.

    Args:
        examples: clips with steps.
        window: steps that are shown at once in learning.
        samples: whether windows are drawn.
        prepare: what is done to the rows of a clip when they are read.
        augment: what is done to each drawn window.
    """

    def __init__(
        self,
        examples: Examples,
        *,
        window: int,
        samples: bool,
        prepare: Callable[[Rows], Rows] | None = None,
        augment: Callable[[Tensor, torch.Generator], Tensor] | None = None,
    ) -> None:
        import torch

        self._examples = examples
        self._window = window
        self._prepare = prepare
        self._augment = augment
        self._kept: dict[int, Tensor] = {}
        present = [array.present for array in examples.arrays()]
        self._lengths = [int(mask.sum()) for mask in present]
        ends = np.cumsum(self._lengths)
        self._starts = (ends - self._lengths).tolist()
        n_windows = [-(-length // window) if samples else 1 for length in self._lengths]
        self._clip_of = np.repeat(np.arange(len(examples)), n_windows).tolist()
        self.n_examples = len(self._clip_of)
        targets = examples.targets
        shown = np.zeros((ends[-1], 1)) if targets is None else targets[np.concatenate(present)]
        self.targets = torch.from_numpy(shown)

    def batch(self, rows: Tensor, generator: torch.Generator | None) -> tuple[Tensor, ...]:
        """Return the rows of whole clips, and the mask of those that are there."""
        return _padded([self._rows(self._clip_of[row]) for row in rows.tolist()])

    def drawn(self, rows: Tensor, generator: torch.Generator) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return windows with their mask, and their answers: NaN beyond the end of a clip."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        windows, answers = [], []
        for row in rows.tolist():
            clip = self._clip_of[row]
            length, start = self._lengths[clip], self._starts[clip]
            first = int(torch.randint(max(length - self._window, 0) + 1, (), generator=generator))
            last = min(first + self._window, length)
            window = self._rows(clip)[first:last]
            windows.append(window if self._augment is None else self._augment(window, generator))
            answers.append(self.targets[start + first : start + last])
        return _padded(windows), pad_sequence(answers, batch_first=True, padding_value=torch.nan)

    def _rows(self, clip: int) -> Tensor:
        import torch

        if clip in self._kept:
            return self._kept[clip]
        array = self._examples.table[self._examples.clip_ids[clip]]
        values = array.values[array.present]
        rows = torch.from_numpy(
            np.ascontiguousarray(self._prepare(values) if self._prepare else values)
        )
        if array.values.dtype == np.float32:
            self._kept[clip] = rows
        return rows


def _padded(clips: list[Tensor]) -> tuple[Tensor, Tensor]:
    import torch
    from torch.nn.utils.rnn import pad_sequence

    frames = pad_sequence(clips, batch_first=True)  # (batch, time, *shape)
    lengths = torch.tensor([len(clip) for clip in clips])
    return frames, torch.arange(frames.shape[1]) < lengths[:, None]
