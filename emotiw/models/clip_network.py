"""Networks over snippets of face crops, trained end to end: C3D."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from emotiw.core.errors import ConfigError
from emotiw.models.interface import Examples
from emotiw.models.network_model import NetworkModel
from emotiw.models.network_options import NetworkOptions
from emotiw.models.training_options import TrainingOptions
from features.snippets import LENGTH, STRIDE, snippet_rows, snippet_starts

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from emotiw.models.training import ExampleSource

Pictures = npt.NDArray[np.uint8]
CACHE_BYTES = 2**30


class ClipTraining(TrainingOptions):
    """How a clip network learns, unless a recipe says otherwise."""

    epochs: int = Field(default=30, ge=1)
    batch_size: int = Field(default=8, ge=1)
    precision: Literal["float32", "bfloat16"] = "bfloat16"


class ClipNetworkOptions(NetworkOptions):
    """Options of :class:`ClipNetwork`.

    Attributes:
        width: share of the published number of channels.
        batch_norm: normalise after every convolution, to learn from random weights.
        dropout: in the hidden layers.
        crop_size: side in px to which face crops are shrunk or enlarged.
        length: frames per snippet.
        stride: frames from one snippet to the next when a clip is scored; in training each epoch
            sees one snippet per clip, from anywhere in it.
        mirrors: whether training snippets are mirrored half of the time.
        shift: how far training pictures are moved at most, as a share of their side.
        pixels: order of colours, mean and scale, by name.
    """

    width: float = Field(default=1.0, gt=0, le=2)
    batch_norm: bool = True
    dropout: float = Field(default=0.5, ge=0, lt=1)
    crop_size: int = Field(default=112, ge=16)
    length: int = Field(LENGTH, ge=16)
    stride: int = Field(STRIDE, ge=1)
    mirrors: bool = True
    shift: float = Field(default=0.06, ge=0, lt=0.5)
    pixels: Literal["plain", "sports1m"] = "plain"
    training: ClipTraining = ClipTraining()


class ClipNetwork(NetworkModel):
    """C3D from face crops to scores: the mean over 16-frame snippets, 8 frames apart.

    Frames without a face are left out, so a snippet may span a gap; a track shorter than a
    snippet is filled with its last face.
    """

    Options: ClassVar[type[NetworkOptions]] = ClipNetworkOptions
    version: ClassVar[str] = "1"
    options: ClipNetworkOptions

    def check(self) -> None:
        """Accept pictures, one per frame."""
        shape = self.spec.shape
        if len(shape) != 3 or shape[2] != 3 or self.spec.dtype != "uint8":
            raise ConfigError(
                f"{type(self).__name__} reads uint8 pictures of (height, width, 3); feature "
                f"{self.spec.name!r} has {shape} {self.spec.dtype}"
            )

    @property
    def predict_batch(self) -> int:
        """One clip: its snippets are a batch already, and no other clip can touch its scores."""
        return 1

    def build(self) -> nn.Module:
        """Return the network with its pixel rule and the mean over snippets."""
        from emotiw.models.networks.snippets import MeanOverSnippets, PixelInput
        from features.c3d import C3D
        from features.pixels import PIXEL_RULES

        options = self.options
        network = C3D(
            len(self.goal.labels),
            width=options.width,
            size=options.crop_size,
            n_frames=options.length,
            dropout=options.dropout,
            batch_norm=options.batch_norm,
        )
        return MeanOverSnippets(PixelInput(network, PIXEL_RULES[options.pixels]), self.goal.task)

    def source(self, examples: Examples, *, augments: bool) -> ExampleSource:
        """Return snippets: one from anywhere in each clip, or all of them."""
        return SnippetSource(examples, self.options, samples=augments)


class SnippetSource:
    """Clips as ``(batch, n_snippets, time, size, size, 3)`` uint8 with a mask of the snippets.

    Args:
        samples: whether each clip is shown by one snippet, drawn anew each time and augmented;
            otherwise by all of its snippets as they are.
    """

    def __init__(self, examples: Examples, options: ClipNetworkOptions, *, samples: bool) -> None:
        import torch

        self._examples = examples
        self._options = options
        self._samples = samples
        self._kept: dict[int, Pictures] = {}
        self._kept_bytes = 0
        answers = np.zeros(len(examples)) if examples.answers is None else examples.answers
        self.answers = torch.from_numpy(np.asarray(answers))

    def batch(self, rows: Tensor, generator: torch.Generator | None) -> tuple[Tensor, ...]:
        """Return the snippets of these clips and the mask of those that are there."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        if self._samples and generator is not None:
            clips = [self._drawn(row, generator) for row in rows.tolist()]
        else:
            clips = [self._all(row) for row in rows.tolist()]
        counts = torch.tensor([len(clip) for clip in clips])
        snippets = pad_sequence(clips, batch_first=True)  # (batch, n_snippets, time, h, w, 3)
        return snippets, torch.arange(snippets.shape[1]) < counts[:, None]

    def _all(self, row: int) -> Tensor:
        import torch

        pictures, length = self._pictures(row), self._options.length
        starts = snippet_starts(len(pictures), length=length, stride=self._options.stride)
        frames = np.stack([snippet_rows(len(pictures), s, length=length) for s in starts])
        return torch.from_numpy(pictures[frames])

    def _drawn(self, row: int, generator: torch.Generator) -> Tensor:
        import torch
        import torch.nn.functional as F

        pictures, length, size = self._pictures(row), self._options.length, self._options.crop_size
        n_starts = max(len(pictures) - length, 0) + 1
        chance = torch.rand(4, generator=generator).tolist()
        start = int(chance[0] * n_starts)
        snippet = torch.from_numpy(pictures[snippet_rows(len(pictures), start, length=length)])
        if self._options.mirrors and chance[1] < 0.5:
            snippet = snippet.flip(2)
        margin = round(self._options.shift * size)
        if margin:
            planes = snippet.permute(0, 3, 1, 2).float()  # (time, 3, h, w)
            planes = F.pad(planes, (margin,) * 4, mode="replicate")
            y, x = (int(share * (2 * margin + 1)) for share in chance[2:])
            snippet = planes[..., y : y + size, x : x + size].permute(0, 2, 3, 1).to(torch.uint8)
        return snippet[None]  # (1, time, h, w, 3)

    def _pictures(self, row: int) -> Pictures:
        if row in self._kept:
            return self._kept[row]
        clip_id = self._examples.clip_ids[row]
        array = self._examples.table[clip_id]
        pictures = resized(np.asarray(array.values[array.present]), self._options.crop_size)
        if self._kept_bytes + pictures.nbytes <= CACHE_BYTES:
            self._kept[row] = pictures
            self._kept_bytes += pictures.nbytes
        return pictures


def resized(pictures: Pictures, size: int) -> Pictures:
    """Return ``(n, size, size, 3)`` pictures; averaged where they shrink.

    Examples:
        >>> resized(np.zeros((2, 8, 8, 3), dtype=np.uint8), 4).shape
        (2, 4, 4, 3)
    """
    if pictures.shape[1:3] == (size, size):
        return pictures
    import cv2

    how = cv2.INTER_AREA if size < min(pictures.shape[1:3]) else cv2.INTER_LINEAR
    shrunk = [cv2.resize(picture, (size, size), interpolation=how) for picture in pictures]
    return np.stack(shrunk).astype(np.uint8)
